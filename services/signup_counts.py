"""How many signed up on local days, counted by indexes alone, and what a day compares with.

Each day is a range of an index, so a company's other years cost nothing. Who is listed is decided
by the flag and by the address, in case a row was written by hand; an index keeps who looks so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from models import Company, Customer
from models.base import UtcDateTime
from models.customer import IS_SUSPECT
from services.local_days import DAY, Window, day_window, local_day, moment
from services.placeholder_email import names_placeholder

WEEK = 7 * DAY
#: Older weeks say little about what is usual now.
AVERAGE_WEEKS = 8
_WEEKS = range(1, AVERAGE_WEEKS + 1)


@dataclass(frozen=True, slots=True)
class WindowCount:
    """The sum of one window: `suspects` wear no flag and were asked, `hidden` are those caught."""

    total: int
    flagged: int
    suspects: int = 0
    hidden: int = 0

    @property
    def listed(self) -> int:
        return self.total - self.filtered

    @property
    def filtered(self) -> int:
        return self.flagged + self.hidden


@dataclass(frozen=True, slots=True)
class DayCount:
    """The sum of one local day that adds up; for the web page."""

    day: date
    listed: int
    filtered: int

    @property
    def total(self) -> int:
        return self.listed + self.filtered


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the listed signups of a report are held against, listed ones only as well.

    `before_count` is that of as many days before. One day has the `average` of its `weekday` in
    the weeks before, None and "" where there is none.
    """

    before_count: int
    before_days: int
    average: float | None
    weekday: str


def comparison_words(comparison: Comparison) -> str:
    """Return the comparison as people say it: "6 the day before · Thursdays average 7.5"."""
    days = comparison.before_days
    before = f"{comparison.before_count:,}" if comparison.before_count else "none"
    words = f"{before} the day before" if days == 1 else f"{before} in the {days} days before"
    if comparison.average is None:
        return words
    average = f"{comparison.average:,.1f}".removesuffix(".0")
    return f"{words} · {comparison.weekday}s average {average}"


def count_windows(
    session: Session, company_id: int, windows: Iterable[Window]
) -> dict[Window, WindowCount]:
    """Return the sum of each window. One statement, by two indexes alone.

    A second one reads the addresses that look much like placeholders, where there are any.
    """
    asked = list(dict.fromkeys(windows))
    rows = session.execute(_counting(len(asked)), _bounds(company_id, asked)).all()
    counts = {asked[row.number]: WindowCount(row.total, row.flagged, row.suspects) for row in rows}
    doubtful = [window for window, count in counts.items() if count.suspects]
    hidden = _hidden(session, company_id, doubtful) if doubtful else {}
    return {window: replace(counts[window], hidden=hidden.get(window, 0)) for window in asked}


def count_days(
    session: Session, company_id: int, *, zone: ZoneInfo, first_day: date, last_day: date
) -> tuple[DayCount, ...]:
    """Return listed and filtered of every local day, oldest first. At most two statements."""
    windows = [day_window(zone, day) for day in days_between(first_day, last_day)]
    counts = count_windows(session, company_id, windows)
    return tuple(
        DayCount(window.first_day, counts[window].listed, counts[window].filtered)
        for window in windows
    )


def compared_windows(
    session: Session, company: Company, *, zone: ZoneInfo, window: Window
) -> tuple[Window, tuple[Window, ...]]:
    """Return the days before the window, and the same weekday of the weeks that count.

    Several days have no weekday. A week before the company's first counts for no average; a
    company whose listed signups began before it was written down here began with them.
    """
    days = window.last_day - window.first_day + DAY
    before = days_window(zone, window.first_day - days, window.first_day - DAY)
    if days > DAY:
        return before, ()
    weekdays = [day_window(zone, window.last_day - weeks * WEEK) for weeks in _WEEKS]
    since = local_day(zone, company.created_at)
    if since > weekdays[-1].first_day:
        first_at = _first_listed_at(session, company.id, after=weekdays[-1].start_at)
        since = min(since, local_day(zone, first_at)) if first_at else since
    # A zone that moves across the date line leaves out a day, and nobody can sign up on it.
    lasting = (day for day in weekdays if day.start_at < day.end_at)
    return before, tuple(day for day in lasting if day.first_day >= since)


