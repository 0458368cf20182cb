"""What a search takes for the same, and what lists are ordered by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.text_keys import (
    _SEARCHED_AS,
    KNOWN_CHARACTERS_MAX,
    SORT_KEY_CHARACTERS,
    search_fold,
    search_text,
    searched_texts,
    sort_key,
)


def _is_found(query: str, text: str) -> bool:
    return any(wanted in text for wanted in searched_texts(query))


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("lukasz", "Łukasz"),
        ("lodz", "Łódź"),
        ("garcia", "García"),
        ("GARCÍA", "Garcia"),
        ("strasse", "Straße"),
        ("oresund", "Øresund"),
        ("aether", "Æther"),
        ("dorde", "Đorđe"),
        ("istanbul", "İstanbul"),
        ("diyarbakir", "Diyarbakır"),
        ("hafthor", "Hafþór"),
        ("jose", "Jose\u0301"),
        ("o'brien", "O’Brien"),
        ("smith-jones", "Smith–Jones"),
        ("abc", "ＡＢＣ"),
        ("lighthouse", "Light\u200bhouse"),
        ("brown  &  sons", "Brown & Sons"),
        ("иогурт", "Йогурт"),
    ],
)
def test_case_accents_and_width_make_no_difference(query: str, name: str) -> None:
    assert _is_found(query, search_text(name))


@pytest.mark.parametrize(
    "query",
    ["(312) 555-0142", "312.555.0142", "3125550142", "+1 312 555 0142", "555-0142", "0142"],
)
@pytest.mark.parametrize("phone", ["(312) 555-0142", "+1 312-555-0142", "call Bob: 312 555 0142"])
def test_a_phone_is_found_however_it_is_written(query: str, phone: str) -> None:
    assert _is_found(query, search_text("Ada", phone=phone))


def test_other_phones_are_found_as_well() -> None:
    text = search_text("Ada", phone="555 0100", other_phones=("0044 20 7946 0958",))

    assert _is_found("+44 (0)20 7946 0958", text)


def test_the_same_number_of_another_area_is_not_found() -> None:
    assert not _is_found("(650) 555-0142", search_text("Ada", phone="570-555-0142"))


def test_words_beside_a_phone_are_found() -> None:
    assert _is_found("ask for bob", search_text("Ada", phone="555 0100, ask for Bob"))


def test_a_name_like_a_number_is_found_as_it_is_written() -> None:
    assert _is_found("1-800", search_text("1-800 Plumbing"))


def test_digits_of_names_and_addresses_do_not_run_together() -> None:
    assert not _is_found("1212", search_text("Unit 12", "12 Main Street"))


def test_what_another_line_holds_is_not_kept_twice() -> None:
    text = search_text("Ada Abbott", "Ada Abbott", "Abbott", phone="")

    assert text == "ada abbott"


def test_a_query_of_blanks_looks_for_nothing() -> None:
    assert searched_texts(" \t\0\u200b") == ()


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    folded = search_fold(text)

    assert search_fold(folded) == folded


@given(st.text(min_size=1), st.text())
def test_every_name_finds_itself(name: str, company: str) -> None:
    text = search_text(name, company)

    assert not searched_texts(name) or _is_found(name, text)


@given(st.text(max_size=1000))
def test_a_sort_key_fits_its_column(name: str) -> None:
    assert len(sort_key(name)) <= SORT_KEY_CHARACTERS


def test_only_so_many_characters_are_remembered_and_the_others_searched_all_the_same() -> None:
    every_letter = "".join(map(chr, range(0x4E00, 0x4E00 + 2 * KNOWN_CHARACTERS_MAX)))
    search_fold(every_letter)

    assert len(_SEARCHED_AS) == KNOWN_CHARACTERS_MAX
    assert search_fold("\U0001d400\U0001f600") == "a\U0001f600"
