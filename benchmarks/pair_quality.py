"""How good pairs are, measured by the truth about two lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from benchmarks.contenders.exchange import Found
from services.matching.tiers import Tier

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares are of the true pairs.

    `certain` are the pairs linked without asking: those of the exact tier, or, of a contender
    that has no such tier, all it links. `shown` are the pairs of any tier. `best_f1` is F1 at the
    threshold that the truth itself would choose.
    """

    precision: float
    recall: float
    f1: float
    best_f1: float
    certain_count: int
    certain_wrong: int
    certain_share: float
    shown_share: float
    shown_each: float


def judge(found: Collection[Found], truth: Collection[Pair], *, size: int) -> Quality:
    """Return how good the pairs are; `size` is the number of our customers."""
    true = set(truth)
    linked = _one_to_one(one for one in found if one.tier != Tier.POSSIBLE.value)
    proposed = [_pair(one) for one in linked]
    certain = [_pair(one) for one in linked if one.tier == Tier.EXACT.value] or proposed
    shown = {_pair(one) for one in found}
    precision, recall = _share(proposed, true, len(proposed)), _share(proposed, true, len(true))
    return Quality(
        precision=precision,
        recall=recall,
        f1=_f1(precision, recall),
        best_f1=_best_f1(_one_to_one(found), true),
        certain_count=len(certain),
        certain_wrong=len(set(certain) - true),
        certain_share=_share(certain, true, len(true)),
        shown_share=_share(shown, true, len(true)),
        shown_each=len(shown) / size,
    )


def _pair(found: Found) -> Pair:
    return found.our_id, found.their_id


def _one_to_one(found: Iterable[Found]) -> list[Found]:
    """Return the pairs, best first, without those of which one side is taken by a better one."""
    taken: set[str] = set()
    kept = []
    for one in sorted(found, key=lambda one: (-one.score, one.our_id, one.their_id)):
        if taken.isdisjoint(_pair(one)):
            taken.update(_pair(one))
            kept.append(one)
    return kept


def _best_f1(ranked: list[Found], true: set[Pair]) -> float:
    """Return the best F1 that a threshold gives; equal scores fall on one side of it."""
    right, best = 0, 0.0
    for count, one in enumerate(ranked, start=1):
        right += _pair(one) in true
        is_step = count == len(ranked) or ranked[count].score != one.score
        if is_step:
            best = max(best, _f1(right / count, right / len(true)))
    return best


def _share(pairs: Iterable[Pair], true: set[Pair], of: int) -> float:
    return len(true.intersection(pairs)) / of if of else 0.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
