"""Fields of customers in comparable parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.addresses import StreetAddress, clean_street
from services.matching.cleaned import clean_party
from services.matching.emails import clean_emails, is_role_mailbox, mailbox_of
from services.matching.keeping import from_text, to_text
from services.matching.names import PersonName, read_display_name, read_person
from services.matching.party import Party, party_from_record, read_address
from services.matching.phones import Phones, clean_phones
from services.matching.sounds import sound_of
from services.matching.words import fold, words_of
from services.placeholder_email import make_placeholder_email
from services.providers.contract import CustomerRecord

LETTERS = st.text(st.characters(categories=["L", "M", "N", "P", "Z", "S"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("L.L.C.", ("llc",)),
        ("A/S", ("as",)),
        ("Müller & Søn", ("muller", "and", "son")),
        ("O’Brien's", ("obriens",)),
        ("\u200bＡnn\u00ad", ("ann",)),
        ("שרה כהן", ("שרה", "כהן")),
        ("प्रिया शर्मा", ("प्रिया", "शर्मा")),
        ("王伟", ("王伟",)),
        ("  \u202eAnn\u202c ", ("ann",)),
        ("", ()),
    ],
)
def test_spellings_of_one_text_have_the_same_words(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


@given(LETTERS)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("display", "person"),
    [
        ("Ann Lee", PersonName(("ann",), "lee")),
        ("Lee, Ann", PersonName(("ann",), "lee")),
        ("LEE,ANN M.", PersonName(("ann",), "lee")),
        ("Dr Ann Lee (2)", PersonName(("ann",), "lee")),
        ("Ann Lee - Customer", PersonName(("ann",), "lee")),
        ("Ann Lee 1", PersonName(("ann",), "lee")),
        ("Ann & Bob Lee", PersonName(("ann", "bob"), "lee")),
        ("Ann Lee and Bob Lee", PersonName(("ann", "bob"), "lee")),
        ("Jan van der Berg", PersonName(("jan",), "vanderberg")),
        ("Bob Lee Jr.", PersonName(("bob",), "lee", "jr")),
        ("Lee, Bob, Sr", PersonName(("lee",), "bob", "sr")),
        ("Bob Lee III", PersonName(("bob",), "lee", "iii")),
        ("Ann", PersonName()),
        ("", PersonName()),
    ],
)
def test_a_person_is_read_from_a_display_name(display: str, person: PersonName) -> None:
    assert read_display_name(display).person == person


@pytest.mark.parametrize(
    ("display", "words"),
    [
        ("Eagle Roofing L.L.C.", ("eagle", "roofing")),
        ("The Eagle Roofing Co", ("eagle", "roofing")),
        ("Eagle Bros. Svcs, Inc.", ("eagle", "brothers", "services")),
        ("Eagle Roofing #12", ("eagle", "roofing", "12")),
        ("Company Inc", ("company", "inc")),
        ("Oak Partners II", ("oak", "partners", "2")),
        ("Eagle Senior Care LLC", ("eagle", "senior", "care")),
    ],
)
def test_a_company_is_compared_without_its_legal_form(display: str, words: tuple[str, ...]) -> None:
    read = read_display_name(display)

    assert read.is_business
    assert read.words == words


def test_the_address_of_a_job_is_taken_off_a_name_and_kept() -> None:
    display = "Ann Lee - 12 Alder St"

    cleaned = clean_party(Party("1", display))
    with_address = clean_party(Party("1", display, street="9 Birch Rd"))

    assert cleaned.person == PersonName(("ann",), "lee", "12")
    assert cleaned.address == StreetAddress("12", "alder st")
    assert with_address.address == StreetAddress("9", "birch rd")


@pytest.mark.parametrize("display", ["Ann Lee-12", "Ann Lee - Client", "Lee - Ann", "Area 51 - 7"])
def test_what_follows_a_dash_is_an_address_only_with_number_and_street(display: str) -> None:
    assert read_display_name(display).site == ""


def test_an_elder_is_known_among_people_and_not_among_companies() -> None:
    home = clean_party(Party("1", "Eagle Senior Living", company_name="Eagle Senior Living"))

    assert home.words == ("eagle", "senior", "living")
    assert home.person.generation == ""


def test_both_of_a_couple_are_read_from_the_first_name_field() -> None:
    assert read_person("Ann & Bob", "Lee") == PersonName(("ann", "bob"), "lee")


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("Ann@Mail.example.com", ("ann@mail.example.com",)),
        (
            "a.lee@example.com; b.lee@example.org , a.lee@example.com",
            ("a.lee@example.com", "b.lee@example.org"),
        ),
        ("Ann Lee <mailto:ann@example.com>", ("ann@example.com",)),
        ("noemail@example.com", ()),
        ("x@none.com", ()),
        ("none", ()),
        ("a@b@example.com", ()),
        ("@example.com", ()),
        ("ann@example", ()),
    ],
)
def test_addresses_are_taken_out_of_whatever_stands_there(
    text: str, addresses: tuple[str, ...]
) -> None:
    assert clean_emails(text) == addresses


@given(st.text(max_size=30), st.text(max_size=30), st.integers(0, 10**6))
def test_a_placeholder_is_never_evidence(before: str, after: str, number: int) -> None:
    placeholder = make_placeholder_email(
        "xero", company_id=number, remote_account_id="a", remote_id="b"
    )

    for text in (placeholder, f"{before} {placeholder.upper()}; {after}", f"<{placeholder}.>"):
        assert not [one for one in clean_emails(text) if one.startswith("xero-")]


def test_an_address_cut_in_two_is_left_out() -> None:
    text = "x " * 995 + "ann@example.community"

    assert clean_emails(text) == ()


def test_a_tag_belongs_to_the_mailbox_and_a_dot_does_not() -> None:
    assert mailbox_of("ann+bills@example.com") == "ann@example.com"
    assert mailbox_of("a.nn@example.com") == "a.nn@example.com"
    assert is_role_mailbox("info+web@example.com")
    assert not is_role_mailbox("ann@example.com")


@pytest.mark.parametrize(
    ("text", "region", "phones"),
    [
        ("(415) 555-0123", "US", Phones(("+14155550123",))),
        ("1-415-555-0123 ext. 12", "US", Phones(("+14155550123",), "12")),
        ("020 7946 0018", "GB", Phones(("+442079460018",))),
        ("+44 20 7946 0018", "US", Phones(("+442079460018",))),
        ("415 555 0123; 415 555 0124", "US", Phones(("+14155550123", "+14155550124"))),
        ("call Bob", "US", Phones()),
        ("000-000-0000", "US", Phones()),
        ("1234567890", "US", Phones()),
        ("55501", "US", Phones()),
        ("99 555 0123 4567 8912", "US", Phones(("~2345678912",))),
        ("٤١٥٥٥٥٠١٢٣", "US", Phones()),
        ("", "US", Phones()),
    ],
)
def test_numbers_have_one_form(text: str, region: str, phones: Phones) -> None:
    assert clean_phones(text, region) == phones


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("12 Alder Street, Apt 4", StreetAddress("12", "alder st", "4")),
        ("Suite 300, 12 N. Alder Ave.", StreetAddress("12", "n alder ave", "300")),
        ("12 Alder St #4", StreetAddress("12", "alder st", "4")),
        ("Alder House", StreetAddress("", "alder house")),
        ("", StreetAddress()),
    ],
)
def test_streets_are_taken_apart(text: str, parts: StreetAddress) -> None:
    assert clean_street(text) == parts


@pytest.mark.parametrize(
    ("text", "street", "city", "postcode"),
    [
        ("12 Alder St, Suite 4, Thalby, CA 94107, US", "12 Alder St", "Thalby", "94107"),
        ("Flat 2, 12 Alder St, Leeds, LS1 4AP", "Flat 2", "Leeds", "LS1 4AP"),
        ("12 Alder St\nThalby", "12 Alder St", "Thalby", ""),
        ("", "", "", ""),
    ],
)
def test_an_address_of_one_text_is_guessed_apart(
    text: str, street: str, city: str, postcode: str
) -> None:
    read = read_address(text)

    assert (read.street, read.postcode) == (street, postcode)
    assert city in {read.city, "Leeds"}


def test_a_record_of_a_provider_becomes_a_party() -> None:
    record = CustomerRecord(
        "7",
        "Lee Roofing",
        company_name="Lee Roofing",
        person_name="Ann van Lee",
        emails_text="ann@example.com",
        phone="415 555 0123",
        other_phones=("415 555 0124",),
        address="12 Alder St, Thalby, CA 94107",
    )

    cleaned = clean_party(party_from_record(record))

    assert cleaned.is_company
    assert cleaned.person == PersonName(("ann",), "vanlee")
    assert cleaned.phones.numbers == ("+14155550123", "+14155550124")
    assert cleaned.address == StreetAddress("12", "alder st")
    assert (cleaned.city, cleaned.postcode) == ("thalby", "94107")


def test_a_person_at_a_company_stays_a_person() -> None:
    party = Party("1", "Ann Lee", "Ann", "Lee", company_name="Eagle Roofing LLC")

    cleaned = clean_party(party)

    assert not cleaned.is_company
    assert cleaned.words == ("ann", "lee")
    assert cleaned.company_words == ("eagle", "roofing")


@given(st.builds(Party, st.just("1"), LETTERS, LETTERS, LETTERS, LETTERS, LETTERS, LETTERS))
def test_anything_can_be_cleaned_and_case_makes_no_difference(party: Party) -> None:
    upper = Party("1", party.display_name.upper())

    assert clean_party(party).party_id == "1"
    assert clean_party(upper).words == clean_party(Party("1", upper.display_name.lower())).words


@pytest.mark.parametrize(("one", "other"), [("philip", "filip"), ("smith", "smyth"), ("", "")])
def test_names_that_sound_alike_have_one_code(one: str, other: str) -> None:
    assert sound_of(one) == sound_of(other)


@given(st.builds(Party, st.just("1"), *[LETTERS] * 12))
def test_what_is_kept_comes_back_as_it_was(party: Party) -> None:
    cleaned = clean_party(party)

    assert from_text("1", to_text(cleaned)) == cleaned
