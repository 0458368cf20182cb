"""The whole campaign: `make crash [KILLS=…] [DATABASE=…] [SEED=…]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.campaign import POSTGRESQL, SQLITE, Wish, run

KILLS = {SQLITE: 1_000, POSTGRESQL: 300}
#: One in so many is measured without anything shortened.
MEASURED = 10


def main() -> int:
    """Run the campaigns, print a few lines for each, and return 1 after a failure."""
    wanted = _wanted()
    failures = 0
    for database in [wanted.database] if wanted.database else list(KILLS):
        kills = wanted.kills or KILLS[database]
        wish = Wish(
            database,
            kills,
            wanted.seed,
            measured=kills // MEASURED if wanted.measured is None else wanted.measured,
            lanes=wanted.lanes,
        )
        failures += _campaign(wish)
    return int(failures > 0)


def _campaign(wish: Wish) -> int:
    began_s = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"{wish.database} {time.monotonic() - began_s:5.0f} s: {line}\n")

    with tempfile.TemporaryDirectory(prefix="blueclerk-crash-") as folder:
        tally = run(wish, Path(folder), say=say)
    sys.stdout.write(f"{wish.database}: " + "\n".join(tally.lines()) + "\n")
    sys.stdout.write(f"  seed {wish.seed}, {time.monotonic() - began_s:.0f} s\n")
    sys.stdout.writelines(f"\n{failure}\n" for failure in tally.failures)
    sys.stdout.flush()
    return len(tally.failures)


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--kills", type=int, help="per database")
    parser.add_argument("--database", choices=list(KILLS), help="only this one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measured", type=int, help="how many of the kills are waited for")
    parser.add_argument("--lanes", type=int, default=2, help="rounds at the same time")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
