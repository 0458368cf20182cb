"""Passwords: length counts, composition does not, and what is guessed first is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import passwords
from services.account_errors import WeakPassword
from services.passwords import check_new_password, is_password

PERSONAL = ("ada.brandt@example.com", "Ada Brandt", "Harbor Heating & Air", "harbor")


@pytest.mark.parametrize(
    "password",
    [
        "demo-password",
        "twelve chars",
        "          a gap?",
        "只有十二個字的密碼可以嗎",
        "🔑🔑🔒🔓 keys and locks",
        "481516234214",
        "summer rain 2026",
        "harbor of a thousand ships",
        "v" * 100 + "wxyz" * 25,
    ],
)
def test_any_characters_make_a_password(password: str) -> None:
    check_new_password(password, personal=PERSONAL)


@pytest.mark.parametrize("size", [0, 1, 11, 201, 5_000])
def test_a_password_has_twelve_to_two_hundred_characters(size: int) -> None:
    with pytest.raises(WeakPassword, match=rf"12 to 200 characters; this one has {size:,}\."):
        check_new_password("correct horse battery staple!"[:size].ljust(size, "é"))


@pytest.mark.parametrize("password", ["password1234", "PassWordPassWord", "123456789012"])
def test_a_common_password_is_refused_however_it_is_written(password: str) -> None:
    with pytest.raises(WeakPassword, match="one of the most common ones"):
        check_new_password(password)


@pytest.mark.parametrize(
    "password",
    ["Password1234!", "letmein12345", "2026!iloveyou", "Summer2026!!", "passwordpassword-1"],
)
def test_digits_and_signs_round_a_common_password_do_not_help(password: str) -> None:
    with pytest.raises(WeakPassword, match="with digits or signs round it"):
        check_new_password(password)


@pytest.mark.parametrize("password", ["zzzzzzzzzzzzzz", "Xq7!xQ7!Xq7!x", "hunter42hunter42"])
def test_a_short_piece_again_and_again_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword, match="again and again"):
        check_new_password(password)


@pytest.mark.parametrize("password", ["aaaaaaaaaaab", "aB1!" + "!1Ba" * 3, "x" * 100 + "y" * 100])
def test_very_few_different_characters_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword, match="needs more than 4 different characters"):
        check_new_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "ada.brandt@example.com",
        "Harbor-Heating-2026!",
        "**BlueClerk 2026**",
        "BrandtAda1987",
        "adaADA harborAIR 0",
    ],
)
def test_names_that_others_know_make_no_password(password: str) -> None:
    with pytest.raises(WeakPassword, match="names and addresses that others know"):
        check_new_password(password, personal=PERSONAL)


def test_a_name_in_a_longer_password_does_no_harm() -> None:
    check_new_password("ada keeps nine bees", personal=PERSONAL)


def test_many_ways_to_cut_a_name_take_no_longer() -> None:
    pieces = ["aa", "aaa", "aaaa", "aaaaa"]

    check_new_password("a" * 180 + "only this is left", personal=pieces)


def test_half_a_character_is_no_password_and_fits_none() -> None:
    password = "half of a pair \ud83d"

    with pytest.raises(WeakPassword, match="cannot be stored"):
        check_new_password(password)
    assert not is_password(passwords.hash_of_nobody(), password)


@pytest.mark.parametrize(
    ("path", "count", "sizes"),
    [
        (passwords.COMMON_PASSWORDS, 10_000, range(12, 201)),
        (passwords.COMMON_SHORT_PASSWORDS, 1_000, range(4, 12)),
    ],
)
def test_the_lists_hold_what_they_say(path: Path, count: int, sizes: range) -> None:
    listed = passwords._listed(path)

    assert len(listed) == count
    assert all(len(password) in sizes for password in listed)
    assert all(password == password.casefold() for password in listed)
