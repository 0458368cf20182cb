"""Adds up what names, contacts and places of each pair say.

In bits: 10 more bits are a thousand times as sure. Two doubts have to be overcome, so that the
smaller sum decides: `chance`, two strangers who look alike, and `house`, another member of the
same family or office. The tables were set by hand on the development lists of docs/matching.md;
nothing is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import OSA

from services.matching.businesses import compare_businesses
from services.matching.certainty import (
    contacts_allow,
    differ_in_phone_and_address,
    names_allow,
)
from services.matching.columns import NOT_GIVEN, Bits, Flags, Ints, Lists, Pairs
from services.matching.contacts import Contacts, compare_contacts, find_slips
from services.matching.levels import AddressLevel, EmailLevel, NameLevel, PhoneLevel, TaxLevel
from services.matching.naming import Naming, compare_people
from services.matching.places import Places, compare_places

#: Pairs scored at once: bounds the memory.
PAIRS_AT_ONCE = 200_000

#: Worth against chance by level; where True, the size of the list is added: what only one
#: customer of the list has picks this one out of all. What differs differs for nearly all
#: strangers and for one in five who are the same: -2 gave F1 .001 more than -1 on five lists.
EMAIL_CHANCE = (
    (0.0, False),  # missing
    (-2.0, False),  # different
    (1.0, False),  # similar
    (5.0, False),  # slip
    (-0.5, True),  # shared; less the bits of its sharers
    (3.0, True),  # an office's, or another +tag
    (4.5, True),  # own
)
PHONE_CHANCE = ((0.0, False), (-2.0, False), (6.0, False), (-0.5, True), (2.5, True))
ADDRESS_CHANCE = (
    (0.0, False),  # missing
    (-0.8, False),  # different
    (2.0, False),  # elsewhere
    (5.0, False),  # street
    (-1.0, True),  # near
    (1.0, True),  # same
)
TAX_CHANCE = ((0.0, False), (-2.5, False), (-2.0, True), (6.0, True))
#: Worth against the same house: it shares phone and address, and an e-mail more often than not.
EMAIL_HOUSE = (0.0, -1.2, 0.0, 1.0, 0.0, 1.0, 2.0)
PHONE_HOUSE = (0.0, -0.5, 0.3, 0.0, 0.7)
ADDRESS_HOUSE = (0.0, -0.4, 0.0, 0.0, 0.3, 0.4)
#: A tax number tells the members of a house apart, but may have been copied with the firm's.
TAX_HOUSE_BOUNDS = (-3.0, 9.0)
POSTCODE_LESS = 0.5
CITY_LESS = 0.3
OTHER_PLACE = -1.0
#: Company, phone and address all differ: a namesake.
NOTHING_IN_COMMON = -4.0
#: What "one household is one customer" gives to a shared last name and address.
HOUSEHOLD = 9.0
#: Slips in contacts are looked for where the names alone have come as far as this.
SLIP_CHANCE, SLIP_HOUSE = 3.0, 1.0
#: A link without asking needs this much against either doubt.
CERTAIN_CHANCE, CERTAIN_HOUSE = 8.0, 4.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All columns of some pairs. `is_certain` allows a link without asking.

    `score` is the smaller of the two sums, in bits; `chance` is what speaks against two strangers.
    """

    pairs: Pairs
    naming: Naming
    contacts: Contacts
    places: Places
    tax: Ints
    score: Bits
    chance: Bits
    is_certain: Flags


def score_pairs(lists: Lists, rows: tuple[Ints, Ints], *, household: bool) -> Iterator[Evidence]:
    """Yield the evidence of all pairs of rows, so many at once as memory allows."""
    left, right = rows
    for low in range(0, len(left), PAIRS_AT_ONCE):
        part = slice(low, low + PAIRS_AT_ONCE)
        yield _score(Pairs(lists, left[part], right[part]), household=household)