def compare(
    counts: Mapping[Window, WindowCount], before: Window, weekdays: Sequence[Window]
) -> Comparison:
    """Return the comparison out of what was counted. Pure."""
    listed = [counts[window].listed for window in weekdays]
    return Comparison(
        before_count=counts[before].listed,
        before_days=(before.last_day - before.first_day).days + 1,
        average=sum(listed) / len(listed) if listed else None,
        weekday=f"{weekdays[0].first_day:%A}" if weekdays else "",
    )


def days_window(zone: ZoneInfo, first_day: date, last_day: date) -> Window:
    """Return the span of the local days first to last."""
    return Window(first_day, last_day, moment(zone, first_day), moment(zone, last_day + DAY))


def days_between(first_day: date, last_day: date) -> Iterator[date]:
    """Yield the days first to last."""
    while first_day <= last_day:
        yield first_day
        first_day += DAY


def is_inside(company_id: int, window: Window) -> ColumnElement[bool]:
    """Say in SQL that a customer of the company came in the window."""
    # A half-open range, never date(created_at): only the range uses the index.
    return and_(
        Customer.company_id == company_id,
        Customer.created_at >= window.start_at,
        Customer.created_at < window.end_at,
    )


def is_suspect() -> ColumnElement[bool]:
    """Say in SQL that an address without a flag looks like a placeholder; most often it is none."""
    return _Suspect()


class _Suspect(FunctionElement[bool]):
    """The words of the index, letter for letter: only then a database sees that it answers.

    It has no type: SQLAlchemy would write "= 1" behind a truth.
    """

    inherit_cache = True


@compiles(_Suspect)
def _words_of_index(_element: _Suspect, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(IS_SUSPECT[compiler.dialect.name], **options)})"


@lru_cache(maxsize=32)
def _counting(windows: int) -> Select[int, int, int, int]:
    """Return the statement of so many windows; building one of 90 takes longer than asking it.

    Each number is asked for by itself: grouping would sort what was found. The windows are made
    first: PostgreSQL would plan each of a union by itself.
    """
    rows = union_all(*map(_window_row, range(windows)))
    window = rows.cte("counted_window").prefix_with("MATERIALIZED", dialect="postgresql")

    def count(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
        came_inside = (
            Customer.company_id == bindparam("company_id"),
            Customer.created_at >= window.c.start_at,
            Customer.created_at < window.c.end_at,
        )
        counting = select(func.count()).select_from(Customer).where(*came_inside, *conditions)
        return counting.correlate(window).scalar_subquery()

    return select(
        window.c.number,
        count().label("total"),
        count(Customer.is_placeholder_email.is_(True)).label("flagged"),
        count(is_suspect()).label("suspects"),
    )


def _window_row(number: int) -> Select[int, datetime, datetime]:
    return select(
        literal(number).label("number"),
        bindparam(f"start_{number}", type_=UtcDateTime).label("start_at"),
        bindparam(f"end_{number}", type_=UtcDateTime).label("end_at"),
    )


def _bounds(company_id: int, windows: Sequence[Window]) -> dict[str, int | datetime]:
    bounds: dict[str, int | datetime] = {"company_id": company_id}
    for number, window in enumerate(windows):
        bounds |= {f"start_{number}": window.start_at, f"end_{number}": window.end_at}
    return bounds


def _hidden(session: Session, company_id: int, windows: Sequence[Window]) -> Counter[Window]:
    """Count in each window who wears no flag and names a placeholder all the same."""
    is_in_one = or_(*(is_inside(company_id, window) for window in windows))
    rows = session.execute(
        select(Customer.created_at, Customer.email_key).where(is_suspect(), is_in_one)
    )
    caught = [row.created_at for row in rows if names_placeholder(row.email_key)]
    return Counter(
        window for window in windows for at in caught if window.start_at <= at < window.end_at
    )


def _first_listed_at(session: Session, company_id: int, *, after: datetime) -> datetime | None:
    return session.scalar(
        select(Customer.created_at)
        .where(
            Customer.company_id == company_id,
            Customer.created_at >= after,
            Customer.is_placeholder_email.is_(False),
            not_(is_suspect()),
        )
        .order_by(Customer.created_at)
        .limit(1)
    )
