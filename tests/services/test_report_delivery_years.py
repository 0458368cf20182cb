"""Years of ticks in twelve zones, with workers that die: one delivery per local day."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from models import DeliveryState, Frequency, ReportDelivery
from services import report_delivery
from tests.services.report_years import DAY, Years, find_changes, no_message, no_report, open_years

MOMENT = timedelta(microseconds=1)
YEARS = 10
#: The hour that the clocks of the zone jump over, where there is one, and where its years begin.
#: Cairo and Beirut jump at midnight, Lord Howe by half an hour, Apia over a whole day, Casablanca
#: twice a year round Ramadan; the clocks of St John's went back to the day before until 2011.
ZONES = {
    "America/New_York": (2, date(2017, 1, 5)),
    "America/Santiago": (0, date(2014, 1, 5)),
    "America/St_Johns": (0, date(2007, 1, 5)),
    "Europe/Berlin": (2, date(2017, 1, 5)),
    "Africa/Cairo": (0, date(2006, 1, 5)),
    "Africa/Casablanca": (2, date(2012, 1, 5)),
    "Asia/Beirut": (0, date(2017, 1, 5)),
    "Asia/Kathmandu": (7, date(2017, 1, 5)),
    "Australia/Lord_Howe": (2, date(2017, 1, 5)),
    "Pacific/Apia": (0, date(2008, 1, 5)),
    "Pacific/Auckland": (2, date(2017, 1, 5)),
    "Pacific/Kiritimati": (0, date(2017, 1, 5)),
}
#: Where a change of the clocks is tried in the short suite as well: each kind of them once.
SHORT = ("America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia")
#: Before a change of the clocks, and in Apia before the day that never was.
DAYS_BEFORE, DAYS_AFTER = 8, 9
SKIPPED_IN_APIA = date(2011, 12, 30)


@pytest.fixture(autouse=True)
def plain_mails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_delivery, "collect_report", no_report)
    monkeypatch.setattr(report_delivery, "compose_report", no_message)


@pytest.mark.full
@pytest.mark.parametrize("zone", ZONES)
def test_ten_years_make_one_delivery_for_each_local_day(zone: str) -> None:
    hour, first_day = ZONES[zone]
    lasts = timedelta(days=365 * YEARS + 2)

    with open_years(zone, hour=hour, first_day=first_day) as years:
        years.live(years.starts_at + lasts)

    _check(years)
    assert years.ticks >= 24 * lasts.days
    server = years.server
    assert min(server.left_before, len(server.left_kept), len(server.left_handed_over)) > 0


@pytest.mark.parametrize("zone", SHORT)
def test_a_change_of_the_clocks_makes_one_delivery_for_each_local_day(zone: str) -> None:
    hour, first_day = ZONES[zone]
    with open_years(zone, hour=hour, first_day=_near_change(zone, first_day)) as years:
        years.live(years.starts_at + (DAYS_BEFORE + DAYS_AFTER) * DAY)

    _check(years)
    assert find_changes(years.zone, years.starts_at, years.clock.now)


def _near_change(zone: str, first_day: date) -> date:
    """Return a day shortly before the first change, in Apia before the day that was left out."""
    if zone == "Pacific/Apia":
        return SKIPPED_IN_APIA - DAYS_BEFORE * DAY
    with open_years(zone, hour=0, first_day=first_day) as years:
        changes = find_changes(years.zone, years.starts_at, years.starts_at + 366 * DAY)
    return changes[0].astimezone(years.zone).date() - DAYS_BEFORE * DAY


def _check(years: Years) -> None:
    """Check all rows against the calendar of the zone, and what was kept against the rows."""
    missing = {SKIPPED_IN_APIA} if years.zone.key == "Pacific/Apia" else set()
    for frequency in (Frequency.DAILY, Frequency.WEEKLY):
        rows = years.rows_of(frequency)
        assert {row.state for row in rows} == {DeliveryState.SENT}
        assert rows[0].window_start_at == years.starts_at
        assert all(a.window_end_at == b.window_start_at for a, b in pairwise(rows))
        assert all(_is_whole_days(years, row) for row in rows)
        days = Counter(day for row in rows for day in _days(row))
        existing = _existing_days(years, rows[0].first_day_on, rows[-1].day_on)
        assert set(days) - missing == existing
        assert max(days.values()) == 1
        is_weekly = frequency is Frequency.WEEKLY
        assert not is_weekly or {row.day_on.isoweekday() for row in rows} == {7}
        assert years.clock.now - rows[-1].window_end_at < (8 if is_weekly else 2) * DAY
    _check_mails(years)


def _check_mails(years: Years) -> None:
    """Each delivery is kept once, or twice where its worker died after it was kept."""
    server = years.server
    times = Counter(mail.message_id for mail in server.kept)
    assert set(times) == {row.message_id for row in years.rows}
    assert {message_id for message_id, number in times.items() if number > 1} == server.left_kept
    assert max(times.values()) <= 2
    marked = {mail.message_id for mail in server.kept if mail.is_marked}
    assert marked == server.left_kept | server.left_handed_over


def _is_whole_days(years: Years, row: ReportDelivery) -> bool:
    """Say whether the window ends where the clocks first show another day than its last."""
    last, after = ((row.window_end_at + by).astimezone(years.zone) for by in (-MOMENT, 0 * MOMENT))
    return last.date() == row.day_on < after.date()


def _days(row: ReportDelivery) -> list[date]:
    return [row.first_day_on + n * DAY for n in range((row.day_on - row.first_day_on).days + 1)]


def _existing_days(years: Years, first: date, last: date) -> set[date]:
    """Return the days that the zone's calendar shows, from the clocks themselves."""
    start = datetime.combine(first, datetime.min.time(), years.zone)
    quarters = range((last - first).days * 24 * 4 + 96)
    at = start.timestamp()
    shown = {datetime.fromtimestamp(at + 900 * n, years.zone).date() for n in quarters}
    return {day for day in shown if first <= day <= last}