def _score(pairs: Pairs, *, household: bool) -> Evidence:
    contacts = compare_contacts(pairs)
    naming = compare_people(pairs)
    compare_businesses(pairs, naming, has_common=contacts.has_common)
    find_slips(pairs, contacts, among=(naming.house >= SLIP_HOUSE) & (naming.chance >= SLIP_CHANCE))
    places, tax = compare_places(pairs), _compare_tax_numbers(pairs)
    chance = _chance(pairs, naming, contacts, places, tax)
    house = _house(pairs, naming, contacts, places, tax)
    judged = house + HOUSEHOLD * _is_household(pairs, naming, places) if household else house
    namesakes = naming.other_workplace & differ_in_phone_and_address(contacts, places)
    score = np.minimum(chance, judged) + NOTHING_IN_COMMON * namesakes
    certain = (chance >= CERTAIN_CHANCE) & (house >= CERTAIN_HOUSE)
    certain &= names_allow(pairs, naming) & contacts_allow(pairs, naming, contacts, places, tax)
    # Thousandths: the last digit of a sum depends on the machine.
    rounded = np.round(score, 3), np.round(chance, 3)
    return Evidence(pairs, naming, contacts, places, tax, *rounded, is_certain=certain)


def _chance(pairs: Pairs, naming: Naming, contacts: Contacts, places: Places, tax: Ints) -> Bits:
    size = pairs.lists.frequencies.list_bits
    sharers = np.where(
        contacts.email == EmailLevel.SHARED, np.log2(contacts.email_sharers), 0.0
    ) + np.where(contacts.phone == PhoneLevel.SHARED, np.log2(contacts.phone_sharers), 0.0)
    total: Bits = (
        naming.chance
        + _worth(EMAIL_CHANCE, contacts.email, size)
        + _worth(PHONE_CHANCE, contacts.phone, size)
        - sharers
        + _worth(ADDRESS_CHANCE, places.address, size)
        + _place_bits(pairs, places)
        + _worth(TAX_CHANCE, tax, size)
        - size
    )
    return total


def _house(pairs: Pairs, naming: Naming, contacts: Contacts, places: Places, tax: Ints) -> Bits:
    size = pairs.lists.frequencies.list_bits
    total: Bits = (
        naming.house
        + np.array(EMAIL_HOUSE)[contacts.email]
        + np.array(PHONE_HOUSE)[contacts.phone]
        + np.array(ADDRESS_HOUSE)[places.address]
        + np.clip(_worth(TAX_CHANCE, tax, size), *TAX_HOUSE_BOUNDS)
    )
    return total


def _worth(table: tuple[tuple[float, bool], ...], level: Ints, size: float) -> Bits:
    bits = np.array([fixed + (size if is_by_size else 0.0) for fixed, is_by_size in table])
    return bits[level]


def _place_bits(pairs: Pairs, places: Places) -> Bits:
    """Return what postcode and town say where the street does not say it already."""
    postcode, _ = pairs.both(lambda side: side.postcode)
    city, _ = pairs.both(lambda side: side.city)
    by_city = np.where(places.same_city, pairs.lists.city_bits[city] - CITY_LESS, 0.0)
    by_postcode = pairs.lists.postcode_bits[postcode] - POSTCODE_LESS
    bits = np.where(places.same_postcode, by_postcode, by_city)
    bits = np.where(places.address >= AddressLevel.NEAR, 0.0, bits)
    is_elsewhere = (
        places.is_known
        & ~places.same_postcode
        & ~places.same_city
        & (places.address < AddressLevel.STREET)
    )
    return np.where(is_elsewhere, OTHER_PLACE, bits)


def _compare_tax_numbers(pairs: Pairs) -> Ints:
    one, other = pairs.both(lambda side: side.tax_number)
    level = np.full(len(pairs), TaxLevel.MISSING, np.int64)
    both = (one != NOT_GIVEN) & (other != NOT_GIVEN)
    level[both] = np.where(one == other, TaxLevel.SAME, TaxLevel.DIFFERENT)[both]
    for at in np.nonzero(level == TaxLevel.DIFFERENT)[0].tolist():
        ours, theirs = (party.tax_number for party in pairs.parties(at))
        if OSA.distance(ours, theirs, score_cutoff=1) <= 1:
            level[at] = TaxLevel.SLIP
    return level


def _is_household(pairs: Pairs, naming: Naming, places: Places) -> Flags:
    ours, theirs = pairs.flags(lambda side: side.is_company)
    same_name = (naming.last >= NameLevel.TYPO) & ~ours & ~theirs
    same: Flags = same_name & (places.address >= AddressLevel.NEAR)
    return same
