"""Run every benchmark and write one table and one JSON file: `python -m benchmarks`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import memory, pages, whole_check
from benchmarks.measuring import Result

RESULTS = Path(__file__).parent / "results" / "latest.json"
BENCHMARKS = (pages, whole_check, memory)


def main() -> int:
    """Return 0 when everything ran; whether a goal holds is said in the table."""
    results = [result for benchmark in BENCHMARKS for result in benchmark.run()]
    print(_table(results))
    RESULTS.parent.mkdir(exist_ok=True)
    text = json.dumps([result.as_json() for result in results], indent=2)
    RESULTS.write_text(text, encoding="utf-8")
    return 0


def _table(results: list[Result]) -> str:
    lines = ["| goal | work | ours | against | that | ratio | goal is | |", "|" + "---|" * 8]
    for result in results:
        limit = "" if result.limit_ratio is None else f"≤ {result.limit_ratio}"
        lines.append(
            f"| {result.goal} | {result.work} | {result.ours} {result.unit} "
            f"| {result.against} | {result.against_value} {result.unit} "
            f"| {result.ratio} | {limit} | {result.verdict} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
