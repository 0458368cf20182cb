"""Our matching beside splink with 100,000 customers a side: minutes, so a target of its own."""

from __future__ import annotations

from benchmarks.measuring import Result
from benchmarks.side_by_side import run_large


def run() -> list[Result]:
    """Measure, and return the goals."""
    return run_large()
