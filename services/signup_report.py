"""Who signed up on a local day: collected for the mail, and seen with its sum on the page.

What the mail gets holds nobody with a placeholder address, and no number that counts one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models import Company
from services.local_days import DAY, Window, day_window, find_zone, local_day, zone_label
from services.plain_text import plain_line
from services.rechecks import new_sentences
from services.signup_counts import Comparison as Comparison
from services.signup_counts import DayCount as DayCount
from services.signup_counts import (
    WindowCount,
    compare,
    compared_windows,
    count_days,
    count_windows,
    days_between,
)
from services.signup_counts import comparison_words as comparison_words
from services.signup_rows import (
    NAME_CHARACTERS,
    as_filtered,
    as_signup,
    is_listed,
    select_filtered,
    select_listed,
)
from services.signup_rows import NAMELESS as NAMELESS
from services.signup_rows import FilteredSignup as FilteredSignup
from services.signup_rows import Signup as Signup

LISTED_ROWS = 200
#: What the names and addresses of one mail may take; an escaped byte counts three times, as it is
#: sent. Longer ones would only be written to be left out again.
LISTED_BYTES = 24_000
BAR_DAYS = 14


@dataclass(frozen=True, slots=True)
class DayBar:
    """How many signups a day of the mail's chart lists."""

    day: date
    count: int


@dataclass(frozen=True, slots=True)
class SignupReport:
    """What the mail says: the first signups, at most 200, how many, and the news of the books."""

    company_name: str
    zone_label: str
    window: Window
    signups: tuple[Signup, ...]
    count: int
    comparison: Comparison
    bars: tuple[DayBar, ...]
    new_lines: tuple[str, ...] = ()

    @property
    def further_count(self) -> int:
        """How many signups stand on the page only."""
        return self.count - len(self.signups)

    @property
    def bars_count(self) -> int:
        return sum(bar.count for bar in self.bars)


@dataclass(frozen=True, slots=True)
class DayView:
    """One local day for the web page: the lists hold at most 200 each, the sum everybody."""

    day: date
    zone_label: str
    is_over: bool
    count: DayCount
    comparison: Comparison
    listed: tuple[Signup, ...]
    filtered: tuple[FilteredSignup, ...]


def collect_report(
    session: Session, company_id: int, *, window: Window, now: datetime
) -> SignupReport:
    """Read what the mail about the window says, from our own rows. A few statements, by index."""
    company = session.get_one(Company, company_id)
    zone = find_zone(company.zone)
    first_bar = window.last_day - (BAR_DAYS - 1) * DAY
    bars = [day_window(zone, day) for day in days_between(first_bar, window.last_day)]
    before, weekdays = compared_windows(session, company, zone=zone, window=window)
    counts = count_windows(session, company_id, [window, before, *weekdays, *bars])
    signups, is_whole = _first_listed(session, company_id, window, counts[window], zone=zone)
    if is_whole:  # what was seen row by row is surer than what the index says of the addresses
        counts[window] = replace(counts[window], hidden=_missing(counts[window], len(signups)))
    return SignupReport(
        company_name=plain_line(company.name, NAME_CHARACTERS),
        zone_label=zone_label(zone.key),
        window=window,
        signups=tuple(_that_fit(signups)),
        count=counts[window].listed,
        comparison=compare(counts, before, weekdays),
        bars=tuple(DayBar(bar.first_day, counts[bar].listed) for bar in bars),
        new_lines=tuple(new_sentences(session, company_id, now=now)),
    )


def view_day(session: Session, company_id: int, *, day: date, now: datetime) -> DayView:
    """Return the web page's view of one local day of the company."""
    company = session.get_one(Company, company_id)
    zone = find_zone(company.zone)
    window = day_window(zone, day)
    before, weekdays = compared_windows(session, company, zone=zone, window=window)
    counts = count_windows(session, company_id, [window, before, *weekdays])
    count = counts[window]
    listed, _ = _first_listed(session, company_id, window, count, zone=zone)
    limit = LISTED_ROWS + count.suspects - count.hidden
    rows = session.execute(select_filtered(company_id, window).limit(limit)).all()
    filtered = (as_filtered(row, zone) for row in rows if not is_listed(row))
    return DayView(
        day=day,
        zone_label=zone_label(zone.key),
        is_over=window.end_at <= now,
        count=DayCount(day, count.listed, count.filtered),
        comparison=compare(counts, before, weekdays),
        listed=listed,
        filtered=tuple(islice(filtered, LISTED_ROWS)),
    )


def view_last_days(
    session: Session, company_id: int, *, days: int, now: datetime
) -> tuple[DayCount, ...]:
    """Return the counts of the last whole local days, oldest first. At most three statements."""
    zone = find_zone(session.get_one(Company, company_id).zone)
    last = local_day(zone, now) - DAY
    first = last - (days - 1) * DAY
    return count_days(session, company_id, zone=zone, first_day=first, last_day=last)


def _first_listed(
    session: Session, company_id: int, window: Window, count: WindowCount, *, zone: ZoneInfo
) -> tuple[tuple[Signup, ...], bool]:
    """Return the first listed of the window, and whether these are all."""
    limit = LISTED_ROWS + count.hidden
    rows = session.execute(select_listed(company_id, window).limit(limit)).all()
    found = (as_signup(row, zone) for row in rows if is_listed(row))
    return tuple(islice(found, LISTED_ROWS)), len(rows) < limit


def _missing(count: WindowCount, listed: int) -> int:
    return count.total - count.flagged - listed


def _that_fit(signups: Sequence[Signup]) -> Iterator[Signup]:
    room = LISTED_BYTES
    for signup in signups:
        text = signup.name + signup.company_name + signup.email + signup.phone
        room -= sum(1 if byte < 0x80 else 3 for byte in text.encode())
        if room < 0:
            return
        yield signup
