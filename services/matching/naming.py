"""What the names of two customers say: against chance, and against others of the same house.

Two numbers of bits are kept of each pair (docs/matching.md): `chance` is what the names say
against two strangers who look alike, by rarity; `house` what they say against another member of
the same family or office, where a shared last name says next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from services.matching.columns import NOT_GIVEN, Bits, Flags, Ints, Pairs
from services.matching.levels import NameLevel
from services.matching.name_parts import compare_first_names, compare_last_names
from services.matching.turned_names import find_turned

#: Worth against chance, by NameLevel; where True, the rarity of the name is added.
FIRST_CHANCE = (
    (0.0, False),  # missing
    (-4.0, False),  # different
    (0.5, False),  # similar
    (2.0, False),  # initial
    (-1.2, True),  # typo
    (-1.2, True),  # short form
    (0.0, True),  # same
)
LAST_CHANCE = (
    (0.0, False),
    (-5.0, False),
    (1.0, False),
    (0.0, False),
    (-1.5, True),
    (0.0, False),
    (0.0, True),
)
#: Worth against the same house: only the first name tells a family's members apart.
FIRST_HOUSE = (0.0, -7.0, -0.5, 2.2, 3.5, 3.5, 5.0)
LAST_HOUSE = (0.0, -2.0, -1.0, 0.0, 0.0, 0.0, 0.5)
#: "Jr" against "Sr" are two people; "Jr" against nothing are two more often than not.
OTHER_GENERATION = -9.0
ONE_GENERATION = -4.0
#: One of a couple is a little less than the couple.
COUPLE = -1.0
#: First name in the place of the last: as telling, but some names are both.
SWAPPED_CHANCE = -2.0
SWAPPED_HOUSE = 4.0
SWAPPED_GENERATION = -6.0
#: Where one side has no full name, a last name in common counts a little less, and a first name
#: that differs speaks against.
LAST_NAME_ALONE = -1.0
FIRST_NAME_ALONE = -3.0
#: People at one company, and people at two (names less alike than this, of 100).
SAME_WORKPLACE = (2.0, 0.5)
OTHER_WORKPLACE = (-1.0, -2.0)
OTHER_COMPANY_RATIO = 70

#: Shorter first names than this are only swapped when both parts are equal.
MIN_SLIPPED_SWAP = 4


@dataclass(slots=True)
class Naming:
    """Columns of each pair. `is_strong` allows a link without asking, `is_same` is equality."""

    first: Ints
    last: Ints
    company: Ints
    both_people: Flags
    is_swapped: Flags
    is_couple: Flags
    same_generation: Flags
    other_workplace: Flags
    other_number: Flags
    chance: Bits
    house: Bits
    is_strong: Flags
    is_same: Flags

    def is_one_person(self) -> Flags:
        """Say of each pair whether the two people's names agree. Computed anew on every call."""
        agree = (self.first >= NameLevel.TYPO) & (self.last >= NameLevel.TYPO)
        return (self.both_people & agree) | self.is_swapped


def compare_people(pairs: Pairs) -> Naming:
    """Return what the names of people say; names of companies are yet to be compared."""
    first, is_couple = _first_levels(pairs)
    last = compare_last_names(
        *pairs.both(lambda side: side.last),
        pairs.lists.last_names,
        pairs.lists.frequencies.last_names,
    )
    ours, theirs = pairs.flags(lambda side: side.is_person)
    both_people = ours & theirs
    is_swapped = _swapped(pairs, both_people & _unlike(first) & _unlike(last))
    find_turned(pairs, first, last, among=both_people & _unlike(last) & ~is_swapped)
    one, other = pairs.both(lambda side: side.generation)
    nothing = np.zeros(len(pairs))
    nobody = np.zeros(len(pairs), np.bool_)
    naming = Naming(
        first=first,
        last=last,
        company=np.zeros(len(pairs), np.int64),
        both_people=both_people,
        is_swapped=is_swapped,
        is_couple=is_couple,
        same_generation=one == other,
        other_workplace=nobody,
        other_number=nobody.copy(),
        chance=nothing,
        house=nothing.copy(),
        is_strong=nobody.copy(),
        is_same=nobody.copy(),
    )
    _weigh_people(pairs, naming, both_given=(one != NOT_GIVEN) & (other != NOT_GIVEN))
    _weigh_workplaces(pairs, naming)
    return naming


def _unlike(level: Ints) -> Flags:
    return level <= NameLevel.SIMILAR


def _first_levels(pairs: Pairs) -> tuple[Ints, Flags]:
    """Return the levels of first names; either of a couple may be the one on the other side."""
    names, counts = pairs.lists.first_names, pairs.lists.frequencies.first_names
    ours, theirs = pairs.both(lambda side: side.first)
    our_partner, their_partner = pairs.both(lambda side: side.partner)
    level = compare_first_names(ours, theirs, names, counts)
    is_couple = np.zeros(len(pairs), np.bool_)
    combinations = ((our_partner, theirs), (ours, their_partner), (our_partner, their_partner))
    for one, other in combinations:
        asked = (one != NOT_GIVEN) & (other != NOT_GIVEN) & (level < NameLevel.SHORT_FORM)
        at = np.nonzero(asked)[0]
        found = compare_first_names(one[at], other[at], names, counts) >= NameLevel.TYPO
        level[at[found]] = NameLevel.SHORT_FORM
        is_couple[at[found]] = True
    return level, is_couple


