"""`flask --app app jobs worker` with beats of two seconds; sweeps and leases stay as they are."""

from __future__ import annotations

import flask.cli

from jobs import pace

pace.TICK_S = 2.0

if __name__ == "__main__":
    flask.cli.cli.main(["--app", "app", "jobs", "worker"], "flask")
