"""The way into matching: which of our customers could the customers of another list be.

- `match`: two whole lists.
- `prepare`: one customer as it is kept beside its row; `match_kept`: two lists of such.
- `match_some`: some customers of theirs against all that is kept; milliseconds for one.

The libraries that compute are loaded by the first call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.matching.cleaned import CleanedParty, clean_party
from services.matching.collecting import without_collecting
from services.matching.frequencies import Frequencies, count_frequencies
from services.matching.keys import blocking_keys, pair_limit
from services.matching.pairing import Candidate, choose
from services.matching.party import Party
from services.matching.tiers import Suggestion


@dataclass(frozen=True, slots=True)
class KeptParty:
    """A customer in comparable parts with its keys: all that matching needs of a row."""

    cleaned: CleanedParty
    keys: Sequence[int]


class KeptList(Protocol):
    """One list of customers as it is kept, for instance in tables."""

    def count_by_key(self, keys: Iterable[int]) -> Mapping[int, int]:
        """Return how many customers have each key; keys that nobody has may be missing."""

    def parties_by_key(self, keys: Iterable[int]) -> Iterable[KeptParty]:
        """Return the customers who have any of the keys, in any order, each once or more."""


def prepare(party: Party, *, region: str = "US") -> KeptParty:
    """Return what is kept of a customer: its comparable parts and its keys.

    `region` is the country (two letters) whose telephone numbers are written without a prefix.
    """
    cleaned = clean_party(party, region=region)
    return KeptParty(cleaned, blocking_keys(cleaned))


@without_collecting
def match(
    ours: Iterable[Party], theirs: Iterable[Party], *, region: str = "US", household: bool = False
) -> list[Suggestion]:
    """Return the suggestions for two lists, best first, in the same order for any order of rows.

    Ids are unique within a list. With `household`, people of one last name and address count as
    one customer. 10,000 customers on each side take about 3 seconds (docs/matching.md).
    """
    our_parties = [clean_party(party, region=region) for party in ours]
    their_parties = [clean_party(party, region=region) for party in theirs]
    keys = map(blocking_keys, our_parties), map(blocking_keys, their_parties)
    frequencies = count_frequencies(our_parties, their_parties)
    return choose(_compare(our_parties, their_parties, keys, frequencies, household))


@without_collecting
def match_kept(
    ours: Sequence[KeptParty],
    theirs: Sequence[KeptParty],
    *,
    frequencies: Frequencies | None = None,
    household: bool = False,
) -> list[Suggestion]:
    """Return the suggestions for two whole lists of kept customers, as `match` does.

    `frequencies` are counted from the two lists where they are not given.
    """
    counted = frequencies or count_frequencies(_cleaned(ours), _cleaned(theirs))
    return choose(_compare_kept(ours, theirs, counted, household))


def match_some(
    asked: Sequence[KeptParty],
    ours: KeptList,
    theirs: KeptList,
    *,
    frequencies: Frequencies,
    household: bool = False,
) -> list[Suggestion]:
    """Return the suggestions for some customers of theirs, equal to those of the whole lists.

    `asked` are among `theirs`; `frequencies` are those of the whole lists. Reads who of ours
    shares a key with those asked, and then who of theirs shares one with the few that are alike:
    a rival makes a pair ambiguous.
    """
    met, keys = who_meet(asked, theirs, ours)
    candidates = _compare_kept(with_keys(met, keys), asked, frequencies, household)
    alike = {candidate.our_id for candidate in candidates}
    close = [kept for kept in met if kept.cleaned.party_id in alike]
    rivals, keys = who_meet(close, ours, theirs)
    candidates += _compare_kept(close, with_keys(rivals, keys), frequencies, household)
    each_once = {(found.our_id, found.their_id): found for found in candidates}
    asked_ids = {kept.cleaned.party_id for kept in asked}
    return [found for found in choose(each_once.values()) if found.their_id in asked_ids]


def find_alike(
    asked: Sequence[KeptParty],
    own: KeptList,
    other: KeptList,
    *,
    frequencies: Frequencies,
    are_ours: bool,
    household: bool = False,
) -> list[KeptParty]:
    """Return who of the other list is alike enough to be shown with any of those asked, by id.

    `are_ours` says that those asked are customers of ours. They need not be in their own list,
    so this also tells whom somebody was like before a change.
    """
    met, keys = who_meet(asked, own, other)
    others = with_keys(met, keys)
    ours, theirs = (asked, others) if are_ours else (others, asked)
    candidates = _compare_kept(ours, theirs, frequencies, household)
    alike = {found.their_id if are_ours else found.our_id for found in candidates}
    return [kept for kept in met if kept.cleaned.party_id in alike]


def who_meet(
    asked: Sequence[KeptParty], own: KeptList, other: KeptList
) -> tuple[list[KeptParty], set[int]]:
    """Return who of the other list shares a key with those asked, by id, and these keys.

    Only keys are taken that are within their limits in the whole lists.
    """
    keys = {key for kept in asked for key in kept.keys}
    own_counts, other_counts = own.count_by_key(keys), other.count_by_key(keys)
    taken = {
        key
        for key in keys
        if 0 < own_counts.get(key, 0) * other_counts.get(key, 0) <= pair_limit(key)
    }
    met = {kept.cleaned.party_id: kept for kept in other.parties_by_key(taken)}
    return [met[party_id] for party_id in sorted(met)], taken


def with_keys(parties: Iterable[KeptParty], taken: set[int]) -> list[KeptParty]:
    """Return the customers with only those of their keys that are taken."""
    return [replace(kept, keys=tuple(key for key in kept.keys if key in taken)) for kept in parties]


def _compare_kept(
    ours: Sequence[KeptParty],
    theirs: Sequence[KeptParty],
    frequencies: Frequencies,
    household: bool,
) -> list[Candidate]:
    keys = [kept.keys for kept in ours], [kept.keys for kept in theirs]
    return _compare(_cleaned(ours), _cleaned(theirs), keys, frequencies, household)


def _compare(
    ours: Sequence[CleanedParty],
    theirs: Sequence[CleanedParty],
    keys: tuple[Iterable[Sequence[int]], Iterable[Sequence[int]]],
    frequencies: Frequencies,
    household: bool,
) -> list[Candidate]:
    from services.matching.comparing import compare_lists

    compared = compare_lists(ours, theirs, keys, frequencies=frequencies, household=household)
    return list(compared)


def _cleaned(parties: Iterable[KeptParty]) -> list[CleanedParty]:
    return [kept.cleaned for kept in parties]
