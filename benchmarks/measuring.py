"""Measure several ways of doing one thing side by side, so that only ratios are compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. `ratio` is ours divided by `against_value`; times are medians."""

    goal: str
    work: str
    ours: float
    against: str
    against_value: float
    ratio: float
    limit_ratio: float | None = None
    unit: str = "ms"

    @property
    def verdict(self) -> str:
        if self.limit_ratio is None:
            return ""
        return "holds" if self.ratio <= self.limit_ratio else "does not hold"

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"verdict": self.verdict}


def medians_ms(ways: Mapping[str, Callable[[], object]], *, runs: int) -> dict[str, float]:
    """Run the ways in turn, so that noise of the machine meets them alike."""
    for way in ways.values():
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def compare(
    goal: str,
    work: str,
    measured: Mapping[str, float],
    *,
    ours: str,
    against: str,
    limit_ratio: float | None = None,
) -> Result:
    """Make the line for one pair of what was measured together."""
    return Result(
        goal=goal,
        work=work,
        ours=round(measured[ours], 2),
        against=against,
        against_value=round(measured[against], 2),
        ratio=round(measured[ours] / measured[against], 2),
        limit_ratio=limit_ratio,
    )
