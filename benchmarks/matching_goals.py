"""The goals of matching, as lines of the table of all benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from benchmarks.measuring import Result, at_least, at_most, compare
from benchmarks.pair_quality import Quality
from benchmarks.standing import Standing

OURS, CLEANING, SPLINK = "ours", "our cleaning alone", "splink"
LARGE = "100,000"
LARGE_MB = 1200
LARGE_RATIO = 3.0

Goal = Callable[[str, Quality], Result]


def goals_of(standings: Iterable[Standing]) -> list[Result]:
    """Return the goals of all lists that were measured."""
    by_lists: dict[str, dict[str, Standing]] = {}
    for standing in standings:
        by_lists.setdefault(standing.lists, {})[standing.who] = standing
    return [line for name, of_lists in by_lists.items() for line in _goals(name, of_lists)]


def _goals(name: str, standings: dict[str, Standing]) -> list[Result]:
    quality = standings[OURS].quality
    assert quality is not None
    if LARGE in name:
        return [*_large(name, standings), _none_wrong(name, quality)]
    if name.startswith("development"):
        return [
            *_quick(name, standings),
            *_accurate(name, quality, f1=0.975),
            *_seen(name, quality),
        ]
    if name.startswith("other"):
        return _accurate(name, quality, f1=0.97)
    return [at_least("F1", name, quality.f1, 0.95, unit=""), _none_wrong(name, quality)]


def _accurate(name: str, quality: Quality, *, f1: float) -> list[Result]:
    share = at_least("exact: share", name, quality.certain_share, 0.65, unit="of the true pairs")
    return [at_least("F1", name, quality.f1, f1, unit=""), _none_wrong(name, quality), share]


def _none_wrong(name: str, quality: Quality) -> Result:
    return at_most("exact: wrong", name, quality.certain_wrong, 0, unit="links")


def _seen(name: str, quality: Quality) -> list[Result]:
    return [
        at_least("shown: share", name, quality.shown_share, 0.995, unit="of the true pairs"),
        at_most("shown: pairs", name, quality.shown_each, 1.5, unit="each customer"),
    ]


def _quick(name: str, standings: dict[str, Standing]) -> list[Result]:
    peers = [who for who in standings if who == SPLINK or who.startswith("recordlinkage")]
    return [line for who in peers for line in _seconds(name, standings, who, limit_ratio=1.0)]


def _large(name: str, standings: dict[str, Standing]) -> list[Result]:
    memory_mb = round(standings[OURS].peak_mb)
    return [
        *_seconds(name, standings, SPLINK, limit_ratio=LARGE_RATIO),
        at_most("memory", name, memory_mb, LARGE_MB, unit="MB"),
    ]


def _seconds(
    name: str, standings: dict[str, Standing], who: str, *, limit_ratio: float
) -> list[Result]:
    """Compare with and without the cleaning that the other is given; the goal is for both."""
    seconds = {one: standings[one].seconds for one in (OURS, who, CLEANING)}
    cleaned_by_all = seconds | {who: seconds[who] + seconds[CLEANING]}
    return [
        compare(
            "seconds",
            f"{name}, cleaning counted for both",
            cleaned_by_all,
            ours=OURS,
            against=who,
            limit_ratio=limit_ratio,
            unit="s",
        ),
        compare(
            "seconds",
            f"{name}, cleaning counted for ours only",
            seconds,
            ours=OURS,
            against=who,
            limit_ratio=limit_ratio,
            unit="s",
        ),
    ]
