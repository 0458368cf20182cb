"""Numbers, money and times as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from blueprints.words import (
    by_day,
    clock_time,
    count_of,
    dated,
    day,
    day_name,
    many_of,
    money,
    moneys,
    number,
    stamped,
    until,
    weekday_time,
    when,
    when_exactly,
    zone_in_words,
)
from services.review_rows import Balance

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


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(hours=10), "yesterday, 23:00"),
        (timedelta(days=1, hours=10), "18 Nov 23:00"),
        (timedelta(days=400), "16 Oct 2025 10:00"),
    ],
)
def test_an_older_moment_may_keep_its_time(age: timedelta, text: str) -> None:
    assert when_exactly(NOW - age, now=NOW, zone=NEW_YORK) == text


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


def test_tables_show_the_year_and_the_companys_own_day() -> None:
    at = datetime(2026, 11, 20, 3, 5, tzinfo=UTC)

    assert dated(at, zone=NEW_YORK) == "19 Nov 2026"
    assert stamped(at, zone=NEW_YORK) == "19 Nov 2026, 22:05"


@pytest.mark.parametrize(
    ("on", "text"), [(date(2026, 11, 3), "3 Nov"), (date(2025, 11, 3), "3 Nov 2025")]
)
def test_a_day_of_another_year_says_which(on: date, text: str) -> None:
    assert day_name(on, now=NOW, zone=NEW_YORK) == text


def test_a_day_can_be_written_out() -> None:
    text = day_name(date(2026, 11, 3), now=NOW, zone=NEW_YORK, long=True)

    assert text == "Tuesday, 3 November 2026"


@pytest.mark.parametrize(
    ("hour", "text"),
    [
        (12, "Sat 21 Nov, 07:00 (12:00 UTC)"),
        (2, "Fri 20 Nov, 21:00 (Sat 21 Nov, 02:00 UTC)"),
    ],
)
def test_a_moment_to_come_is_written_in_both_clocks(hour: int, text: str) -> None:
    at = datetime(2026, 11, 21, hour, tzinfo=UTC)

    assert weekday_time(at, zone=NEW_YORK) == text


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (timedelta(seconds=29), "at 09:00:29"),
        (timedelta(minutes=59), "at 09:59:00"),
        (timedelta(hours=1), "at 10:00"),
        (timedelta(days=1), "on 21 Nov at 09:00"),
    ],
)
def test_a_wait_ends_at_a_time_on_the_clock(wait: timedelta, text: str) -> None:
    assert clock_time(NOW + wait, now=NOW, zone=NEW_YORK) == text


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (timedelta(hours=14, minutes=58), "today at 23:58"),
        (timedelta(hours=16), "on 21 Nov"),
        (timedelta(days=50), "on 9 Jan 2027"),
    ],
)
def test_an_end_on_the_same_day_has_its_time(wait: timedelta, text: str) -> None:
    assert by_day(NOW + wait, now=NOW, zone=NEW_YORK) == text


def test_the_nouns_of_providers_have_a_plural() -> None:
    nouns = [many_of(noun) for noun in ("company", "organisation", "business")]

    assert nouns == ["companies", "organisations", "businesses"]


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "UTC"),
        ("Europe/Berlin", "Berlin time"),
        ("America/New_York", "New York time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("Etc/GMT+5", "Etc/GMT+5"),
    ],
)
def test_a_zone_is_named_after_its_place(zone: str, text: str) -> None:
    assert zone_in_words(zone) == text