def _swapped(pairs: Pairs, among: Flags) -> Flags:
    """Say of each pair whether the first name of one is the last name of the other."""
    at = np.nonzero(among)[0]
    swapped = np.zeros(len(pairs), np.bool_)
    firsts, lasts = pairs.lists.first_names, pairs.lists.last_names
    our_first, their_first = ([firsts[i] for i in c[at]] for c in pairs.both(lambda s: s.first))
    our_last, their_last = ([lasts[i] for i in c[at]] for c in pairs.both(lambda s: s.last))
    one = _edits(our_first, their_last)
    other = _edits(their_first, our_last)
    shorter = np.array([min(map(len, two)) for two in zip(our_first, their_first, strict=True)])
    is_slip = one + other <= np.where(shorter >= MIN_SLIPPED_SWAP, 2, 1)
    swapped[at[(one <= 1) & (other <= 1) & is_slip]] = True
    return swapped


def _edits(ours: list[str], theirs: list[str]) -> Ints:
    edits = process.cpdist(ours, theirs, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
    return edits.astype(np.int64)


def _weigh_people(pairs: Pairs, naming: Naming, *, both_given: Flags) -> None:
    first_rarity = _rarer(pairs.lists.first_bits, pairs.both(lambda side: side.first))
    last_rarity = _rarer(pairs.lists.last_bits, pairs.both(lambda side: side.last))
    first, last, same_generation = naming.first, naming.last, naming.same_generation
    chance = _worth(FIRST_CHANCE, first, first_rarity) + _worth(LAST_CHANCE, last, last_rarity)
    generation = np.where(both_given, OTHER_GENERATION, ONE_GENERATION)
    house = np.array(FIRST_HOUSE)[first] + np.array(LAST_HOUSE)[last]
    house = house + np.where(same_generation, 0.0, generation) + COUPLE * naming.is_couple
    swapped = naming.is_swapped
    chance = np.where(swapped, _swapped_rarity(pairs) + SWAPPED_CHANCE, chance)
    house = np.where(
        swapped, SWAPPED_HOUSE + np.where(same_generation, 0.0, SWAPPED_GENERATION), house
    )
    last_alone = np.where(last == NameLevel.SAME, last_rarity + LAST_NAME_ALONE, 0.0)
    first_alone = np.where(first == NameLevel.DIFFERENT, FIRST_NAME_ALONE, 0.0)
    naming.chance = np.where(naming.both_people, chance, last_alone)
    naming.house = np.where(naming.both_people, house, first_alone)
    same_first, same_last = first == NameLevel.SAME, last == NameLevel.SAME
    may_link = naming.both_people & same_generation
    naming.is_same = may_link & same_first & same_last
    agrees = naming.is_one_person() & (same_first | same_last) & ~naming.is_couple
    naming.is_strong = may_link & (agrees | swapped)


def _rarer(bits: Bits, codes: tuple[Ints, Ints]) -> Bits:
    """Return the bits of the more common of two names."""
    one, other = codes
    return np.minimum(bits[one], bits[other])


def _swapped_rarity(pairs: Pairs) -> Bits:
    first, _ = pairs.both(lambda side: side.first)
    last, _ = pairs.both(lambda side: side.last)
    return pairs.lists.first_bits[first] + pairs.lists.last_bits[last]


def _worth(table: tuple[tuple[float, bool], ...], level: Ints, rarity: Bits) -> Bits:
    fixed = np.array([bits for bits, _ in table])[level]
    is_by_rarity = np.array([by_rarity for _, by_rarity in table])[level]
    return fixed + np.where(is_by_rarity, rarity, 0.0)


def _weigh_workplaces(pairs: Pairs, naming: Naming) -> None:
    """Add what the companies of two people say: they support, or speak a little against."""
    ours, theirs = pairs.flags(lambda side: side.is_company)
    one, other = pairs.both(lambda side: side.company)
    both = naming.both_people & ~ours & ~theirs & (one != NOT_GIVEN) & (other != NOT_GIVEN)
    same = both & (one == other)
    at = np.nonzero(both & ~same)[0]
    texts = pairs.lists.names
    ours_at, theirs_at = ([texts[code] for code in codes[at].tolist()] for codes in (one, other))
    ratio = process.cpdist(ours_at, theirs_at, scorer=fuzz.token_set_ratio)
    naming.other_workplace[at[ratio < OTHER_COMPANY_RATIO]] = True
    for flags, (chance, house) in (
        (same, SAME_WORKPLACE),
        (naming.other_workplace, OTHER_WORKPLACE),
    ):
        naming.chance = naming.chance + chance * flags
        naming.house = naming.house + house * flags
