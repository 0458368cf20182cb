"""Run every benchmark and write one table and one JSON file: `python -m benchmarks`.

`python -m benchmarks NAME …` runs these alone, and keeps what was measured of the others before.
`--table` runs nothing and prints the table of what was measured last.
"""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module

from benchmarks.measuring import as_lines
from benchmarks.results_file import Measured, machine, read_results, write_results

#: In the order of the table; those after it take longer and have a target of their own.
BENCHMARKS = (
    "whole_check",
    "long_lists",
    "pages",
    "review",
    "importing",
    "report",
    "one_customer",
    "side_by_side",
)


def main(arguments: list[str]) -> int:
    """Return 0 when everything ran; whether a goal holds is said in the table."""
    measured = read_results()
    if "--table" not in arguments:
        for name in arguments or BENCHMARKS:
            measured[name] = _measure(name)
            write_results(measured)
    print(as_lines(line for one in measured.values() for line in one.results))
    return 0


def _measure(name: str) -> Measured:
    print(f"{name} …", file=sys.stderr, flush=True)
    started_at, load = time.perf_counter(), os.getloadavg()[0]
    results = import_module(f"benchmarks.{name}").run()
    seconds = round(time.perf_counter() - started_at, 1)
    return Measured(results, seconds, (round(load, 2), round(os.getloadavg()[0], 2)), machine())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
