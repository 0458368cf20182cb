"""What must hold for any two lists, and the floors below which quality may not fall."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from services.matching.cleaned import clean_party
from services.matching.frequencies import count_frequencies
from services.matching.keys import blocking_keys
from services.matching.matcher import KeptParty, match, match_kept, match_some, prepare
from services.matching.party import Party
from services.matching.tiers import RIVAL_BITS, Suggestion, Tier
from services.placeholder_email import make_placeholder_email
from tests.unit.matching.lists import make_lists


def _texts(found: Iterable[Suggestion]) -> list[str]:
    return [f"{one.our_id} {one.their_id} {one.tier} {one.score} {one.sentence}" for one in found]


def test_the_order_of_rows_makes_no_difference() -> None:
    lists = make_lists(200, seed=3)
    ours, theirs = list(lists.ours), list(lists.theirs)
    expected = _texts(match(ours, theirs))

    for seed in range(3):
        random.Random(seed).shuffle(ours)
        random.Random(seed + 9).shuffle(theirs)
        assert _texts(match(ours, theirs)) == expected


def test_the_hash_seed_makes_no_difference() -> None:
    program = (
        "from tests.unit.matching.lists import make_lists\n"
        "from services.matching.matcher import match, prepare\n"
        "lists = make_lists(150, seed=4)\n"
        "for one in match(lists.ours, lists.theirs):\n"
        "    print(one.our_id, one.their_id, one.tier, one.score, one.sentence)\n"
        "print([prepare(party).keys for party in lists.ours])\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }

    assert len(outputs) == 1
    assert b"exact" in outputs.pop()


def test_importing_the_way_in_loads_no_library() -> None:
    program = (
        "import sys, services.matching.matcher\n"
        "print({'numpy', 'rapidfuzz', 'phonenumbers', 'nicknames'} & set(sys.modules))"
    )

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert found.stdout.strip() == b"set()"


@given(st.integers(0, 10**6))
def test_exact_is_never_ambiguous(seed: int) -> None:
    lists = make_lists(40, seed)
    found = match(lists.ours, [*lists.theirs, *_copies(lists.theirs, seed)])

    for one in found:
        if one.tier is Tier.EXACT:
            rivals = [
                other
                for other in found
                if other is not one
                and (other.our_id == one.our_id or other.their_id == one.their_id)
            ]
            assert all(other.score < one.score - RIVAL_BITS for other in rivals)


def _copies(parties: list[Party], seed: int) -> list[Party]:
    some = random.Random(seed).sample(parties, 5)
    return [replace(party, party_id=f"copy of {party.party_id}") for party in some]


@given(st.integers(0, 10**6))
def test_a_customer_is_proposed_once(seed: int) -> None:
    lists = make_lists(40, seed)

    proposed = [one for one in match(lists.ours, lists.theirs) if one.tier is not Tier.POSSIBLE]

    assert max(Counter(one.our_id for one in proposed).values()) == 1
    assert max(Counter(one.their_id for one in proposed).values()) == 1


@dataclass(frozen=True, slots=True)
class _Kept:
    """A list in memory, as a table would keep it."""

    parties: tuple[KeptParty, ...]

    def count_by_key(self, keys: Iterable[int]) -> Mapping[int, int]:
        asked = set(keys)
        return Counter(key for kept in self.parties for key in kept.keys if key in asked)

    def parties_by_key(self, keys: Iterable[int]) -> Iterable[KeptParty]:
        asked = set(keys)
        return [kept for kept in self.parties if asked.intersection(kept.keys)]


def test_asking_about_some_gives_what_asking_about_all_gives() -> None:
    lists = make_lists(300, seed=8)
    ours = _Kept(tuple(map(prepare, lists.ours)))
    theirs = _Kept(tuple(map(prepare, lists.theirs)))
    frequencies = count_frequencies(
        [kept.cleaned for kept in ours.parties], [kept.cleaned for kept in theirs.parties]
    )
    whole = match(lists.ours, lists.theirs)

    for asked in (theirs.parties[:1], theirs.parties[1:51]):
        ids = {kept.cleaned.party_id for kept in asked}
        found = match_some(asked, ours, theirs, frequencies=frequencies)
        assert _texts(found) == _texts(one for one in whole if one.their_id in ids)
    assert match_kept(ours.parties, theirs.parties) == whole


def test_keys_fit_a_column_of_64_bits_and_hold_no_placeholder() -> None:
    party = make_lists(2, seed=1).ours[0]
    keys = blocking_keys(clean_party(party))
    placeholder = make_placeholder_email("xero", company_id=1, remote_account_id="1", remote_id="1")

    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert 10 < len(keys) < 60
    assert blocking_keys(clean_party(Party("1", email_text=placeholder))) == ()


def test_quality_stays_above_its_floors() -> None:
    lists = make_lists(1_000, seed=11)

    found = match(lists.ours, lists.theirs)

    likely = {(one.our_id, one.their_id) for one in found if one.tier is not Tier.POSSIBLE}
    exact = {(one.our_id, one.their_id) for one in found if one.tier is Tier.EXACT}
    shown = {(one.our_id, one.their_id) for one in found}
    right = len(likely & lists.truth)
    assert 2 * right / (len(likely) + len(lists.truth)) >= 0.97
    assert exact - lists.truth == set()
    assert len(exact) >= 0.65 * len(lists.truth)
    assert len(shown & lists.truth) >= 0.99 * len(lists.truth)
    assert len(shown) <= 1.5 * len(lists.ours)
