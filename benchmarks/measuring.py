"""Measure several ways of doing one thing side by side, so that only ratios are compared."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. `ratio` is ours divided by `against_value`; times are medians.

    The goal is a ratio of at most `limit_ratio`, or of at least that where `is_floor`; `allowance`
    may be added to what it comes to. A value that has to be nothing has no ratio.
    """

    goal: str
    work: str
    ours: float
    against: str
    against_value: float
    ratio: float | None
    limit_ratio: float | None = None
    unit: str = "ms"
    is_floor: bool = False
    allowance: float = 0.0

    @property
    def limit(self) -> str:
        """Return the goal as it is written in the table."""
        if self.limit_ratio is None:
            return ""
        added = f" + {self.allowance:g} {self.unit}" if self.allowance else ""
        return f"{'≥' if self.is_floor else '≤'} {self.limit_ratio}{added}"

    @property
    def verdict(self) -> str:
        if self.limit_ratio is None:
            return ""
        bound = self.against_value * self.limit_ratio + self.allowance
        is_kept = self.ours >= bound if self.is_floor else self.ours <= bound
        return "holds" if is_kept else "does not hold"

    def without_goal(self) -> Result:
        """Return the line as one that is only told."""
        return replace(self, against="", against_value=0.0, ratio=None, limit_ratio=None)

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


def peak_memory_mb() -> float:
    """Return the most memory this process ever held.

    Linux keeps it for each program that was started; what `getrusage` says is at least what the
    parent held when it started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def compare(
    goal: str,
    work: str,
    measured: Mapping[str, float],
    *,
    ours: str,
    against: str,
    limit_ratio: float | None = None,
    unit: str = "ms",
    is_floor: bool = False,
    allowance: float = 0.0,
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
        unit=unit,
        is_floor=is_floor,
        allowance=allowance,
    )


def at_most(goal: str, work: str, ours: float, limit: float, *, unit: str) -> Result:
    """Make the line for a value that may not be above a limit of its own."""
    return _against_goal(Result(goal, work, ours, "the goal", limit, None, 1.0, unit))


def at_least(goal: str, work: str, ours: float, limit: float, *, unit: str) -> Result:
    """Make the line for a value that has to reach a limit of its own."""
    return _against_goal(Result(goal, work, ours, "the goal", limit, None, 1.0, unit, True))


def _against_goal(line: Result) -> Result:
    """Return the line with what is written in it; the verdict is that of the rounded values."""
    ratio = round(line.ours / line.against_value, 3) if line.against_value else None
    return replace(line, ours=round(line.ours, 4), ratio=ratio)


def as_lines(results: Iterable[Result]) -> str:
    """Return the table in Markdown."""
    lines = ["| goal | work | ours | against | that | ratio | goal is | |", "|" + "---|" * 8]
    for result in results:
        ratio = "" if result.ratio is None else result.ratio
        that = f"{result.against_value} {result.unit}" if result.against else ""
        lines.append(
            f"| {result.goal} | {result.work} | {result.ours} {result.unit} "
            f"| {result.against} | {that} | {ratio} | {result.limit} | {result.verdict} |"
        )
    return "\n".join(lines)
