"""Numbers, money and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from blueprints.words import count_of, day, money, moneys, number, until, when
from services.remote_lists import Balance

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def test_thousands_are_separated() -> None:
    assert (number(1204), number(0), number(1_000_000)) == ("1,204", "0", "1,000,000")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls"), (1204, "1,204 calls")]
)
def test_a_noun_follows_its_number(count: int, text: str) -> None:
    assert count_of(count, "call") == text


def test_an_irregular_plural_can_be_given() -> None:
    assert count_of(2, "reply", "replies") == "2 replies"


@pytest.mark.parametrize(
    ("currency", "cents", "text"),
    [
        ("USD", 624_000, "$6,240.00"),
        ("USD", 5, "$0.05"),
        ("USD", -123_456, "-$1,234.56"),
        ("EUR", 120_000, "EUR 1,200.00"),
        ("EUR", -5, "EUR -0.05"),
        ("", 120_000, "1,200.00"),
    ],
)
def test_money_has_its_currency(currency: str, cents: int, text: str) -> None:
    assert money(Balance(currency, cents)) == text


def test_currencies_are_never_added_up() -> None:
    text = moneys([Balance("EUR", 100), Balance("USD", 250)])

    assert text == "EUR 1.00 and $2.50"


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-5), "1 s ago"),
        (timedelta(0), "1 s ago"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(seconds=61), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "today 08:00"),
        (timedelta(hours=9), "today 00:00"),
        (timedelta(hours=10), "yesterday, 23:00"),
        (timedelta(days=1, hours=10), "18 Nov"),
        (timedelta(days=400), "16 Oct 2025"),
    ],
)
def test_a_past_moment_is_told_in_the_zone_of_the_company(age: timedelta, text: str) -> None:
    assert when(NOW - age, now=NOW, zone=NEW_YORK) == text


def test_the_day_is_that_of_the_zone() -> None:
    late = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)

    assert day(late, now=NOW, zone=NEW_YORK) == "17 Nov"


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (timedelta(seconds=-1), "in 1 s"),
        (timedelta(seconds=40), "in 40 s"),
        (timedelta(minutes=12), "in 12 min"),
        (timedelta(hours=2), "at 11:00"),
        (timedelta(days=1), "on 21 Nov at 09:00"),
    ],
)
def test_a_moment_to_come_is_told_in_the_zone_of_the_company(wait: timedelta, text: str) -> None:
    assert until(NOW + wait, now=NOW, zone=NEW_YORK) == text
