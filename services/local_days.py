"""Local days as spans of UTC, whatever the zone's clocks do; pure."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)
DAYS_OF_WEEK = 7
#: What happened at the end of a day may be committed a moment later, and would be in no mail.
SETTLING = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span of UTC `[start_at, end_at)` that reports the days first to last."""

    first_day: date
    last_day: date
    start_at: datetime
    end_at: datetime


def find_zone(name: str) -> ZoneInfo:
    """Return the zone, or UTC where this machine does not know it: late is better than never."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        logger.warning("the zone %r is unknown here; UTC stands in for it", name)
        return ZoneInfo("UTC")


def moment(zone: ZoneInfo, day: date, *, hour: int = 0) -> datetime:
    """Return when the zone's clocks first show that hour of the day, in UTC.

    An hour the clocks jump over is the moment of the jump or soon after it; of an hour they
    show twice, it is the first.
    """
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def day_window(zone: ZoneInfo, day: date) -> Window:
    """Return the span of one local day: 23 to 25 hours, or none where a zone left the day out."""
    return Window(day, day, moment(zone, day), moment(zone, day + DAY))


def local_day(zone: ZoneInfo, at: datetime) -> date:
    """Return the date on the zone's calendar."""
    return at.astimezone(zone).date()


def start_of_today(zone: ZoneInfo, *, now: datetime) -> datetime:
    """Return when the zone's current day began, in UTC."""
    return moment(zone, local_day(zone, now))


def due_moment(zone: ZoneInfo, day: date, *, hour: int) -> datetime:
    """Return when, on that day, the day before is due: at the hour, and once it has settled."""
    return max(moment(zone, day, hour=hour), moment(zone, day) + SETTLING)


def last_due_day(zone: ZoneInfo, *, hour: int, now: datetime) -> date:
    """Return the latest local day whose report is due: the day before, once the hour has come."""
    today = local_day(zone, now)
    return today - DAY if now >= due_moment(zone, today, hour=hour) else today - 2 * DAY


def last_due_sunday(zone: ZoneInfo, *, hour: int, now: datetime) -> date:
    """Return the latest Sunday whose week, from Monday on, is due by now."""
    day = last_due_day(zone, hour=hour, now=now)
    return day - (day.isoweekday() % DAYS_OF_WEEK) * DAY


def next_due_at(zone: ZoneInfo, *, hour: int, now: datetime) -> datetime:
    """Return when the hour comes next, in UTC, at midnight a little later."""
    today = local_day(zone, now)
    moments = (due_moment(zone, today + days * DAY, hour=hour) for days in range(3))
    return next(at for at in moments if at > now)


def next_due_week_at(zone: ZoneInfo, *, hour: int, now: datetime) -> datetime:
    """Return when the hour comes next on a Monday, in UTC."""
    today = local_day(zone, now)
    monday = today - today.weekday() * DAY
    mondays = (monday + weeks * DAYS_OF_WEEK * DAY for weeks in range(3))
    moments = (due_moment(zone, day, hour=hour) for day in mondays)
    return next(at for at in moments if at > now)


def zone_label(name: str) -> str:
    """Return the zone as people say it: America/New_York is New York."""
    return name.rpartition("/")[2].replace("_", " ")


def written_moment(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment as mails write it: Friday, 27 November 2026 at 09:00 (New York)."""
    local = at.astimezone(zone)
    label = zone_label(zone.key)
    return f"{local:%A}, {local.day} {local:%B} {local.year} at {local:%H:%M} ({label})"
