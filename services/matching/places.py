"""How the addresses of two customers agree: house, street and place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from rapidfuzz.distance import OSA, JaroWinkler

from services.matching.addresses import COMMON_STREET_WORDS
from services.matching.columns import NOT_GIVEN, Flags, Ints, Pairs
from services.matching.levels import AddressLevel

#: Streets as alike as this are one street: "La Cienega Blvd" and "Lacienega Blvd".
SAME_STREET = 0.88
#: Two edits in a longer name of a town are a slip.
CITY_EDITS = 2
MIN_CITY = 5


@dataclass(frozen=True, slots=True)
class Places:
    """Levels of each pair, and whether postcode and town are known and the same."""

    address: Ints
    same_postcode: Flags
    same_city: Flags
    is_known: Flags


def compare_places(pairs: Pairs) -> Places:
    """Return how the addresses agree."""
    same_postcode, both_postcodes = _agreement(pairs.both(lambda side: side.postcode))
    same_city, both_cities = _agreement(pairs.both(lambda side: side.city))
    is_known = both_postcodes | both_cities
    address = _compare_streets(pairs, same_postcode | same_city | ~is_known)
    return Places(address, same_postcode, same_city, is_known)


def _agreement(codes: tuple[Ints, Ints]) -> tuple[Flags, Flags]:
    """Return whether two codes are given and equal, and whether both are given."""
    one, other = codes
    given = (one != NOT_GIVEN) & (other != NOT_GIVEN)
    return given & (one == other), given


def _compare_streets(pairs: Pairs, near: Flags) -> Ints:
    same_street, both_streets = _agreement(pairs.both(lambda side: side.street))
    same_house, both_houses = _agreement(pairs.both(lambda side: side.house_number))
    same_house &= both_streets
    level = np.where(both_streets, AddressLevel.DIFFERENT, AddressLevel.MISSING).astype(np.int64)
    exact = same_street & same_house
    level[exact] = np.where(near[exact], AddressLevel.SAME, AddressLevel.STREET)
    one, other = pairs.both(lambda side: side.house_number)
    without_number = (one == NOT_GIVEN) & (other == NOT_GIVEN)
    level[same_street & without_number & near] = AddressLevel.NEAR
    alike = _where(same_house & ~same_street, _street_test(pairs))
    level[alike] = np.where(near[alike], AddressLevel.NEAR, AddressLevel.ELSEWHERE)
    level[_where(exact & ~near, _city_test(pairs))] = AddressLevel.SAME
    mistyped = same_street & ~same_house & both_houses & near
    level[_where(mistyped, _house_test(pairs))] = AddressLevel.STREET
    same_unit, both_units = _agreement(pairs.both(lambda side: side.unit))
    level[(level >= AddressLevel.STREET) & both_units & ~same_unit] = AddressLevel.ELSEWHERE
    return level


def _where(among: Flags, test: Callable[[int], bool]) -> Ints:
    """Return the pairs among these that pass a test."""
    return np.array([at for at in np.nonzero(among)[0].tolist() if test(at)], np.int64)


def _street_test(pairs: Pairs) -> Callable[[int], bool]:
    streets = pairs.lists.streets
    ours, theirs = pairs.both(lambda side: side.street)

    @cache
    def are_alike(one: int, other: int) -> bool:
        return are_one_street(streets[one], streets[other])

    return lambda at: are_alike(int(ours[at]), int(theirs[at]))


def are_one_street(one: str, other: str) -> bool:
    """Say whether two names of streets are alike or share a telling word."""
    if JaroWinkler.similarity(one, other) >= SAME_STREET:
        return True
    return bool(set(one.split()) & set(other.split()) - COMMON_STREET_WORDS)


def _city_test(pairs: Pairs) -> Callable[[int], bool]:
    def is_slip(at: int) -> bool:
        ours, theirs = (party.city for party in pairs.parties(at))
        is_long = min(len(ours), len(theirs)) >= MIN_CITY
        return is_long and OSA.distance(ours, theirs, score_cutoff=CITY_EDITS) <= CITY_EDITS

    return is_slip


def _house_test(pairs: Pairs) -> Callable[[int], bool]:
    def is_slip(at: int) -> bool:
        ours, theirs = (party.address.house_number for party in pairs.parties(at))
        return OSA.distance(ours, theirs, score_cutoff=1) <= 1

    return is_slip
