"""How alike the names of two companies are, word by word; rare words count most."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from services.matching.levels import CompanyLevel, NumberConflict
from services.matching.words import has_digit

#: What two words that differ by a slip, or of which one begins the other, share of their worth.
SLIP_SHARE = 0.9
BEGINNING_SHARE = 0.75
INITIAL_SHARE = 0.4
#: A missing rare word is counted no higher, or one odd word would hide all that agrees.
MAX_MISSING_BITS = 7.0

#: Shared bits in twice the shared and the unshared ones; in the shared and the shorter's rest.
NEAR_SIMILARITY = 0.88
SIMILAR_SIMILARITY = 0.6
CONTAINED_SHARE = 0.92
#: "Eagle Roofing" in "Eagle Roofing Supplies" counts only if what is shared is telling.
TELLING_BITS = 6.0
TELLING_SIMILARITY = 0.62

WordBits = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class CompanyLikeness:
    """What two names share, in bits, and what only one of them has."""

    level: CompanyLevel = CompanyLevel.MISSING
    shared_bits: float = 0.0
    unshared_bits: float = 0.0
    conflict: NumberConflict = NumberConflict.NONE


@dataclass(slots=True)
class _Rest:
    """The words not yet found in the other name, and what was found so far."""

    ours: list[str]
    theirs: list[str]
    shared_bits: float = 0.0
    numbers: Collection[str] = field(default_factory=frozenset)


def compare_companies(
    ours: Sequence[str], theirs: Sequence[str], *, towns: Collection[str], bits: WordBits
) -> CompanyLikeness:
    """Return how alike two names are. `towns` are the words of the two customers' towns."""
    our_words, their_words = frozenset(ours), frozenset(theirs)
    if not our_words or not their_words:
        return CompanyLikeness()
    conflict = _number_conflict(our_words, their_words)
    # Sums of floats depend on their order, and that of sets on the hash seed.
    if our_words == their_words or "".join(ours) == "".join(theirs):
        shared = sum(bits(word) for word in sorted(our_words))
        return CompanyLikeness(CompanyLevel.SAME, shared)
    rest = _rest_of(our_words, their_words, towns, bits)
    _pair_slips(rest, bits)
    _pair_joined(rest, ours, theirs, bits)
    return _judge(rest, conflict, bits)


def _number_conflict(ours: Collection[str], theirs: Collection[str]) -> NumberConflict:
    our_numbers, their_numbers = set(filter(has_digit, ours)), set(filter(has_digit, theirs))
    if our_numbers == their_numbers:
        return NumberConflict.NONE
    if our_numbers and their_numbers and not our_numbers & their_numbers:
        return NumberConflict.OTHER_NUMBER
    return NumberConflict.ONE_SIDED


def _rest_of(
    ours: frozenset[str], theirs: frozenset[str], towns: Collection[str], bits: WordBits
) -> _Rest:
    """Take the common words out; a town that only one name has says little and goes too."""
    common = ours & theirs
    our_rest, their_rest = _by_worth(ours - common, bits), _by_worth(theirs - common, bits)
    name_two_towns = any(word in towns for word in our_rest) and any(
        word in towns for word in their_rest
    )
    if common and not name_two_towns:
        our_rest = [word for word in our_rest if word not in towns]
        their_rest = [word for word in their_rest if word not in towns]
    numbers = frozenset(filter(has_digit, (*our_rest, *their_rest)))
    return _Rest(our_rest, their_rest, sum(map(bits, sorted(common))), numbers)


def _by_worth(words: Collection[str], bits: WordBits) -> list[str]:
    return sorted(words, key=lambda word: (-bits(word), word))


def _pair_slips(rest: _Rest, bits: WordBits) -> None:
    """Pair words that differ by a slip or an abbreviation; numbers are never slips."""
    for word in [word for word in rest.ours if word not in rest.numbers]:
        shares = ((_share(word, other), other) for other in rest.theirs)
        fitting = [(share, other) for share, other in shares if share and other not in rest.numbers]
        if fitting:
            share, other = max(fitting, key=lambda found: found[0])
            rest.ours.remove(word)
            rest.theirs.remove(other)
            worth = 1.0 if share == INITIAL_SHARE else min(bits(word), bits(other))
            rest.shared_bits += share * worth


def _share(one: str, other: str) -> float:
    shorter = min(len(one), len(other))
    edits = OSA.distance(one, other, score_cutoff=2)
    if (edits == 1 and shorter >= 4) or (edits == 2 and shorter >= 7):
        return SLIP_SHARE
    if shorter >= 3 and (one.startswith(other) or other.startswith(one)):
        return BEGINNING_SHARE
    return INITIAL_SHARE if shorter == 1 and one[0] == other[0] else 0.0


def _pair_joined(rest: _Rest, ours: Sequence[str], theirs: Sequence[str], bits: WordBits) -> None:
    """Pair what is left if it is the same without blanks: "all bright" and "allbright"."""
    our_rest = "".join(word for word in ours if word in rest.ours)
    if our_rest and our_rest == "".join(word for word in theirs if word in rest.theirs):
        rest.shared_bits += SLIP_SHARE * sum(map(bits, rest.ours))
        rest.ours, rest.theirs = [], []


def _judge(rest: _Rest, conflict: NumberConflict, bits: WordBits) -> CompanyLikeness:
    our_missing = sum(min(bits(word), MAX_MISSING_BITS) for word in rest.ours)
    their_missing = sum(min(bits(word), MAX_MISSING_BITS) for word in rest.theirs)
    missing, shared = our_missing + their_missing, rest.shared_bits
    if not shared:
        return CompanyLikeness(CompanyLevel.DIFFERENT, 0.0, missing, conflict)
    similarity = 2 * shared / (2 * shared + missing)
    share_of_shorter = shared / (shared + min(our_missing, their_missing))
    level = _level(shared, similarity, share_of_shorter, conflict)
    return CompanyLikeness(level, shared, missing, conflict)


def _level(
    shared: float, similarity: float, share_of_shorter: float, conflict: NumberConflict
) -> CompanyLevel:
    if conflict is NumberConflict.OTHER_NUMBER:
        return CompanyLevel.DIFFERENT
    if similarity >= NEAR_SIMILARITY:
        return CompanyLevel.NEAR
    if share_of_shorter >= CONTAINED_SHARE:
        is_telling = shared >= TELLING_BITS or similarity >= TELLING_SIMILARITY
        return CompanyLevel.CONTAINED if is_telling else CompanyLevel.PART
    return CompanyLevel.SIMILAR if similarity >= SIMILAR_SIMILARITY else CompanyLevel.DIFFERENT
