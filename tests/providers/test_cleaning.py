"""Values from the books become storable or count as not given."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.providers.cleaning import (
    cents,
    clean_emails,
    clean_text,
    currency_code,
    is_false,
    is_true,
    utc_moment,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  Ana Ito  ", "Ana Ito"),
        ("Ana\r\nIto", "Ana Ito"),
        ("Ana\u2028Ito\tInc", "Ana Ito Inc"),
        ("A\x00n\x07a\x9f", "Ana"),
        ("A\ud83dna", "Ana"),
        ("Café 😀 \u202egnihton", "Café 😀 \u202egnihton"),
        ("Jose\u0301", "Jose\u0301"),
        ("<script>", "<script>"),
        ("\u200b\u200d \u2060", ""),
        ("\n", ""),
        ("0", "0"),
        (7, ""),
        (None, ""),
        (["Ana"], ""),
        ({"value": "Ana"}, ""),
        (True, ""),
    ],
)
def test_text_is_one_line_that_can_be_stored(value, text):
    assert clean_text(value) == text


def test_a_long_text_is_cut_with_a_mark():
    text = clean_text("x" * 1_000_000)

    assert text == "x" * 499 + "…"


def test_a_text_of_exactly_the_limit_is_whole():
    assert clean_text("x" * 500) == "x" * 500


def test_too_many_addresses_are_cut_between_two():
    text = clean_emails("joe@example.com, " * 100)

    assert len(text) <= 1_000
    assert set(text.split(", ")) == {"joe@example.com"}


def test_one_endless_address_is_none():
    assert clean_emails("a" * 1_001) == ""


def test_addresses_keep_their_separators():
    assert clean_emails(" a@x.example;\r\nb@y.example ") == "a@x.example; b@y.example"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("310.25"), 31_025),
        (0, 0),
        (-12, -1_200),
        ("12.5", 1_250),
        (Decimal("0.005"), 0),
        (Decimal("0.015"), 2),
        (1.1, 110),
        (None, None),
        (True, None),
        ("", None),
        ("a lot", None),
        ("NaN", None),
        (Decimal("Infinity"), None),
        (Decimal("sNaN"), None),
        (10**16, None),
        (Decimal("1e9999"), None),
        (Decimal("-1e9999999"), None),
        ("1e9999999", None),
        (Decimal("1e-9999999"), 0),
        ([1], None),
    ],
)
def test_amounts_become_whole_cents(value, expected):
    assert cents(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-06-30T16:04:10-07:00", datetime(2026, 6, 30, 23, 4, 10, tzinfo=UTC)),
        ("2026-06-30T23:04:10Z", datetime(2026, 6, 30, 23, 4, 10, tzinfo=UTC)),
        ("2026-06-30T16:04:10", None),
        ("2026-06-30", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-10:00", None),
        ("yesterday", None),
        ("", None),
        (1_750_000_000, None),
        (None, None),
    ],
)
def test_times_are_read_only_with_their_offset(value, expected):
    assert utc_moment(value) == expected


@pytest.mark.parametrize(
    ("value", "code"), [("USD", "USD"), ("cad", "CAD"), ("US", ""), ("U5D", ""), (840, "")]
)
def test_a_currency_is_three_letters(value, code):
    assert currency_code(value) == code


@pytest.mark.parametrize(
    ("value", "yes", "no"),
    [(True, True, False), ("True", True, False), (False, False, True), ("false", False, True)]
    + [(value, False, False) for value in (None, 0, 1, "", "no", [])],
)
def test_yes_and_no_are_read_and_everything_else_is_neither(value, yes, no):
    assert (is_true(value), is_false(value)) == (yes, no)


@given(ANYTHING)
def test_no_value_raises(value):
    text, emails = clean_text(value), clean_emails(value)

    assert len(text) <= 500 and len(emails) <= 1_000
    assert "\x00" not in text and "\n" not in text
    text.encode("utf-8")
    assert cents(value) is None or isinstance(cents(value), int)
    assert utc_moment(value) is None or utc_moment(value).tzinfo is UTC
    assert len(currency_code(value)) in (0, 3)
