"""What the names of companies say, and names of which it is not sure what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from rapidfuzz import fuzz, process

from services.matching.columns import NOT_GIVEN, Flags, Ints, Pairs
from services.matching.company_names import CompanyLikeness, compare_companies
from services.matching.levels import CompanyLevel, NumberConflict
from services.matching.naming import Naming
from services.matching.words import has_digit

#: Worth against the same house, by CompanyLevel: two firms in one office have unlike names.
COMPANY_HOUSE = (0.0, -6.0, -0.5, 0.8, 3.5, 2.0, 5.0)
#: "#12" and "#14" are two branches, however rare the rest of the name; by NumberConflict.
NUMBER_CHANCE = (0.0, -2.0, -8.0)
NUMBER_HOUSE = (0.0, -3.0, -6.0)
MAX_SHARED_BITS = 20.0
UNSHARED_SHARE = 0.5
MAX_UNSHARED_BITS = 12.0
#: The same contact person supports two companies with similar names.
SAME_CONTACT = 1.5
#: A company and a person who is its contact: perhaps the same customer, never without asking.
CONTACT_PERSON_HOUSE = 2.5
#: A company and somebody else: the names are hardly comparable and speak little against.
MIXED_CHANCE = -1.0
MIXED_HOUSE = -0.5
BARE_HOUSE = -3.0
#: Names less alike (of 100) are not compared word by word if nothing else is in common. Comparing
#: them all finds one true pair more in 5,000 and takes longer.
MIN_RATIO = 72


def compare_businesses(pairs: Pairs, naming: Naming, *, has_common: Flags) -> None:
    """Weigh names of companies into `naming`. `has_common`: pairs with a contact in common."""
    ours, theirs = pairs.flags(lambda side: side.is_company)
    is_mixed = ours != theirs
    asked = ours | theirs | ~naming.both_people
    one, other = pairs.both(lambda side: side.company)
    with_companies = (one != NOT_GIVEN) & (other != NOT_GIVEN)
    names = _compared_names(pairs, with_companies)
    unlike = _unlike(pairs, asked & ~has_common & ~_same_house(pairs), names)
    _settle_unlike(naming, unlike, is_mixed)
    asked[unlike] = False
    likeness, one_person = _likeness_of(pairs, names), naming.is_one_person()
    for at in np.nonzero(asked)[0].tolist():
        compared = likeness(at) if naming.same_generation[at] else _other_site(pairs, at, likeness)
        is_contact = bool(one_person[at])
        if is_mixed[at] and not with_companies[at]:
            _settle_mixed(naming, at, compared, is_contact=is_contact)
        elif ours[at] or theirs[at]:
            may_link = is_contact or not is_mixed[at]
            contact = _contact_bits(pairs, at) if is_contact else 0.0
            _settle_companies(naming, at, compared, contact=contact, may_link=may_link)
        else:
            _settle_bare(naming, at, compared, len(pairs.parties(at)[0].words))


def _same_house(pairs: Pairs) -> Flags:
    one, other = pairs.both(lambda side: side.house_number)
    same: Flags = (one != NOT_GIVEN) & (one == other)
    return same


def _compared_names(pairs: Pairs, with_companies: Flags) -> tuple[Ints, Ints]:
    """Return the codes of the names to compare: of the companies where both are known."""
    our_name, their_name = pairs.both(lambda side: side.name)
    our_company, their_company = pairs.both(lambda side: side.company)
    return (
        np.where(with_companies, our_company, our_name),
        np.where(with_companies, their_company, their_name),
    )


def _unlike(pairs: Pairs, among: Flags, names: tuple[Ints, Ints]) -> Ints:
    """Return the pairs whose names are nothing alike."""
    at = np.nonzero(among)[0]
    texts = pairs.lists.names
    ours, theirs = ([texts[code] for code in codes[at].tolist()] for codes in names)
    ratio = process.cpdist(ours, theirs, scorer=fuzz.token_set_ratio, score_cutoff=MIN_RATIO)
    return at[ratio < MIN_RATIO]


def _settle_unlike(naming: Naming, unlike: Ints, is_mixed: Flags) -> None:
    is_contact = (naming.both_people & is_mixed)[unlike]
    contacts, others = unlike[is_contact], unlike[~is_contact]
    naming.house[contacts] = np.minimum(naming.house[contacts], CONTACT_PERSON_HOUSE)
    naming.chance[others] = np.minimum(naming.chance[others], 0.0)
    naming.house[others] = COMPANY_HOUSE[CompanyLevel.DIFFERENT]
    naming.company[others] = CompanyLevel.DIFFERENT
    naming.is_strong[unlike] = False
    naming.is_same[unlike] = False


def _likeness_of(pairs: Pairs, names: tuple[Ints, Ints]) -> Callable[[int], CompanyLikeness]:
    """Return the comparison of one pair; names that repeat are compared once."""
    texts, bits = pairs.lists.names, cache(pairs.lists.frequencies.word_bits)
    ours, theirs = names
    our_city, their_city = pairs.both(lambda side: side.city)
    known: dict[tuple[int, ...], CompanyLikeness] = {}

    def likeness(at: int) -> CompanyLikeness:
        key = (int(ours[at]), int(theirs[at]), int(our_city[at]), int(their_city[at]))
        if key not in known:
            one, other = pairs.parties(at)
            towns = frozenset((*one.city_words, *other.city_words))
            our_words, their_words = texts[key[0]].split(), texts[key[1]].split()
            known[key] = compare_companies(our_words, their_words, towns=towns, bits=bits)
        return known[key]

    return likeness


def _bits_of(compared: CompanyLikeness) -> tuple[float, float]:
    """Return what a comparison is worth against chance and against the same house."""
    chance = (
        min(compared.shared_bits, MAX_SHARED_BITS)
        - UNSHARED_SHARE * min(compared.unshared_bits, MAX_UNSHARED_BITS)
        + NUMBER_CHANCE[compared.conflict]
    )
    if compared.level == CompanyLevel.DIFFERENT:
        chance = min(chance, 0.0)
    return chance, COMPANY_HOUSE[compared.level] + NUMBER_HOUSE[compared.conflict]


def _settle_companies(
    naming: Naming, at: int, compared: CompanyLikeness, *, contact: float, may_link: bool
) -> None:
    """Two companies, or a company and a person who works at one."""
    chance, house = _bits_of(compared)
    differs = compared.level == CompanyLevel.DIFFERENT
    naming.chance[at] = chance + contact
    naming.house[at] = house + (SAME_CONTACT if contact and not differs else 0.0)
    agrees = compared.level in (CompanyLevel.SAME, CompanyLevel.NEAR) and not compared.conflict
    naming.is_strong[at] = agrees and may_link
    naming.is_same[at] = naming.is_strong[at] and compared.level == CompanyLevel.SAME
    _note(naming, at, compared)


def _other_site(
    pairs: Pairs, at: int, likeness: Callable[[int], CompanyLikeness]
) -> CompanyLikeness:
    """Return the comparison where the names end with the addresses of two jobs, or one does."""
    compared = likeness(at)
    ours, theirs = (has_digit(party.person.generation) for party in pairs.parties(at))
    if not ours and not theirs:
        return compared
    conflict = NumberConflict.OTHER_NUMBER if ours and theirs else NumberConflict.ONE_SIDED
    return replace(compared, conflict=max(conflict, compared.conflict))


def _contact_bits(pairs: Pairs, at: int) -> float:
    """Return what one contact person says against two companies of like names by chance.

    By rarity; a last name that the company has in its name says nothing again.
    """
    lists, row = pairs.lists, pairs.left[at]
    ours, theirs = pairs.parties(at)
    first = float(lists.first_bits[lists.ours.first[row]])
    if ours.person.last_name in {*ours.company_words, *theirs.company_words}:
        return first
    return first + float(lists.last_bits[lists.ours.last[row]])


def _settle_mixed(naming: Naming, at: int, compared: CompanyLikeness, *, is_contact: bool) -> None:
    """A company and somebody of whom no company is known."""
    if is_contact:
        naming.house[at] = min(naming.house[at], CONTACT_PERSON_HOUSE)
        naming.is_strong[at] = naming.is_same[at] = False
        return
    chance, house = _bits_of(compared)
    naming.chance[at], naming.house[at] = max(chance, MIXED_CHANCE), max(house, MIXED_HOUSE)
    naming.is_strong[at] = naming.is_same[at] = _is_equal(compared)
    _note(naming, at, compared)


def _settle_bare(naming: Naming, at: int, compared: CompanyLikeness, word_count: int) -> None:
    """Two customers, one of them with a single name, or with none."""
    chance, house = _bits_of(compared)
    naming.chance[at] = max(naming.chance[at], chance)
    if compared.level < CompanyLevel.PART:
        house = max(house, BARE_HOUSE) + min(naming.house[at], 0.0)
    naming.house[at] = house
    naming.is_strong[at] = naming.is_same[at] = _is_equal(compared) and word_count > 1
    _note(naming, at, compared)


def _is_equal(compared: CompanyLikeness) -> bool:
    return compared.level == CompanyLevel.SAME and not compared.conflict


def _note(naming: Naming, at: int, compared: CompanyLikeness) -> None:
    naming.company[at] = compared.level
    naming.other_number[at] = compared.conflict is NumberConflict.OTHER_NUMBER
