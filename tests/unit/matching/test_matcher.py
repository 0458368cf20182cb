"""Two lists in, suggestions out: the cases that a shop has, and what must hold for any list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from services.matching.matcher import match
from services.matching.party import Party
from services.matching.reasons import ReasonCode
from services.matching.tiers import Suggestion, Tier
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


def test_a_person_who_is_the_contact_of_a_company_has_not_its_name() -> None:
    firm = Party("f", "Eagle Roofing", "Ann", "Brandt", company_name="Eagle Roofing")

    found = _match_among_strangers([firm], [replace(ANN, party_id="1")])

    assert found[0].tier is Tier.LIKELY
    assert found[0].sentence == "Same contact person."


def test_a_firm_with_another_mailbox_at_one_phone_is_exact_and_a_person_is_not() -> None:
    firm = Party("f", "Eagle Roofing LLC", email_text="a@example.com", phone_text="415 555 0123")
    person = replace(ANN, street="", city="", postcode="")

    assert _tier(firm, replace(firm, party_id="1", email_text="b@example.com")) is Tier.EXACT
    assert _tier(person, replace(person, party_id="1", email_text="b@example.com")) is Tier.LIKELY


@pytest.mark.parametrize(
    "changes",
    [
        {"phone_text": "415 555 0124"},
        {"phone_text": "", "last_name": "Brandtt", "display_name": "Ann Brandtt"},
    ],
)
def test_one_slip_among_what_else_agrees_is_exact(changes: dict[str, str]) -> None:
    ours = replace(ANN, email_text="")

    assert _tier(ours, replace(ours, party_id="1", **changes)) is Tier.EXACT


def test_the_same_name_with_the_address_of_a_job_is_asked_about() -> None:
    theirs = replace(ANN, party_id="1", display_name="Ann Brandt - 77 Birch Rd")

    found = _match_among_strangers([ANN], [theirs])

    assert found[0].tier is not Tier.EXACT
    assert "another address in the name" in found[0].sentence


@pytest.mark.parametrize(("first", "last"), [("Brandt", "A"), ("Brandt", "Annie")])
def test_a_name_swapped_and_shortened_is_found_and_never_exact(first: str, last: str) -> None:
    theirs = replace(ANN, party_id="1", display_name="", first_name=first, last_name=last)

    assert _tier(ANN, theirs) is Tier.LIKELY


def test_one_mailbox_name_at_two_providers_may_be_two_namesakes() -> None:
    ours = Party("o", "大輔 青木", "大輔", "青木", email_text="daisuke.aoki@example.com")
    theirs = replace(ours, party_id="t", email_text="daisuke.aoki@example.org")

    assert _tier(ours, theirs) is Tier.LIKELY
