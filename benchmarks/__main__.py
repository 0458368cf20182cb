"""Run the benchmarks and write one table and one JSON file: `python -m benchmarks`.

`python -m benchmarks NAME …` runs these alone, and keeps what was measured of the others before.
`--table` runs nothing and prints the table of what was measured last; `--document` writes it, and
what it was measured on, into docs/performance.md.
"""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module

from benchmarks.measured import Measured, machine, read_results, write_results
from benchmarks.performance_page import as_page_part, write_page

#: In the order of the table.
BENCHMARKS = (
    "whole_check",
    "pages",
    "stalling",
    "review",
    "importing",
    "report",
    "starting",
    "side_by_side",
)
#: What takes a quarter of an hour more: `make bench-long`.
LONG = ("long_lists", "cluster")
#: What takes minutes more, or gigabytes: `make bench-matching`.
MATCHING = ("matching_large", "one_customer")


def main(arguments: list[str]) -> int:
    """Return 0 when everything ran; whether a goal holds is said in the table."""
    # A server keeps what it has compiled; where that is forbidden, each start would do it again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    measured = read_results()
    if "--document" in arguments:
        write_page(_in_order(measured))
        return 0
    if "--table" not in arguments:
        for name in arguments or BENCHMARKS:
            measured[name] = _measure(name)
            write_results(_in_order(measured))
    print(as_page_part(_in_order(measured)))
    return 0


def _measure(name: str) -> Measured:
    print(f"{name} …", file=sys.stderr, flush=True)
    started_at, load = time.perf_counter(), os.getloadavg()[0]
    results = import_module(f"benchmarks.{name}").run()
    seconds = round(time.perf_counter() - started_at, 1)
    return Measured(results, seconds, (round(load, 2), round(os.getloadavg()[0], 2)), machine())


def _in_order(measured: dict[str, Measured]) -> dict[str, Measured]:
    return {name: measured[name] for name in (*BENCHMARKS, *LONG, *MATCHING) if name in measured}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
