"""Who signed up on a local day: collected for the mail, counted for the page.

What the mail gets holds nobody with a placeholder address, and no number that counts one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select
from sqlalchemy.orm import Session

from models import Company, Customer, CustomerLink, CustomerOrigin, RemoteAccount
from services.local_days import DAY, Window, day_window, find_zone, local_day, moment, zone_label
from services.placeholder_email import PLACEHOLDER_DOMAIN, is_placeholder_email
from services.plain_text import plain_line
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.rechecks import new_sentences

LISTED_ROWS = 200
#: What the names and addresses of one mail may take, so that it stays under 100 KB, where mail
#: programs begin to cut. An escaped byte counts three times, as it is sent.
LISTED_BYTES = 15_000
BAR_DAYS = 7
NAME_CHARACTERS = 120
PHONE_CHARACTERS = 40
EMAIL_CHARACTERS = 254
NAMELESS = "No name"
_ORIGINS = {
    CustomerOrigin.JOIN: "Web form",
    CustomerOrigin.HAND: "Added by hand",
    CustomerOrigin.IMPORT: "Imported",
}
_ADDRESS_SEPARATORS = re.compile(r"[\s,;:<>()\[\]{}|/!?\"']+")


@dataclass(frozen=True, slots=True)
class Signup:
    """One listed signup. `at` is aware, in the company's zone; texts are single plain lines."""

    public_id: str
    name: str
    company_name: str
    email: str
    phone: str
    came_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FilteredSignup:
    """One signup without a usable address; for the web page only, never for a mail."""

    public_id: str
    name: str
    came_by: str
    at: datetime


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
class DayCount:
    """The sum of one local day that adds up; for the web page."""

    day: date
    listed: int
    filtered: int

    @property
    def total(self) -> int:
        return self.listed + self.filtered


@dataclass(frozen=True, slots=True)
class DayView:
    """One local day for the web page: the lists hold at most 200 each, the sum everybody."""

    day: date
    zone_label: str
    is_over: bool
    count: DayCount
    listed: tuple[Signup, ...]
    filtered: tuple[FilteredSignup, ...]


def collect_report(
    session: Session, company_id: int, *, window: Window, now: datetime
) -> SignupReport:
    """Read what the mail about the window says, from our own rows. A few statements, by index."""
    company = session.get_one(Company, company_id)
    zone = find_zone(company.zone)
    rows = session.execute(_signups(company_id, window).where(_is_listed()).limit(LISTED_ROWS))
    found = [_signup(row, zone) for row in rows if not _names_placeholder(row.email)]
    first_bar = window.last_day - (BAR_DAYS - 1) * DAY
    days = count_days(session, company_id, zone=zone, first_day=first_bar, last_day=window.last_day)
    listed, _ = _count_window(session, company_id, window)
    return SignupReport(
        company_name=plain_line(company.name, NAME_CHARACTERS),
        zone_label=zone_label(zone.key),
        window=window,
        signups=tuple(_that_fit(found)),
        count=listed if listed > LISTED_ROWS else len(found),
        bars=tuple(DayBar(count.day, count.listed) for count in days),
        new_lines=tuple(new_sentences(session, company_id, now=now)),
    )


def view_day(session: Session, company_id: int, *, day: date, now: datetime) -> DayView:
    """Return the web page's view of one local day of the company."""
    company = session.get_one(Company, company_id)
    zone = find_zone(company.zone)
    window = day_window(zone, day)
    query = _signups(company_id, window).limit(LISTED_ROWS)
    listed = session.execute(query.where(_is_listed())).all()
    filtered = session.execute(query.where(not_(_is_listed()))).all()
    return DayView(
        day=day,
        zone_label=zone_label(zone.key),
        is_over=window.end_at <= now,
        count=DayCount(day, *_count_window(session, company_id, window)),
        listed=tuple(_signup(row, zone) for row in listed),
        filtered=tuple(_filtered(row, zone) for row in filtered),
    )


def view_last_days(
    session: Session, company_id: int, *, days: int, now: datetime
) -> tuple[DayCount, ...]:
    """Return the counts of the last whole local days, oldest first. Two statements."""
    zone = find_zone(session.get_one(Company, company_id).zone)
    last = local_day(zone, now) - DAY
    first = last - (days - 1) * DAY
    return count_days(session, company_id, zone=zone, first_day=first, last_day=last)


