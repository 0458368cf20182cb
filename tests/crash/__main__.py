"""The whole campaign: `make crash [KILLS=…] [DATABASE=…] [WHAT=…] [SEED=…]`.

`WHAT=cluster` runs alone: it needs PostgreSQL and nginx, and the machine for itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cluster import campaign as cluster_campaign
from tests.crash import campaign, sending_campaign
from tests.crash.campaign import POSTGRESQL, SQLITE, Wish

KILLS = {SQLITE: 1_000, POSTGRESQL: 300}
#: One import or undo in so many is measured without anything shortened.
MEASURED = 10
IMPORTS, SENDING, CLUSTER = "imports", "sending", "cluster"
CAMPAIGNS = {IMPORTS: campaign.run, SENDING: sending_campaign.run}


def main() -> int:
    """Run the campaigns, print a few lines for each, and return 1 after a failure."""
    wanted = _wanted()
    if wanted.what == CLUSTER:
        return int(_cluster(wanted) > 0)
    failures = 0
    for what in [wanted.what] if wanted.what else list(CAMPAIGNS):
        for database in [wanted.database] if wanted.database else list(KILLS):
            failures += _campaign(what, _wish(wanted, database))
    return int(failures > 0)


def _wish(wanted: argparse.Namespace, database: str) -> Wish:
    kills = wanted.kills or KILLS[database]
    return Wish(
        database,
        kills,
        wanted.seed,
        measured=kills // MEASURED if wanted.measured is None else wanted.measured,
        lanes=wanted.lanes,
    )


def _campaign(what: str, wish: Wish) -> int:
    return _run(f"{what} on {wish.database}", CAMPAIGNS[what], wish)


def _cluster(wanted: argparse.Namespace) -> int:
    wish = cluster_campaign.Wish(seed=wanted.seed, kills=wanted.kills)
    return _run("cluster on postgresql", cluster_campaign.run, wish)


def _run(name: str, campaign: Callable[..., Any], wish: Any) -> int:
    began_s = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"{name} {time.monotonic() - began_s:5.0f} s: {line}\n")

    with tempfile.TemporaryDirectory(prefix="blueclerk-crash-") as folder:
        tally = campaign(wish, Path(folder), say=say)
    sys.stdout.write(f"{name}: " + "\n".join(tally.lines()) + "\n")
    sys.stdout.write(f"  seed {wish.seed}, {time.monotonic() - began_s:.0f} s\n")
    sys.stdout.writelines(f"\n{failure}\n" for failure in tally.failures)
    sys.stdout.flush()
    return len(tally.failures)


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--kills", type=int, help="per campaign and database")
    parser.add_argument("--database", choices=list(KILLS), help="only this one")
    parser.add_argument("--what", choices=[*CAMPAIGNS, CLUSTER], help="only this campaign")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measured", type=int, help="how many kills in imports are waited for")
    parser.add_argument("--lanes", type=int, default=2, help="rounds at the same time")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
