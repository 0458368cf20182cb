"""Who looks like whom within one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from services.matching.frequencies import Frequencies, count_frequencies
from services.matching.look_alikes import find_look_alikes, find_some_look_alikes
from services.matching.matcher import KeptParty, prepare
from tests.unit.matching.lists import make_lists


@dataclass(frozen=True)
class _Kept:
    parties: Sequence[KeptParty]

    def count_by_key(self, keys: Iterable[int]) -> Mapping[int, int]:
        wanted = set(keys)
        return Counter(key for kept in self.parties for key in kept.keys if key in wanted)

    def parties_by_key(self, keys: Iterable[int]) -> Iterable[KeptParty]:
        wanted = set(keys)
        return [kept for kept in self.parties if wanted & set(kept.keys)]


def _list_with_doubles(seed: int) -> tuple[list[KeptParty], Frequencies]:
    theirs = list(make_lists(60, seed).theirs)
    doubles = [replace(party, party_id=f"{party.party_id}-again") for party in theirs[:20]]
    kept = [prepare(party) for party in (*theirs, *doubles)]
    return kept, count_frequencies([], [each.cleaned for each in kept])


def test_the_same_customer_entered_twice_is_found_once() -> None:
    kept, frequencies = _list_with_doubles(seed=3)

    found = find_look_alikes(kept, frequencies=frequencies)

    pairs = [(one.one_id, one.other_id) for one in found]
    assert len(set(pairs)) == len(pairs)
    assert all(one < other for one, other in pairs)
    doubles = {one for one, other in pairs if other == f"{one}-again"}
    assert len(doubles) >= 18


def test_an_empty_list_has_no_look_alikes() -> None:
    assert find_look_alikes([], frequencies=count_frequencies([], [])) == []


@given(st.integers(0, 10**6), st.sets(st.integers(0, 79), max_size=12))
def test_asking_about_some_gives_what_the_whole_list_gives(seed: int, at: set[int]) -> None:
    kept, frequencies = _list_with_doubles(seed)
    asked = [each for i, each in enumerate(kept) if i in at]
    asked_ids = {each.cleaned.party_id for each in asked}

    some = find_some_look_alikes(asked, _Kept(kept), frequencies=frequencies)

    whole = find_look_alikes(kept, frequencies=frequencies)
    expected = {each for each in whole if {each.one_id, each.other_id} & asked_ids}
    assert set(some) == expected
