"""How alike names are, part by part."""

from __future__ import annotations

import pytest

from services.matching.cleaned import CleanedParty, clean_party
from services.matching.company_names import compare_companies
from services.matching.contacts import closest_email, has_phone_slip
from services.matching.given_names import are_forms_of_one_name
from services.matching.levels import CompanyLevel, EmailLevel, NameLevel, NumberConflict
from services.matching.name_parts import Likeness, judge_first_names, judge_last_names
from services.matching.party import Party
from services.matching.places import are_one_street
from services.matching.reasons import Reason, ReasonCode, explain


def _likeness(one: str, other: str, *, is_rare: bool = True) -> Likeness:
    from rapidfuzz.distance import OSA, JaroWinkler

    similarity = JaroWinkler.normalized_similarity(one, other)
    return Likeness(one, other, similarity, OSA.distance(one, other), is_rare)


def _word_bits(word: str) -> float:
    return 2.0 if word in {"roofing", "dental", "services"} else 10.0


def _cleaned(**fields: str) -> CleanedParty:
    return clean_party(Party("1", **fields))


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("robert", "bob", NameLevel.SHORT_FORM),
        ("bob", "rob", NameLevel.SHORT_FORM),
        ("b", "bob", NameLevel.INITIAL),
        ("b", "ann", NameLevel.DIFFERENT),
        ("robert", "robret", NameLevel.TYPO),
        ("dan", "don", NameLevel.SIMILAR),
        ("ann", "anna", NameLevel.SHORT_FORM),
        ("ann", "frederick", NameLevel.DIFFERENT),
    ],
)
def test_first_names_are_judged(one: str, other: str, level: NameLevel) -> None:
    assert judge_first_names(_likeness(one, other)) == level
    assert judge_first_names(_likeness(other, one)) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("brannigan", "branigan", NameLevel.TYPO),
        ("smith", "smithjones", NameLevel.TYPO),
        ("lee", "low", NameLevel.DIFFERENT),
    ],
)
def test_last_names_are_judged(one: str, other: str, level: NameLevel) -> None:
    assert judge_last_names(_likeness(one, other)) == level
    assert judge_last_names(_likeness(other, one)) == level


def test_a_common_name_is_no_slip_of_another() -> None:
    assert judge_first_names(_likeness("xanda", "xanta", is_rare=False)) == NameLevel.SIMILAR


def test_two_full_names_are_no_forms_of_each_other() -> None:
    assert are_forms_of_one_name("elizabeth", "liz")
    assert not are_forms_of_one_name("robert", "elizabeth")


@pytest.mark.parametrize(
    ("ours", "theirs", "level"),
    [
        ("eagle roofing", "eagle roofing", CompanyLevel.SAME),
        ("all bright", "allbright", CompanyLevel.SAME),
        ("eagle roofing", "eagel roofing", CompanyLevel.NEAR),
        ("eagle roofing", "eagle", CompanyLevel.NEAR),
        ("eagle falcon roofing", "eagle roofing", CompanyLevel.CONTAINED),
        ("eagle roofing", "falcon roofing", CompanyLevel.DIFFERENT),
        ("eagle roofing 12", "eagle roofing 14", CompanyLevel.DIFFERENT),
        ("", "eagle", CompanyLevel.MISSING),
    ],
)
def test_names_of_companies_are_judged(ours: str, theirs: str, level: CompanyLevel) -> None:
    found = compare_companies(ours.split(), theirs.split(), towns=(), bits=_word_bits)

    assert found.level == level


def test_other_numbers_are_told_from_a_missing_one() -> None:
    def conflict(ours: str, theirs: str) -> NumberConflict:
        return compare_companies(ours.split(), theirs.split(), towns=(), bits=_word_bits).conflict

    assert conflict("eagle 12", "eagle 14") == NumberConflict.OTHER_NUMBER
    assert conflict("eagle 12", "eagle") == NumberConflict.ONE_SIDED
    assert conflict("eagle 12", "eagle 12") == NumberConflict.NONE


def test_a_town_in_one_name_says_little_and_two_towns_much() -> None:
    towns = ("thalby", "norwick")
    one = compare_companies(["eagle", "thalby"], ["eagle"], towns=towns, bits=_word_bits)
    two = compare_companies(["eagle", "thalby"], ["eagle", "norwick"], towns=towns, bits=_word_bits)

    assert one.level >= CompanyLevel.NEAR
    assert two.level < CompanyLevel.NEAR


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("ann.brandt@example.com", "ann.brandt@example.org", EmailLevel.SIMILAR),
        ("skylark77@example.com", "skylark77@example.org", EmailLevel.SLIP),
        ("ann.brandt@example.com", "ann.brnadt@example.com", EmailLevel.SLIP),
        ("ann.brandt1@example.com", "ann.brandt2@example.com", EmailLevel.SIMILAR),
        ("ann.brandt@example.com", "annbrandt@example.com", EmailLevel.SIMILAR),
        ("info@alder.example.com", "info@birch.example.com", EmailLevel.DIFFERENT),
        ("ann@example.com", "bob@example.org", EmailLevel.DIFFERENT),
    ],
)
def test_unequal_addresses_are_judged(one: str, other: str, level: EmailLevel) -> None:
    ours = _cleaned(display_name="Ann Brandt", email_text=one)
    theirs = _cleaned(display_name="Ann Brandt", email_text=other)

    assert closest_email(ours, theirs) == level
    assert closest_email(theirs, ours) == level


def test_a_number_may_be_one_digit_off() -> None:
    ours, theirs = _cleaned(phone_text="415 555 0123"), _cleaned(phone_text="+1 415 555 0124")

    assert has_phone_slip(ours, theirs)
    assert not has_phone_slip(ours, _cleaned(phone_text="415 555 9876"))


def test_streets_share_a_telling_word_or_are_spelled_alike() -> None:
    assert are_one_street("la cienega blvd", "cienega blvd")
    assert are_one_street("alder st", "aldr st")
    assert not are_one_street("alder st", "thorn st")


@pytest.mark.parametrize("code", ReasonCode)
def test_every_reason_has_words(code: ReasonCode) -> None:
    assert Reason(code, 3).phrase
    assert "{" not in Reason(code).phrase


def test_a_sentence_says_what_speaks_for_it_and_then_what_against() -> None:
    codes = (
        Reason(ReasonCode.DIFFERENT_EMAIL),
        Reason(ReasonCode.SAME_NAME),
        Reason(ReasonCode.SHARED_PHONE, 3),
    )

    assert explain(codes) == (
        "Same name and same phone (used by 3 customers), but different e-mail."
    )
    assert explain(()) == "Little in common."
