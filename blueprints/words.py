"""Numbers, money and times as people read them; pure but for `register`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from flask import Flask, g

from blueprints.guards import get_runtime
from services.connection_views import ConnectionView
from services.local_days import find_zone, local_day
from services.providers.registry import PROVIDERS
from services.review_rows import Balance
from services.sentences import kept_sentence, new_sentence, since_day, unreadable_sentence

MINUTE_S = 60
HOUR_S = 3600


def register(app: Flask) -> None:
    """Give templates these words; times come in the zone of the company."""
    app.jinja_env.filters.update(number=number, money=money, moneys=moneys)
    app.jinja_env.globals.update(
        count_of=count_of,
        kept_sentence=kept_sentence,
        lasted=lasted,
        many_of=many_of,
        provider_names={key: profile.short_name for key, profile in PROVIDERS.items()},
        unreadable_sentence=unreadable_sentence,
        zone_in_words=zone_in_words,
    )
    app.context_processor(_words_of_now)


def zone_in_words(zone: str) -> str:
    """America/New_York -> New York time; UTC -> UTC; Etc/GMT+5, which is no place, as it is"""
    region, _, place = zone.rpartition("/")
    return f"{place.replace('_', ' ')} time" if region not in ("", "Etc") else zone


def number(value: int) -> str:
    """1204 -> 1,204"""
    return f"{value:,}"


def count_of(value: int, one: str, many: str | None = None) -> str:
    """1, call -> 1 call; 3, call -> 3 calls; 2, reply, replies -> 2 replies"""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def money(balance: Balance) -> str:
    """Write dollars with their sign, other currencies with their code, no currency with none."""
    sign = "-" if balance.cents < 0 else ""
    whole, cents = divmod(abs(balance.cents), 100)
    amount = f"{whole:,}.{cents:02d}"
    if balance.currency == "USD":
        return f"{sign}${amount}"
    return f"{balance.currency} {sign}{amount}".lstrip()


def moneys(balances: Iterable[Balance]) -> str:
    """Write sums of several currencies in one line; they are never added up."""
    return " and ".join(money(balance) for balance in balances)


def when(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Write a past moment: 40 s ago · 12 min ago · today 09:14 · yesterday, 21:04 · 17 Nov."""
    age_s = int((now - at).total_seconds())
    if age_s < MINUTE_S:
        return f"{max(age_s, 1)} s ago"
    if age_s < HOUR_S:
        return f"{age_s // MINUTE_S} min ago"
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"today {local:%H:%M}"
    if local.date() == today - timedelta(days=1):
        return f"yesterday, {local:%H:%M}"
    return day(at, now=now, zone=zone)


def when_exactly(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Write a past moment as `when`, an older one with its time as well: 17 Nov 09:14."""
    text = when(at, now=now, zone=zone)
    is_day = text == day(at, now=now, zone=zone)
    return f"{text} {at.astimezone(zone):%H:%M}" if is_day else text


def day(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Write a day: 17 Nov, with the year when it is another one."""
    local = at.astimezone(zone)
    text = f"{local.day} {local:%b}"
    return text if local.year == now.astimezone(zone).year else f"{text} {local.year}"


def dated(at: datetime, *, zone: tzinfo) -> str:
    """Write a day with its year, as tables do: 17 Nov 2026."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b} {local.year}"


def stamped(at: datetime, *, zone: tzinfo) -> str:
    """Write a day and its time: 17 Nov 2026, 09:14."""
    return f"{dated(at, zone=zone)}, {at.astimezone(zone):%H:%M}"


def day_name(on: date, *, now: datetime, zone: tzinfo, long: bool = False) -> str:
    """Write a day of a calendar: 17 Nov, with the year when it is another one.

    Long: Tuesday, 17 November 2026.
    """
    if long:
        return f"{on:%A}, {on.day} {on:%B} {on.year}"
    text = f"{on.day} {on:%b}"
    return text if on.year == now.astimezone(zone).year else f"{text} {on.year}"


def weekday_time(at: datetime, *, zone: tzinfo) -> str:
    """Write a moment of the days to come, also in UTC: Sat 21 Nov, 07:00 (12:00 UTC)."""
    local, utc = at.astimezone(zone), at.astimezone(UTC)
    day_there = "" if utc.date() == local.date() else f"{utc:%a} {utc.day} {utc:%b}, "
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M} ({day_there}{utc:%H:%M} UTC)"


def lasted(start_at: datetime, end_at: datetime) -> str:
    """Write how long something took: less than 1 s · 23 s · 4 min 5 s."""
    minutes, seconds = divmod(int((end_at - start_at).total_seconds()), MINUTE_S)
    if minutes:
        return f"{minutes:,} min {seconds} s"
    return f"{seconds} s" if seconds > 0 else "less than 1 s"


def new_since(
    connection: ConnectionView, provider_name: str, *, now: datetime, zone: ZoneInfo
) -> str:
    """Write who is new since an admin looked: 3 new in Xero since Monday; nothing for nobody."""
    if connection.looked_at is None or not connection.new_count:
        return ""
    return new_sentence(
        connection.new_count,
        provider_name,
        looked_on=local_day(zone, connection.looked_at),
        today=local_day(zone, now),
    )


def since(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Write since which day: today · since yesterday · since Monday · since 17 November."""
    return since_day(local_day(zone, at), local_day(zone, now))


def until(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Write a moment to come: in 40 s · in 12 min · at 09:14 · on 17 Nov at 09:14."""
    wait_s = int((at - now).total_seconds())
    if wait_s < MINUTE_S:
        return f"in {max(wait_s, 1)} s"
    if wait_s < HOUR_S:
        return f"in {wait_s // MINUTE_S} min"
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"at {local:%H:%M}"
    return f"on {day(at, now=now, zone=zone)} at {local:%H:%M}"


def clock_time(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Write a moment within the hour as the clock shows it, at 12:05:20; a later one as `until`."""
    if at - now >= timedelta(seconds=HOUR_S):
        return until(at, now=now, zone=zone)
    return f"at {at.astimezone(zone):%H:%M:%S}"


def by_day(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Write the day of an end to come: on 17 Nov, on the day itself today at 23:58."""
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"today at {local:%H:%M}"
    return f"on {day(at, now=now, zone=zone)}"


def many_of(noun: str) -> str:
    """Write a noun of a provider for several: businesses, companies, organisations."""
    if noun.endswith("y"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def _words_of_now() -> dict[str, object]:
    who = g.get("who")
    now = get_runtime().clock()
    zone = find_zone(who.zone if who else "UTC")
    times = {
        word.__name__: partial(word, now=now, zone=zone)
        for word in (when, when_exactly, day, day_name, since, until, clock_time, by_day, new_since)
    }
    days = {word.__name__: partial(word, zone=zone) for word in (dated, stamped, weekday_time)}
    return {"who": who, "now": now, **times, **days}