def count_days(
    session: Session, company_id: int, *, zone: ZoneInfo, first_day: date, last_day: date
) -> tuple[DayCount, ...]:
    """Return listed and filtered of every local day, oldest first. One statement."""
    days = list(_days(first_day, last_day))
    columns = [
        column
        for day in days
        for column in _counts(_is_inside(day_window(zone, day)), str(day.toordinal()))
    ]
    whole = Window(first_day, last_day, moment(zone, first_day), moment(zone, last_day + DAY))
    query = select(*columns).where(Customer.company_id == company_id, _is_inside(whole))
    numbers = session.execute(query).one()
    return tuple(
        DayCount(day, numbers[2 * index] or 0, numbers[2 * index + 1] or 0)
        for index, day in enumerate(days)
    )


def _count_window(session: Session, company_id: int, window: Window) -> tuple[int, int]:
    query = select(*_counts(_is_inside(window), "window"))
    listed, filtered = session.execute(
        query.where(Customer.company_id == company_id, _is_inside(window))
    ).one()
    return listed or 0, filtered or 0


def _counts(is_inside: ColumnElement[bool], label: str) -> tuple[ColumnElement[Any], ...]:
    listed = case((and_(is_inside, _is_listed()), 1), else_=0)
    filtered = case((and_(is_inside, not_(_is_listed())), 1), else_=0)
    return func.sum(listed).label(f"listed_{label}"), func.sum(filtered).label(f"filtered_{label}")


def _is_inside(window: Window) -> ColumnElement[bool]:
    # A half-open range, never date(created_at): only the range uses the index.
    return and_(Customer.created_at >= window.start_at, Customer.created_at < window.end_at)


def _is_listed() -> ColumnElement[bool]:
    """The flag decides; the address is looked at as well, in case a row was written by hand."""
    suspect = or_(
        Customer.email_key.endswith(f"@{PLACEHOLDER_DOMAIN}"),
        Customer.email_key.endswith(f"@{PLACEHOLDER_DOMAIN}."),
    )
    return and_(Customer.is_placeholder_email.is_(False), not_(suspect))


def _signups(company_id: int, window: Window) -> Select[Any]:
    provider = (
        select(RemoteAccount.provider)
        .join(CustomerLink, CustomerLink.account_id == RemoteAccount.id)
        .where(CustomerLink.customer_id == Customer.id)
        .order_by(CustomerLink.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            Customer.public_id,
            Customer.name,
            Customer.company_name,
            Customer.email,
            Customer.phone,
            Customer.origin,
            Customer.created_at,
            provider.label("provider"),
        )
        .where(Customer.company_id == company_id, _is_inside(window))
        .order_by(Customer.created_at, Customer.id)
    )


def _signup(row: Any, zone: ZoneInfo) -> Signup:
    name = _masked_line(row.name, NAME_CHARACTERS) or NAMELESS
    company_name = _masked_line(row.company_name, NAME_CHARACTERS)
    return Signup(
        public_id=row.public_id,
        name=name,
        company_name="" if company_name == name else company_name,
        email=plain_line(row.email, EMAIL_CHARACTERS),
        phone=_masked_line(row.phone, PHONE_CHARACTERS),
        came_by=_came_by(row.origin, row.provider),
        at=row.created_at.astimezone(zone),
    )


def _filtered(row: Any, zone: ZoneInfo) -> FilteredSignup:
    return FilteredSignup(
        public_id=row.public_id,
        name=_masked_line(row.name, NAME_CHARACTERS) or NAMELESS,
        came_by=_came_by(row.origin, row.provider),
        at=row.created_at.astimezone(zone),
    )


def _came_by(origin: CustomerOrigin, provider: str | None) -> str:
    if origin is CustomerOrigin.IMPORT and provider in list(ProviderKey):
        return provider_profile(ProviderKey(provider)).short_name
    return _ORIGINS[origin]


def _masked_line(text: str, max_characters: int) -> str:
    """Return the plain line, or nothing where its whole text names a placeholder address."""
    whole = plain_line(text, len(text))
    return "" if _names_placeholder(whole) else plain_line(whole, max_characters)


def _names_placeholder(text: str) -> bool:
    """The last look before a row reaches a mail, also at fields that hold several addresses."""
    words: Sequence[str] = [text, *_ADDRESS_SEPARATORS.split(text)]
    return any(is_placeholder_email(word) for word in words)


def _that_fit(signups: Sequence[Signup]) -> Iterator[Signup]:
    room = LISTED_BYTES
    for signup in signups:
        text = signup.name + signup.company_name + signup.email + signup.phone
        room -= sum(1 if byte < 0x80 else 3 for byte in text.encode())
        if room < 0:
            return
        yield signup


def _days(first_day: date, last_day: date) -> Iterator[date]:
    while first_day <= last_day:
        yield first_day
        first_day += DAY
