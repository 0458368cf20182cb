"""Whether, when and to whom a company's daily report goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Company, EmptyDay, Frequency, ReportSettings
from models.report import DEFAULT_LOCAL_HOUR
from services.audit import AuditAction, record_event
from services.email_addresses import UnusableAddress, email_key, normalise_address
from services.local_days import (
    find_zone,
    local_day,
    next_due_at,
    next_due_week_at,
    start_of_today,
)
from services.mail import MessageRefused, check_recipient
from services.plain_text import plain_line
from services.report_recipients import (
    ListChanges,
    RecipientState,
    RecipientView,
    RecipientWish,
    list_recipients,
    store_recipients,
)
from services.sign_ins import SignedIn
from services.zone_names import choose_zone

MAX_RECIPIENTS = 20
#: Whoever is set to Off stays on the list, and a list has to fit on a page.
MAX_LISTED = 100
SHOWN_CHARACTERS = 60
SHOWN_ADDRESSES = 5


class ReportSettingsError(ValueError):
    """The settings cannot be as asked; the message is for people."""


class BadHour(ReportSettingsError):
    pass


class BadRecipient(ReportSettingsError):
    """The texts that cannot be mailed; the message shows the first of them as short lines."""

    def __init__(self, texts: Sequence[str]) -> None:
        lines = [plain_line(text, SHOWN_CHARACTERS) for text in texts]
        shown = [f"“{line}”" if line else "An empty line" for line in lines]
        names, more = ", ".join(shown[:SHOWN_ADDRESSES]), len(shown) - SHOWN_ADDRESSES
        # A placeholder is an address, only none that mail arrives at.
        which = " that mail could reach" if any("@" in line for line in lines) else ""
        if len(shown) == 1:
            super().__init__(f"{names} is not an e-mail address{which}.")
        else:
            names += f" and {more:,} more" if more > 0 else ""
            super().__init__(f"{names} are not e-mail addresses{which}.")


class TooManyRecipients(ReportSettingsError):
    pass


class NoRecipientChosen(ReportSettingsError):
    pass


@dataclass(frozen=True, slots=True)
class ReportSettingsView:
    """What the settings page shows; `recipients` are all users, then the others on the list.

    `next_send_at` is None while nothing would be sent.
    """

    is_on: bool
    local_hour: int
    zone: str
    on_empty_day: EmptyDay
    first_day: date | None
    recipients: tuple[RecipientView, ...]
    next_send_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReportWish:
    """What an admin asks for; whoever `recipients` does not name is taken off the list."""

    is_on: bool
    local_hour: int
    zone: str
    on_empty_day: EmptyDay
    recipients: Sequence[RecipientWish]


def view_report_settings(session: Session, company_id: int, *, now: datetime) -> ReportSettingsView:
    """Return the settings, or those a company begins with. Changes nothing."""
    company = session.get_one(Company, company_id)
    settings = _settings(session, company_id) or _first_settings(company_id)
    recipients = list_recipients(session, company_id)
    zone = find_zone(company.zone)
    return ReportSettingsView(
        is_on=settings.is_on,
        local_hour=settings.local_hour,
        zone=company.zone,
        on_empty_day=settings.on_empty_day,
        first_day=_first_day(settings, zone),
        recipients=recipients,
        next_send_at=_next_send_at(settings, recipients, zone=zone, now=now),
    )


def change_report_settings(
    session: Session, who: SignedIn, *, wish: ReportWish, now: datetime
) -> ReportSettingsView:
    """Store what the admin asks for, whole or not at all. Commits.

    Switching on begins with today's local day and never catches up earlier ones. An
    unsubscription stays, whatever the list says, and who is no user is asked by mail before the
    first report. Raises UnknownZone, BadHour, BadRecipient,
    TooManyRecipients or NoRecipientChosen.
    """
    wish = check_wish(wish)
    company = session.get_one(Company, who.company_id)
    settings = _settings(session, who.company_id)
    if settings is None:
        settings = _first_settings(who.company_id)
        session.add(settings)
    changed = _changed(wish, settings, zone=company.zone)
    company.zone = wish.zone
    today_at = start_of_today(find_zone(wish.zone), now=now)
    if wish.is_on and not settings.is_on:
        settings.reported_from_at = today_at
    settings.is_on = wish.is_on
    settings.local_hour = wish.local_hour
    settings.on_empty_day = wish.on_empty_day
    changes = store_recipients(
        session,
        who.company_id,
        wish.recipients,
        asked_by_id=who.user_id,
        today_at=today_at,
        now=now,
    )
    if changed or changes:
        _record(session, who, _detail(wish, changed, changes), now=now)
    session.commit()
    return view_report_settings(session, who.company_id, now=now)


def companies_with_report(session: Session) -> Sequence[str]:
    """Return the slugs of the companies whose report is on, in the order of their creation."""
    query = select(Company.slug).join(ReportSettings, ReportSettings.company_id == Company.id)
    return session.scalars(query.where(ReportSettings.is_on.is_(True)).order_by(Company.id)).all()


def check_wish(wish: ReportWish) -> ReportWish:
    """Return the wish as it can be stored: a zone's own name, and the recipients once each.

    Changes nothing. Raises as the change does.
    """
    zone = choose_zone(wish.zone)
    if not 0 <= wish.local_hour <= 23:
        raise BadHour("The hour must be a whole number from 0 to 23.")
    recipients = _strict_recipients(wish.recipients)
    chosen_count = sum(each.frequency is not Frequency.OFF for each in recipients)
    if chosen_count > MAX_RECIPIENTS:
        raise TooManyRecipients(
            f"A report has at most {MAX_RECIPIENTS} recipients; these are {chosen_count:,}."
        )
    if len(recipients) > MAX_LISTED:
        raise TooManyRecipients(
            f"The list has at most {MAX_LISTED} addresses, and those set to Off count as well; "
            f"these are {len(recipients):,}. Remove some first."
        )
    if wish.is_on and not chosen_count:
        raise NoRecipientChosen("A report that is on needs at least one recipient.")
    return replace(wish, zone=zone, recipients=recipients)


def _strict_recipients(wishes: Iterable[RecipientWish]) -> tuple[RecipientWish, ...]:
    """Return usable addresses in their order; two spellings of one are one, the first counts."""
    found: dict[str, RecipientWish] = {}
    refused: dict[str, None] = {}
    for wish in wishes:
        try:
            address = _strict_address(wish.address)
        except (UnusableAddress, MessageRefused):
            refused[wish.address] = None
        else:
            found.setdefault(email_key(address), RecipientWish(address, wish.frequency))
    if refused:
        raise BadRecipient(list(refused))
    return tuple(found.values())


def _strict_address(text: str) -> str:
    if not text.isprintable():
        raise UnusableAddress("the text holds a line break or a control character")
    address = normalise_address(text)
    check_recipient(address)
    return address


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


def _next_send_at(
    settings: ReportSettings, recipients: Iterable[RecipientView], *, zone: ZoneInfo, now: datetime
) -> datetime | None:
    """Return when the next mail would go: tomorrow's, or Monday's where all want it weekly."""
    mailed = {each.frequency for each in recipients if each.state is RecipientState.MAILED}
    if not (settings.is_on and mailed):
        return None
    next_at = next_due_at if Frequency.DAILY in mailed else next_due_week_at
    return next_at(zone, hour=settings.local_hour, now=now)


def _record(session: Session, who: SignedIn, detail: str, *, now: datetime) -> None:
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.REPORT_CHANGED,
        subject="daily report",
        detail=detail,
        now=now,
    )


def _changed(wish: ReportWish, settings: ReportSettings, *, zone: str) -> tuple[str, ...]:
    """Say which settings the wish changes, in words for the audit."""
    changed = []
    if (wish.is_on, wish.local_hour) != (settings.is_on, settings.local_hour):
        changed.append(f"on at {wish.local_hour:02}:00" if wish.is_on else "off")
    if wish.zone != zone:
        changed.append(wish.zone)
    if wish.on_empty_day is not settings.on_empty_day:
        is_sent = wish.on_empty_day is EmptyDay.SEND
        changed.append(f"empty days are {'mailed' if is_sent else 'skipped'}")
    return tuple(changed)


def _detail(wish: ReportWish, changed: Sequence[str], changes: ListChanges) -> str:
    count = sum(each.frequency is not Frequency.OFF for each in wish.recipients)
    now = f"now {count:,} {'recipient' if count == 1 else 'recipients'}"
    return ", ".join((*changed, *changes.words(), now))
