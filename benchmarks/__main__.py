"""Run every benchmark and write one table and one JSON file: `python -m benchmarks`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import (
    importing,
    memory,
    one_customer,
    pages,
    report,
    review,
    side_by_side,
    whole_check,
)
from benchmarks.measuring import as_lines

RESULTS = Path(__file__).parent / "results" / "latest.json"
BENCHMARKS = (
    pages,
    review,
    report,
    importing,
    whole_check,
    memory,
    one_customer,
    side_by_side,
)


def main() -> int:
    """Return 0 when everything ran; whether a goal holds is said in the table."""
    results = [result for benchmark in BENCHMARKS for result in benchmark.run()]
    print(as_lines(results))
    RESULTS.parent.mkdir(exist_ok=True)
    text = json.dumps([result.as_json() for result in results], indent=2)
    RESULTS.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
