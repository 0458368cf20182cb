"""Addresses as people and books write them."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from services.email_addresses import (
    UnusableAddress,
    email_key,
    first_usable_address,
    normalise_address,
)

ADDRESSES = st.from_regex(
    r"[a-zA-Z][a-zA-Z0-9._-]{0,10}[a-z]@[a-zA-Z]{1,8}\.(com|org)", fullmatch=True
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ann@example.com", "ann@example.com"),
        (" ann@example.com\n", "ann@example.com"),
        ("Ann@Example.COM", "Ann@example.com"),
        ("ann@example.com, ben@example.com", "ann@example.com"),
        ("ann@example.com; ben@example.com", "ann@example.com"),
        ("ann@example.com ben@example.com", "ann@example.com"),
        ("nobody, ben@example.com", "ben@example.com"),
        ("ann@, ben@example.com", "ben@example.com"),
        ("Ann Brandt <ann@example.com>", "ann@example.com"),
        ('"Brandt, Ann" <ann@example.com>', "ann@example.com"),
        ("(ann@example.com)", "ann@example.com"),
        ("mailto:ann@example.com", "ann@example.com"),
        ("MAILTO:ann@example.com", "ann@example.com"),
        ("ann@example.com.", "ann@example.com"),
        ("'ann@example.com'", "ann@example.com"),
        ("ann@example.com\r\nBcc: eve@example.com", "ann@example.com"),
        ("ann@bücher.example.com", "ann@xn--bcher-kva.example.com"),
        ("x@placeholder.local, ann@example.com", "ann@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
    ],
)
def test_the_first_usable_address_is_chosen(text: str, address: str) -> None:
    assert first_usable_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "n/a",
        "none",
        "no e-mail",
        "@",
        "ann@",
        "@example.com",
        "ann@localhost",
        "ann@example",
        "ann@@example.com",
        "ann at example.com",
        "X@PLACEHOLDER.LOCAL",
        "ann@192.168.0.1",
        "a" * 250 + "@example.com",
        "ann\x00@example.com",
        "@" * 2000,
    ],
)
def test_rubbish_is_no_address(text: str) -> None:
    assert first_usable_address(text) is None


def test_a_placeholder_cannot_be_given_as_an_address() -> None:
    with pytest.raises(UnusableAddress, match="reaches nobody"):
        normalise_address("x@placeholder.local")


def test_an_endless_address_is_refused_by_its_length() -> None:
    with pytest.raises(UnusableAddress, match="too long"):
        normalise_address("a" * 400 + "@example.com")


def test_keys_are_equal_for_two_spellings_and_differ_for_two_people() -> None:
    assert email_key(" Ann@Example.com ") == email_key("ann@example.COM")
    assert email_key("ann@example.com") != email_key("anna@example.com")


def test_a_key_keeps_letters_that_are_not_the_same_letter() -> None:
    assert email_key("weiß@example.com") != email_key("weiss@example.com")


@given(address=ADDRESSES)
def test_normalising_twice_changes_nothing_more(address: str) -> None:
    once = first_usable_address(address)

    assert once is None or normalise_address(once) == once


@given(text=st.text(max_size=60))
def test_any_text_gives_an_address_or_nothing(text: str) -> None:
    address = first_usable_address(text)

    assert address is None or normalise_address(address) == address


@given(first=ADDRESSES, second=ADDRESSES, between=st.sampled_from([",", ";", " ", ", ", "\n", "<"]))
def test_the_first_of_two_is_chosen_whatever_stands_between(
    first: str, second: str, between: str
) -> None:
    expected = first_usable_address(first) or first_usable_address(second)

    assert first_usable_address(first + between + second) == expected


@given(
    st.lists(st.text("abzAZ09-é", max_size=5), min_size=1, max_size=4),
    st.sampled_from(("com", "Example", "local", "TEST", "arpa", "x", "c1", "1", "")),
)
def test_a_domain_is_judged_as_the_library_judges_it(labels: list[str], ending: str) -> None:
    address = "x@" + ".".join((*labels, ending))
    try:
        judged = validate_email(address, check_deliverability=False).ascii_domain
    except EmailNotValidError:
        judged = None

    try:
        ours = normalise_address(address).partition("@")[2]
    except UnusableAddress:
        ours = None

    assert ours == judged
