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
    """Compare from raw lists to pairs, and once without the cleaning the others are given."""
    peers = [who for who in standings if who == SPLINK or who.startswith("recordlinkage")]
    cleaning = standings[CLEANING].seconds
    lines = []
    for who in peers:
        lists, seconds = standings[who].lists, standings[who].seconds
        with_cleaning = {OURS: standings[OURS].seconds, who: seconds + cleaning}
        without = {OURS: standings[OURS].seconds, who: seconds}
        lines += [
            compare(
                "seconds",
                f"{lists}, all cleaned in it",
                with_cleaning,
                ours=OURS,
                against=who,
                limit_ratio=1.0,
                unit="s",
            ),
            compare(
                "seconds",
                f"{lists}, only ours cleaned in it",
                without,
                ours=OURS,
                against=who,
                unit="s",
            ),
        ]
    return lines


def _large(name: str, standings: dict[str, Standing]) -> list[Result]:
    ours = standings[OURS]
    seconds = {who: standings[who].seconds for who in (OURS, SPLINK)}
    return [
        compare(
            "seconds", name, seconds, ours=OURS, against=SPLINK, limit_ratio=LARGE_RATIO, unit="s"
        ),
        at_most("memory", name, round(ours.peak_mb), LARGE_MB, unit="MB"),
    ]
