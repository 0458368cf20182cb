"""`flask jobs worker`: who may start one, and what is said to everybody else."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest
from flask import Flask

from tests.commands.conftest import Run


def test_a_worker_is_refused_where_jobs_run_in_the_web_process(run: Run) -> None:
    result = run("jobs", "worker")

    assert result.exit_code == 1
    assert result.output == (
        "Error: Jobs run inside the web process here. A worker needs "
        "BLUECLERK_JOBS_ENGINE=procrastinate.\n"
    )


def test_a_worker_is_refused_without_the_tables_of_this_release(app: Flask, run: Run) -> None:
    app.extensions["runtime"] = replace(app.extensions["runtime"], has_workers=True)

    result = run("jobs", "worker")

    assert result.exit_code == 1
    assert result.output == (
        "Error: The tables are not those of this release. Run: flask --app app db upgrade\n"
    )


def test_a_worker_is_refused_on_a_machine_whose_clock_is_wrong(
    app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.extensions["runtime"] = replace(app.extensions["runtime"], has_workers=True)
    jobs = import_module("commands.jobs")  # the package has the command under this name
    monkeypatch.setattr(jobs, "_require_tables", lambda: None)
    monkeypatch.setattr(jobs, "find_lead_s", lambda _session, now: -40.0)

    result = run("jobs", "worker")

    assert result.exit_code == 1
    assert result.output.startswith(
        "Error: The clock of this machine is 40 seconds behind the database's, so that"
    )


def test_help_shows_how_to_start_one(run: Run) -> None:
    assert "flask --app app jobs worker" in run("jobs", "worker", "--help").output
