"""Local days in zones whose clocks jump, at any hour and even over a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.local_days import (
    DAY,
    day_window,
    find_zone,
    last_due_day,
    last_due_sunday,
    local_day,
    moment,
    next_due_at,
    next_due_week_at,
    start_of_today,
    zone_label,
)

ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Asia/Beirut",
    "Pacific/Kiritimati",
    "America/Havana",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "UTC",
]


@pytest.mark.parametrize("name", ZONES)
def test_days_follow_each_other_without_gap_or_overlap(name: str) -> None:
    zone = ZoneInfo(name)
    windows = [day_window(zone, date(2026, 1, 1) + DAY * number) for number in range(730)]

    ends = [window.end_at for window in windows[:-1]]

    assert ends == [window.start_at for window in windows[1:]]
    assert {window.end_at - window.start_at for window in windows} <= {
        timedelta(hours=hours) for hours in (23, 23.5, 24, 24.5, 25)
    }


@pytest.mark.parametrize("name", ZONES)
def test_a_window_holds_the_moments_of_its_day(name: str) -> None:
    zone = ZoneInfo(name)
    at = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    while at < datetime(2027, 1, 1, tzinfo=UTC):
        window = day_window(zone, local_day(zone, at))
        assert window.start_at <= at < window.end_at
        at += timedelta(hours=1)


def test_a_day_that_begins_with_a_jump_begins_at_the_jump() -> None:
    window = day_window(ZoneInfo("Asia/Beirut"), date(2026, 3, 29))

    assert window.start_at == datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert window.end_at - window.start_at == timedelta(hours=23)


def test_a_day_that_shows_midnight_twice_begins_with_the_first() -> None:
    window = day_window(ZoneInfo("America/Havana"), date(2026, 11, 1))

    assert window.start_at == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert window.end_at - window.start_at == timedelta(hours=25)


def test_a_day_that_a_zone_left_out_is_empty() -> None:
    window = day_window(ZoneInfo("Pacific/Apia"), date(2011, 12, 30))

    assert window.start_at == window.end_at


def test_an_hour_that_is_jumped_over_is_soon_after_the_jump() -> None:
    at = moment(ZoneInfo("America/New_York"), date(2026, 3, 8), hour=2)

    assert at == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_an_hour_shown_twice_is_the_first() -> None:
    at = moment(ZoneInfo("America/New_York"), date(2026, 11, 1), hour=1)

    assert at == datetime(2026, 11, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("hour", [0, 2, 7, 23])
@pytest.mark.parametrize("name", ZONES)
def test_two_years_of_ticks_make_every_day_due_once(name: str, hour: int) -> None:
    zone, at = ZoneInfo(name), datetime(2026, 1, 2, tzinfo=UTC)
    due: list[date] = []
    while at < datetime(2028, 1, 2, tzinfo=UTC):
        day = last_due_day(zone, hour=hour, now=at)
        if not due or due[-1] != day:
            due.append(day)
        at += timedelta(hours=1)

    assert due == [due[0] + DAY * number for number in range(len(due))]
    assert len(due) in (730, 731)


def test_the_hour_makes_yesterday_due() -> None:
    zone, hour_at = ZoneInfo("Europe/Berlin"), datetime(2026, 11, 20, 6, tzinfo=UTC)

    before = last_due_day(zone, hour=7, now=hour_at - timedelta(seconds=1))

    assert before == date(2026, 11, 18)
    assert last_due_day(zone, hour=7, now=hour_at) == date(2026, 11, 19)


def test_at_midnight_a_day_is_due_once_it_has_settled() -> None:
    zone, due_at = ZoneInfo("Europe/Berlin"), datetime(2026, 11, 22, 23, 5, tzinfo=UTC)
    before = due_at - timedelta(seconds=1)

    assert last_due_day(zone, hour=0, now=before) == date(2026, 11, 21)
    assert last_due_day(zone, hour=0, now=due_at) == date(2026, 11, 22)
    assert next_due_at(zone, hour=0, now=before) == due_at
    assert next_due_week_at(zone, hour=0, now=before) == due_at


def test_the_next_hour_is_later_today_or_tomorrow() -> None:
    zone, now = ZoneInfo("Europe/Berlin"), datetime(2026, 11, 20, 6, tzinfo=UTC)

    assert next_due_at(zone, hour=7, now=now) == now + DAY
    assert next_due_at(zone, hour=8, now=now) == now + timedelta(hours=1)
    assert start_of_today(zone, now=now) == datetime(2026, 11, 19, 23, tzinfo=UTC)


def test_the_hour_of_monday_makes_the_week_due() -> None:
    zone, hour_at = ZoneInfo("Europe/Berlin"), datetime(2026, 11, 23, 6, tzinfo=UTC)
    before, sunday = hour_at - timedelta(seconds=1), date(2026, 11, 22)

    due = [last_due_sunday(zone, hour=7, now=hour_at + DAY * days) for days in range(8)]

    assert last_due_sunday(zone, hour=7, now=before) == sunday - 7 * DAY
    assert due == [sunday] * 7 + [sunday + 7 * DAY]
    assert next_due_week_at(zone, hour=7, now=before) == hour_at
    assert next_due_week_at(zone, hour=7, now=hour_at) == hour_at + 7 * DAY


@pytest.mark.parametrize("name", ["Atlantis/Capital", "", "../etc/passwd", "a\x00b"])
def test_an_unknown_zone_is_utc_with_a_warning(name: str, caplog: pytest.LogCaptureFixture) -> None:
    zone = find_zone(name)

    assert zone.key == "UTC"
    assert "unknown" in caplog.text


def test_a_zone_is_called_by_its_city() -> None:
    names = ("America/New_York", "America/Argentina/Buenos_Aires", "UTC")

    assert [zone_label(name) for name in names] == ["New York", "Buenos Aires", "UTC"]
