"""How one contender did on two lists, and all of them as one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.pair_quality import Quality

HEADER = (
    "lists",
    "who",
    "F1 (at the best threshold)",
    "precision / recall",
    "without asking: links, wrong, share of true pairs",
    "shown: share of true pairs, each customer",
    "seconds",
    "MB",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """`quality` is missing for what finds no pairs. Seconds are a median, memory the most held."""

    lists: str
    who: str
    quality: Quality | None
    seconds: float
    peak_mb: float


def as_table(standings: Iterable[Standing]) -> str:
    """Return the table in Markdown."""
    lines = [_line(HEADER), "|" + "---|" * len(HEADER)]
    lines += [_line(_cells(standing)) for standing in standings]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(standing: Standing) -> tuple[str, ...]:
    spent = f"{standing.seconds:.2f}", f"{standing.peak_mb:.0f}"
    quality = standing.quality
    if quality is None:
        return (standing.lists, standing.who, "", "", "", "", *spent)
    return (
        standing.lists,
        standing.who,
        f"{quality.f1:.3f} ({quality.best_f1:.3f})",
        f"{quality.precision:.3f} / {quality.recall:.3f}",
        f"{quality.certain_count:,}, {quality.certain_wrong:,}, {quality.certain_share:.1%}",
        f"{quality.shown_share:.1%}, {quality.shown_each:.2f}",
        *spent,
    )
