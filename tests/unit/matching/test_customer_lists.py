"""The generated lists that matching is measured on: repeatable, true, and full of traps."""

from __future__ import annotations

import pytest

from benchmarks.customer_lists.lists import CustomerLists, make_lists
from benchmarks.customer_lists.profiles import PROFILES

SIZE = 600
KINDS = {
    "bookkeeper",
    "family",
    "father_son",
    "franchise",
    "housemate",
    "landlord",
    "namesake",
    "office",
}


@pytest.fixture(scope="module", params=sorted(PROFILES))
def lists(request: pytest.FixtureRequest) -> CustomerLists:
    return make_lists(request.param, size=SIZE, seed=1)


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_equal_arguments_give_equal_lists(profile: str) -> None:
    assert make_lists(profile, size=60, seed=7) == make_lists(profile, size=60, seed=7)


def test_another_seed_gives_other_customers() -> None:
    assert make_lists("other", size=60, seed=7) != make_lists("other", size=60, seed=8)


def test_the_profiles_hardly_share_a_last_name() -> None:
    names = [
        {party.last_name.lower() for party in made.ours if party.last_name}
        for made in (make_lists(profile, size=SIZE, seed=1) for profile in PROFILES)
    ]

    assert len(names[0] & names[1]) <= len(names[0]) // 50


def test_half_of_each_list_is_in_both(lists: CustomerLists) -> None:
    our_ids = [party.party_id for party in lists.ours]
    their_ids = [party.party_id for party in lists.theirs]

    assert len(set(our_ids)) == len(our_ids) == SIZE
    assert len(set(their_ids)) == len(their_ids) == SIZE
    assert len(lists.truth) == SIZE // 2
    assert len({ours for ours, _ in lists.truth} & set(our_ids)) == SIZE // 2
    assert len({theirs for _, theirs in lists.truth} & set(their_ids)) == SIZE // 2


def test_every_trap_is_set_and_is_no_true_pair(lists: CustomerLists) -> None:
    ids = {party.party_id for party in (*lists.ours, *lists.theirs)}

    assert set(lists.traps.values()) == KINDS
    assert not lists.truth & lists.traps.keys()
    assert {one for pair in lists.traps for one in pair} <= ids


def test_franchises_show_numbers_and_sons_their_generation(lists: CustomerLists) -> None:
    shown = {party.party_id: party.display_name.lower() for party in (*lists.ours, *lists.theirs)}
    franchises = [shown[one] for one in _trapped(lists, "franchise")]
    sons = [shown[one] for one in _trapped(lists, "father_son")]

    assert any("#" in name for name in franchises)
    assert any(name.endswith(("jr", "jr.", "ii")) for name in sons)


@pytest.mark.parametrize("mark", [", ", "&", "(2)", "  "])
def test_names_are_written_as_bookkeeping_writes_them(lists: CustomerLists, mark: str) -> None:
    assert any(mark in party.display_name for party in lists.theirs)


def test_contacts_are_missing_changed_and_several(lists: CustomerLists) -> None:
    ours = {party.party_id: party for party in lists.ours}
    theirs = {party.party_id: party for party in lists.theirs}
    pairs = [(ours[one], theirs[other]) for one, other in lists.truth]

    assert any(not one.email_text or not other.phone_text for one, other in pairs)
    assert any(one.email_text and one.email_text == other.email_text for one, other in pairs)
    assert any(one.email_text and other.email_text != one.email_text for one, other in pairs)
    assert any(party.email_text.count("@") == 2 for party in lists.ours)


def _trapped(lists: CustomerLists, kind: str) -> list[str]:
    return [one for pair, trap in lists.traps.items() if trap == kind for one in pair]
