"""How alike two first names or two last names are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from services.matching.columns import NOT_GIVEN, Flags, Ints
from services.matching.given_names import are_forms_of_one_name, is_listed
from services.matching.levels import NameLevel
from services.matching.sounds import sound_of

#: Below this likeness (Jaro–Winkler, or more than two edits) nothing can be called similar.
LOOKED_AT = 0.8
#: A slip is rare where the name slipped from is common: at most a tenth as frequent, or single.
SLIP_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two unequal names and what was counted and measured of them."""

    one: str
    other: str
    similarity: float
    edits: int
    is_rare: bool

    @property
    def shorter(self) -> int:
        """Return the letters of the shorter name."""
        return min(len(self.one), len(self.other))

    @property
    def sounds_alike(self) -> bool:
        """Say whether the two have one sound."""
        return sound_of(self.one) == sound_of(self.other)

    @property
    def has_same_letters(self) -> bool:
        """Say whether only the order of the letters differs."""
        return sorted(self.one) == sorted(self.other)

    @property
    def begins_alike(self) -> bool:
        """Say whether one is the beginning of the other."""
        return self.one.startswith(self.other) or self.other.startswith(self.one)

    @property
    def ends_alike(self) -> bool:
        """Say whether one is the end of the other."""
        return self.one.endswith(self.other) or self.other.endswith(self.one)


def compare_first_names(
    ours: Ints, theirs: Ints, names: Sequence[str], counts: Mapping[str, int]
) -> Ints:
    """Return the NameLevel of each pair of codes of first names."""
    listed = np.fromiter(map(is_listed, names), np.bool_, len(names))
    levels = _compare(ours, theirs, names, counts, judge=judge_first_names, listed=listed)
    levels[(ours == theirs) & _are_initials(names)[ours]] = NameLevel.INITIAL
    return levels


def compare_last_names(
    ours: Ints, theirs: Ints, names: Sequence[str], counts: Mapping[str, int]
) -> Ints:
    """Return the NameLevel of each pair of codes of last names."""
    nobody = np.zeros(len(names), np.bool_)
    return _compare(ours, theirs, names, counts, judge=judge_last_names, listed=nobody)


def judge_first_names(pair: Likeness) -> NameLevel:
    """Return how alike two first names are that are not equal."""
    one, other, shorter = pair.one, pair.other, pair.shorter
    if shorter == 1:
        return NameLevel.INITIAL if one[0] == other[0] else NameLevel.DIFFERENT
    if are_forms_of_one_name(one, other):
        return NameLevel.SHORT_FORM
    if is_listed(one) and is_listed(other):
        return _judge_listed(pair)
    if pair.edits == 1 and shorter >= 3 and is_listed(one) != is_listed(other):
        return NameLevel.TYPO
    if pair.edits == 1 and (shorter >= 4 or pair.is_rare):
        return NameLevel.TYPO if pair.is_rare else NameLevel.SIMILAR
    if shorter >= 4 and pair.begins_alike:
        return NameLevel.SHORT_FORM
    return _judge_unlisted(pair)


def judge_last_names(pair: Likeness) -> NameLevel:
    """Return how alike two last names are that are not equal."""
    shorter, similarity = pair.shorter, pair.similarity
    is_slip = (
        (pair.edits == 1 and (shorter >= 4 or pair.is_rare))
        or (shorter >= 4 and (pair.begins_alike or pair.ends_alike))
        or (pair.edits == 2 and shorter >= 7 and similarity >= 0.88)
        or similarity >= 0.93
        or (similarity >= 0.85 and pair.sounds_alike)
    )
    if is_slip:
        return NameLevel.TYPO
    return NameLevel.SIMILAR if similarity >= 0.86 else NameLevel.DIFFERENT


def _judge_listed(pair: Likeness) -> NameLevel:
    """Judge two names that both exist: Dan and Dean, Maria and Mario are two people."""
    if pair.edits > 1:
        return NameLevel.DIFFERENT
    is_spelling = pair.shorter >= 5 and (pair.sounds_alike or pair.has_same_letters)
    return NameLevel.TYPO if is_spelling else NameLevel.SIMILAR


def _judge_unlisted(pair: Likeness) -> NameLevel:
    if pair.edits == 2 and pair.shorter >= 6 and pair.similarity >= 0.88 and pair.is_rare:
        return NameLevel.TYPO
    if pair.similarity >= 0.92:
        return NameLevel.TYPO if pair.is_rare else NameLevel.SIMILAR
    is_similar = (pair.similarity >= 0.86 and pair.is_rare) or (
        pair.shorter == 3 and pair.begins_alike
    )
    return NameLevel.SIMILAR if is_similar else NameLevel.DIFFERENT


def _compare(
    ours: Ints,
    theirs: Ints,
    names: Sequence[str],
    counts: Mapping[str, int],
    *,
    judge: Callable[[Likeness], NameLevel],
    listed: Flags,
) -> Ints:
    """Judge every pair of different names once, however many customers bear them.

    Two names that are listed may be forms of one, however unlike they look.
    """
    if not len(ours):
        return np.empty(0, np.int64)
    pairs, of_pair = np.unique(ours * len(names) + theirs, return_inverse=True)
    one, other = pairs // len(names), pairs % len(names)
    levels = np.full(len(pairs), NameLevel.DIFFERENT, np.int64)
    levels[one == other] = NameLevel.SAME
    is_missing: Flags = (one == NOT_GIVEN) | (other == NOT_GIVEN)
    levels[is_missing] = NameLevel.MISSING
    unequal = np.nonzero(~is_missing & (one != other))[0]
    one, other = one[unequal], other[unequal]
    is_initial = _are_initials(names)
    is_worth_a_look = is_initial[one] | is_initial[other] | (listed[one] & listed[other])
    left, right = [names[i] for i in one.tolist()], [names[i] for i in other.tolist()]
    for at, likeness in _likenesses(left, right, counts, is_worth_a_look):
        levels[unequal[at]] = judge(likeness)
    return levels[of_pair]


def _are_initials(names: Sequence[str]) -> Flags:
    return np.fromiter((len(name) == 1 for name in names), np.bool_, len(names))


def _likenesses(
    ours: Sequence[str], theirs: Sequence[str], counts: Mapping[str, int], is_worth_a_look: Flags
) -> list[tuple[int, Likeness]]:
    """Return those of the unequal names that may be alike at all, with their places."""
    similarity = process.cpdist(ours, theirs, scorer=JaroWinkler.normalized_similarity)
    edits = process.cpdist(ours, theirs, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
    looked_at = (similarity >= LOOKED_AT) | (edits <= 2) | is_worth_a_look
    return [
        (i, Likeness(one, other, float(similarity[i]), int(edits[i]), _is_slip(one, other, counts)))
        for i in np.nonzero(looked_at)[0].tolist()
        for one, other in [(ours[i], theirs[i])]
    ]


def _is_slip(one: str, other: str, counts: Mapping[str, int]) -> bool:
    fewer, more = sorted((counts.get(one, 0), counts.get(other, 0)))
    return fewer <= max(1, SLIP_SHARE * more)
