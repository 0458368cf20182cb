"""Two lists in, suggestions out: the cases that a shop has, and what must hold for any list."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.cleaned import clean_party
from services.matching.frequencies import count_frequencies
from services.matching.keys import blocking_keys
from services.matching.matcher import KeptParty, match, match_kept, match_some, prepare
from services.matching.party import Party
from services.matching.reasons import ReasonCode
from services.matching.tiers import RIVAL_BITS, Suggestion, Tier
from services.placeholder_email import make_placeholder_email
from tests.unit.matching.lists import make_lists

ANN = Party(
    "ann",
    "Ann Brandt",
    "Ann",
    "Brandt",
    email_text="ann.brandt@example.com",
    phone_text="415 555 0123",
    street="12 Alder Street",
    city="Thalby",
    postcode="94107",
)
STRANGERS = make_lists(60, seed=5)


def _tier(ours: Party, theirs: Party, *, household: bool = False) -> Tier | None:
    """Return the tier of two customers among strangers."""
    found = _match_among_strangers([ours], [theirs], household=household)
    return next((one.tier for one in found), None)


def _match_among_strangers(
    ours: list[Party], theirs: list[Party], *, household: bool = False
) -> list[Suggestion]:
    found = match([*STRANGERS.ours, *ours], [*STRANGERS.theirs, *theirs], household=household)
    ids = {party.party_id for party in (*ours, *theirs)}
    return [one for one in found if {one.our_id, one.their_id} & ids]


def _texts(found: Iterable[Suggestion]) -> list[str]:
    return [f"{one.our_id} {one.their_id} {one.tier} {one.score} {one.sentence}" for one in found]


def test_the_same_customer_is_exact_and_says_why() -> None:
    found = _match_among_strangers([ANN], [replace(ANN, party_id="1", phone_text="+14155550123")])

    assert [(one.our_id, one.their_id, one.tier) for one in found] == [("ann", "1", Tier.EXACT)]
    assert found[0].sentence == "Same name, same e-mail, same phone and same address."


@pytest.mark.parametrize(
    "changes",
    [
        {"display_name": "Brandt, Ann", "first_name": "", "last_name": ""},
        {"display_name": "ANN BRANDT (2)"},
        {"display_name": "Brandt Ann", "first_name": "Brandt", "last_name": "Ann"},
        {"phone_text": "", "street": "", "city": "", "postcode": ""},
        {"email_text": "", "street": "", "city": "", "postcode": ""},
    ],
)
def test_other_spellings_and_missing_fields_stay_exact(changes: dict[str, str]) -> None:
    assert _tier(ANN, replace(ANN, party_id="1", **changes)) is Tier.EXACT


@pytest.mark.parametrize(
    "changes",
    [
        {"display_name": "Annie Brandt", "first_name": "Annie"},
        {"display_name": "Ann & Karl Brandt", "first_name": "Ann & Karl"},
        {"display_name": "A Brandt", "first_name": "A"},
    ],
)
def test_a_short_name_or_a_couple_is_proposed_or_linked_but_never_lost(
    changes: dict[str, str],
) -> None:
    assert _tier(ANN, replace(ANN, party_id="1", **changes)) in {Tier.EXACT, Tier.LIKELY}


@pytest.mark.parametrize(
    "changes",
    [
        {"display_name": "Karl Brandt", "first_name": "Karl"},
        {"display_name": "Ann Brandt Jr", "first_name": "Ann", "last_name": "Brandt Jr"},
    ],
)
def test_another_member_of_the_family_is_never_exact(changes: dict[str, str]) -> None:
    relative = replace(ANN, party_id="1", email_text="", **changes)

    assert _tier(ANN, relative) is not Tier.EXACT


def test_father_and_son_are_two_customers() -> None:
    father = replace(ANN, display_name="Karl Brandt Sr", first_name="Karl", last_name="Brandt Sr")
    son = replace(ANN, display_name="Karl Brandt Jr", first_name="Karl", last_name="Brandt Jr")

    assert _tier(father, replace(son, party_id="1", email_text="")) in {None, Tier.POSSIBLE}


def test_a_household_is_one_customer_only_where_the_company_says_so() -> None:
    karl = replace(ANN, party_id="1", display_name="Karl Brandt", first_name="Karl", email_text="")

    assert _tier(ANN, karl) in {None, Tier.POSSIBLE}
    assert _tier(ANN, karl, household=True) is Tier.LIKELY


def test_two_branches_of_a_franchise_are_not_proposed() -> None:
    ours = Party(
        "o", "Eagle Roofing #12", company_name="Eagle Roofing #12", phone_text="4155550123"
    )
    theirs = replace(ours, party_id="t", display_name="Eagle Roofing #14", company_name="")

    found = _match_among_strangers([ours], [theirs])

    assert {one.tier for one in found} <= {Tier.POSSIBLE}


def test_two_firms_with_one_office_mailbox_are_not_proposed() -> None:
    ours = Party("o", "Eagle Roofing LLC", email_text="info@eagle.example.com")
    theirs = Party("t", "Merlin Dental Inc", email_text="info@eagle.example.com")

    assert _tier(ours, theirs) in {None, Tier.POSSIBLE}


def test_namesakes_are_not_exact() -> None:
    namesake = Party("1", "Ann Brandt", "Ann", "Brandt", phone_text="212 555 0188")

    assert _tier(replace(ANN, street=""), namesake) is not Tier.EXACT


def test_two_extensions_of_one_number_are_not_one_customer_for_sure() -> None:
    ours = replace(ANN, email_text="", street="", phone_text="415 555 0123 x12")
    theirs = replace(ours, party_id="1", phone_text="415 555 0123 x14")

    assert _tier(ours, replace(theirs, phone_text=ours.phone_text)) is Tier.EXACT
    assert _tier(ours, theirs) is not Tier.EXACT


def test_an_address_shared_by_forty_links_nobody_by_itself() -> None:
    names = [
        f"{first} Pellow"
        for first in ["Abel", "Beth", "Carl", "Dora", "Egon", "Fay", "Gus", "Hilda"]
    ]
    ours = [Party(f"o{i}", f"{names[i % 8]}{i}", email_text="pm@example.com") for i in range(40)]
    theirs = [Party(f"t{i}", f"Zed Quill{i}", email_text="pm@example.com") for i in range(40)]

    found = match(ours, theirs)

    assert {one.tier for one in found} <= {Tier.POSSIBLE}
    assert len(found) <= 400


def test_the_same_customer_twice_in_the_file_is_ambiguous() -> None:
    found = _match_among_strangers([ANN], [replace(ANN, party_id="1"), replace(ANN, party_id="2")])

    assert [one.tier for one in found] == [Tier.LIKELY, Tier.POSSIBLE]
    assert found[0].reasons[-1].code is ReasonCode.SEVERAL_FIT
    assert found[1].reasons[-1].code is ReasonCode.ANOTHER_FITS_BETTER


def test_equal_placeholders_are_no_evidence() -> None:
    placeholder = make_placeholder_email(
        "quickbooks", company_id=1, remote_account_id="1", remote_id="1"
    )
    with_it = Party("1", "Ann Brandt", email_text=placeholder)
    without = Party("1", "Ann Brandt")
    ours = replace(ANN, email_text=placeholder)

    with_placeholder = _match_among_strangers([ours], [with_it])

    assert _texts(with_placeholder) == _texts(
        _match_among_strangers([replace(ours, email_text="")], [without])
    )


@pytest.mark.parametrize(
    "odd",
    [
        Party("x"),
        Party("x", phone_text="call Bob"),
        Party("x", phone_text="415 555 0123"),
        Party("x", "A" * 10_000, "B " * 5_000, "C" * 10_000, "D #1 " * 2_000),
        Party("x", "שרה כהן", email_text="info@example.com"),
        Party("x", "王伟", "伟", "王"),
        Party("x", "\x00\ud800 ,,,", "&", "and", "###", "@@@", ";;;", "#", "--"),
        Party("x", "and and and", "and", "and"),
        Party("x", "Jr Sr III", "Jr", "Sr"),
    ],
)
def test_odd_customers_are_matched_with_themselves_or_nobody(odd: Party) -> None:
    found = _match_among_strangers([odd, ANN], [odd, ANN])

    assert [one.their_id for one in found if one.tier is Tier.EXACT and one.our_id == "ann"] == [
        "ann"
    ]
    assert all(one.sentence for one in found)


def test_names_in_other_scripts_are_matched() -> None:
    sara = Party("1", "שרה כהן", "שרה", "כהן", email_text="sara@example.com")

    assert _tier(sara, replace(sara, party_id="2")) is Tier.EXACT


def test_empty_lists_have_no_suggestions() -> None:
    assert match([], []) == match([ANN], []) == match([], [ANN]) == []


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
    found = match([*lists.ours, *lists.ours[:0]], [*lists.theirs, *_copies(lists.theirs, seed)])

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
    keys = blocking_keys(clean_party(ANN))
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
