"""Whether, when and to whom a company's daily report goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Company, EmptyDay, ReportRecipient, ReportSettings
from models.report import DEFAULT_LOCAL_HOUR
from services.accounts import SignedIn, UnknownZone
from services.audit import AuditAction, record_event
from services.email_addresses import UnusableAddress, email_key, normalise_address
from services.local_days import find_zone, local_day, next_due_at, start_of_today
from services.mail import MessageRefused, check_recipient
from services.plain_text import plain_line
from services.report_due import REFUSALS_IN_A_ROW

MAX_RECIPIENTS = 20
SHOWN_CHARACTERS = 60


class ReportSettingsError(ValueError):
    """The settings cannot be as asked; the message is for people."""


class BadHour(ReportSettingsError):
    pass


class BadRecipient(ReportSettingsError):
    """`address` is the text that cannot be mailed, cut to one short line."""

    def __init__(self, address: str, reason: str) -> None:
        self.address = plain_line(address, SHOWN_CHARACTERS)
        super().__init__(f"{self.address or 'An empty line'}: {reason}")


class TooManyRecipients(ReportSettingsError):
    pass


class NoRecipientChosen(ReportSettingsError):
    pass


@dataclass(frozen=True, slots=True)
class RecipientView:
    """Somebody on the list. Paused: refused so often in a row that nothing is sent for now."""

    address: str
    is_unsubscribed: bool
    is_paused: bool


@dataclass(frozen=True, slots=True)
class ReportSettingsView:
    """What the settings page shows. `next_send_at` is None while nothing would be sent."""

    is_on: bool
    local_hour: int
    zone: str
    on_empty_day: EmptyDay
    first_day: date | None
    recipients: tuple[RecipientView, ...]
    next_send_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReportWish:
    """What an admin asks for; `recipients` are addresses as they were typed, one each."""

    is_on: bool
    local_hour: int
    zone: str
    on_empty_day: EmptyDay
    recipients: Sequence[str]


def view_report_settings(session: Session, company_id: int, *, now: datetime) -> ReportSettingsView:
    """Return the settings, or those a company begins with. Changes nothing."""
    company = session.get_one(Company, company_id)
    settings = _settings(session, company_id) or _first_settings(company_id)
    recipients = _listed(session, company_id)
    views = tuple(_recipient_view(recipient) for recipient in recipients)
    is_sending = settings.is_on and any(
        not (view.is_unsubscribed or view.is_paused) for view in views
    )
    zone = find_zone(company.zone)
    next_at = next_due_at(zone, hour=settings.local_hour, now=now)
    return ReportSettingsView(
        is_on=settings.is_on,
        local_hour=settings.local_hour,
        zone=company.zone,
        on_empty_day=settings.on_empty_day,
        first_day=_first_day(settings, zone),
        recipients=views,
        next_send_at=next_at if is_sending else None,
    )


def change_report_settings(
    session: Session, who: SignedIn, *, wish: ReportWish, now: datetime
) -> ReportSettingsView:
    """Store what the admin asks for, whole or not at all. Commits.

    Switching on begins with today's local day and never catches up earlier ones. An
    unsubscription stays, whatever the list says. Raises UnknownZone, BadHour, BadRecipient,
    TooManyRecipients or NoRecipientChosen.
    """
    addresses = check_wish(wish)
    company = session.get_one(Company, who.company_id)
    company.zone = wish.zone
    today_at = start_of_today(find_zone(wish.zone), now=now)
    settings = _settings(session, who.company_id)
    if settings is None:
        settings = _first_settings(who.company_id)
        session.add(settings)
    if wish.is_on and not settings.is_on:
        settings.reported_from_at = today_at
    settings.is_on = wish.is_on
    settings.local_hour = wish.local_hour
    settings.on_empty_day = wish.on_empty_day
    _store_recipients(session, who.company_id, addresses, today_at=today_at, now=now)
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.REPORT_CHANGED,
        subject="daily report",
        detail=_detail(wish, len(addresses)),
        now=now,
    )
    session.commit()
    return view_report_settings(session, who.company_id, now=now)


def companies_with_report(session: Session) -> Sequence[str]:
    """Return the slugs of the companies whose report is on, in the order of their creation."""
    query = select(Company.slug).join(ReportSettings, ReportSettings.company_id == Company.id)
    return session.scalars(query.where(ReportSettings.is_on.is_(True)).order_by(Company.id)).all()


@lru_cache(maxsize=1)
def offered_zones() -> tuple[str, ...]:
    """Return the zones to choose from: UTC and those named after a place.

    Others are old names or, like "localtime", the machine's own, which moves with the machine.
    """
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name[1:]))


def check_wish(wish: ReportWish) -> tuple[str, ...]:
    """Return the addresses to store, once each; changes nothing. Raises as the change does."""
    if wish.zone not in offered_zones():
        zone = plain_line(wish.zone, SHOWN_CHARACTERS)
        raise UnknownZone(f"{zone!r} is not a time zone. Write it like America/New_York.")
    if not 0 <= wish.local_hour <= 23:
        raise BadHour("The hour must be a whole number from 0 to 23.")
    addresses = _strict_addresses(wish.recipients)
    if wish.is_on and not addresses:
        raise NoRecipientChosen("A report that is on needs at least one recipient.")
    return addresses


def _strict_addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """Return usable addresses in their order; two spellings of one address are one."""
    found: dict[str, str] = {}
    for text in texts:
        try:
            address = _strict_address(text)
        except (UnusableAddress, MessageRefused) as error:
            raise BadRecipient(text, "this is not one address that mail could reach.") from error
        found.setdefault(email_key(address), address)
    if len(found) > MAX_RECIPIENTS:
        raise TooManyRecipients(f"A report has at most {MAX_RECIPIENTS} recipients.")
    return tuple(found.values())


def _strict_address(text: str) -> str:
    if not text.isprintable():
        raise UnusableAddress("the text holds a line break or a control character")
    address = normalise_address(text)
    check_recipient(address)
    return address


def _store_recipients(
    session: Session,
    company_id: int,
    addresses: Sequence[str],
    *,
    today_at: datetime,
    now: datetime,
) -> None:
    """Take off the list who is not named any more, and put on it who is."""
    query = select(ReportRecipient).where(ReportRecipient.company_id == company_id)
    known = {recipient.address_key: recipient for recipient in session.scalars(query)}
    wanted = {email_key(address): address for address in addresses}
    for key, recipient in known.items():
        if key not in wanted and recipient.removed_at is None:
            recipient.removed_at = now
    for key, address in wanted.items():
        if key in known:
            _put_back(known[key], address, today_at=today_at)
        else:
            session.add(
                ReportRecipient(
                    company_id=company_id,
                    address=address,
                    address_key=key,
                    reported_from_at=today_at,
                )
            )


def _put_back(recipient: ReportRecipient, address: str, *, today_at: datetime) -> None:
    recipient.address = address
    recipient.refusal_count = 0
    if recipient.removed_at is not None:
        recipient.removed_at = None
        recipient.reported_from_at = today_at


def _settings(session: Session, company_id: int) -> ReportSettings | None:
    return session.scalar(select(ReportSettings).where(ReportSettings.company_id == company_id))


def _first_day(settings: ReportSettings, zone: ZoneInfo) -> date | None:
    at = settings.reported_from_at
    return local_day(zone, at) if at is not None else None


def _first_settings(company_id: int) -> ReportSettings:
    return ReportSettings(
        company_id=company_id,
        is_on=False,
        local_hour=DEFAULT_LOCAL_HOUR,
        on_empty_day=EmptyDay.SKIP,
    )


def _listed(session: Session, company_id: int) -> Sequence[ReportRecipient]:
    query = select(ReportRecipient).where(
        ReportRecipient.company_id == company_id, ReportRecipient.removed_at.is_(None)
    )
    return session.scalars(query.order_by(ReportRecipient.id)).all()


def _recipient_view(recipient: ReportRecipient) -> RecipientView:
    return RecipientView(
        address=recipient.address,
        is_unsubscribed=recipient.unsubscribed_at is not None,
        is_paused=recipient.refusal_count >= REFUSALS_IN_A_ROW,
    )


def _detail(wish: ReportWish, count: int) -> str:
    state = f"on at {wish.local_hour:02}:00" if wish.is_on else "off"
    return f"{state}, {wish.zone}, {count} {'recipient' if count == 1 else 'recipients'}"
