"""What about the daily report needs an admin: mails that wait too long, or did not go at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from models import (
    AuditEvent,
    Company,
    DeliveryState,
    Frequency,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    ReportSettings,
)
from services.audit import AuditAction
from services.delivery_words import WAITING
from services.local_days import DAY, find_zone, last_due_day, last_due_sunday, local_day, moment
from services.report_history import lacking_since
from services.report_recipients import is_mailed

#: A server that is away for a moment needs nobody.
LONGEST_WAIT = timedelta(hours=1)
REMEMBERED = timedelta(days=7)
#: No row of an older day is looked at: what waits is given up after a day, whatever its zone.
LOOKED_AT = timedelta(days=8)
TRIED_NOW = "It is being tried again just now."
NOT_TRIED = "It has not been tried yet."
NOT_PREPARED = "The report was not written yet. The log of the server may say why."


_OPEN = (*WAITING, DeliveryState.FAILED, DeliveryState.REFUSED)


@dataclass(frozen=True, slots=True)
class ReportTrouble:
    """Since when, why in words, and whose mails; waiting ones are still being tried."""

    since_at: datetime
    sentence: str
    addresses: tuple[str, ...]
    is_waiting: bool


def find_trouble(
    session: Session, company_id: int, *, now: datetime, counts_unprepared: bool = True
) -> ReportTrouble | None:
    """Return what an admin has to see, or None. One statement over the rows of eight days.

    A delivery that has waited for an hour, tried or not; one that ended without a mail within
    the last week, whose recipient has got no report since; or, by a second statement, a report
    that has been due for an hour and was not even prepared.
    """
    rows = session.execute(_query(company_id, now=now)).all()
    waiting = [row for row in rows if row.state in WAITING]
    chosen = waiting or rows
    if not chosen:
        return _find_unprepared(session, company_id, now=now) if counts_unprepared else None
    was_tried = any(row.attempts for row in chosen)
    return ReportTrouble(
        since_at=min(row.since_at if waiting else row.ended_at for row in chosen),
        sentence=next(
            (row.answer_text for row in reversed(chosen) if row.answer_text),
            TRIED_NOW if was_tried else NOT_TRIED,
        ),
        addresses=tuple(dict.fromkeys(row.address for row in chosen)),
        is_waiting=bool(waiting),
    )


def oldest_day_looked_at(now: datetime) -> date:
    """Return the first day whose deliveries may be trouble now."""
    return (now - LOOKED_AT).date()


def has_open_delivery(company_id: Any, oldest_day: Any) -> ColumnElement[bool]:
    """Say whether a report waits or ended without a mail; without one `find_trouble` finds none."""
    return exists().where(
        ReportDelivery.company_id == company_id,
        ReportDelivery.kind == ReportKind.DAILY,
        ReportDelivery.day_on >= oldest_day,
        ReportDelivery.state.in_(_OPEN),
    )


def _query(company_id: int, *, now: datetime) -> Select[Any]:
    since_at = lacking_since()
    return (
        select(
            ReportRecipient.address,
            ReportDelivery.state,
            since_at.label("since_at"),
            ReportDelivery.ended_at,
            ReportDelivery.answer_text,
            ReportDelivery.attempts,
        )
        .join(ReportRecipient, ReportRecipient.id == ReportDelivery.recipient_id)
        .join(ReportSettings, ReportSettings.company_id == ReportDelivery.company_id)
        .where(
            ReportDelivery.company_id == company_id,
            ReportDelivery.kind == ReportKind.DAILY,
            ReportDelivery.day_on >= oldest_day_looked_at(now),
            ReportSettings.is_on.is_(True),
            ReportRecipient.removed_at.is_(None),
            ReportRecipient.unsubscribed_at.is_(None),
            ReportRecipient.frequency != Frequency.OFF,
            or_(
                and_(ReportDelivery.state.in_(WAITING), since_at <= now - LONGEST_WAIT),
                _ended_without_a_mail(now),
            ),
        )
        .order_by(ReportDelivery.due_at, ReportDelivery.recipient_id)
    )


def _ended_without_a_mail(now: datetime) -> ColumnElement[bool]:
    later = aliased(ReportDelivery)
    was_mailed_since = exists().where(
        later.recipient_id == ReportDelivery.recipient_id,
        later.kind == ReportKind.DAILY,
        later.state == DeliveryState.SENT,
        later.ended_at > ReportDelivery.ended_at,
    )
    return and_(
        ReportDelivery.state.in_((DeliveryState.FAILED, DeliveryState.REFUSED)),
        ReportDelivery.ended_at >= now - REMEMBERED,
        ~was_mailed_since,
    )


def _find_unprepared(session: Session, company_id: int, *, now: datetime) -> ReportTrouble | None:
    """Tell whose report has been due for an hour without a row. One statement."""
    rows = session.execute(_newest_days(company_id, now=now)).all()
    missing = {
        row.address: since_at
        for row in rows
        if (since_at := _unprepared_since(row, now=now)) is not None
    }
    if not missing:
        return None
    return ReportTrouble(min(missing.values()), NOT_PREPARED, tuple(missing), is_waiting=True)


def _newest_days(
    company_id: int, *, now: datetime
) -> Select[str, bool, datetime, datetime | None, int, str, date]:
    """Return each active recipient's newest day, unless the settings have just been saved.

    What may be unreadable, and so the reason why nothing is prepared, is not read here either.
    """
    newest_on = (
        select(func.max(ReportDelivery.day_on))
        .where(
            ReportDelivery.company_id == company_id,
            ReportDelivery.recipient_id == ReportRecipient.id,
            ReportDelivery.kind == ReportKind.DAILY,
        )
        .scalar_subquery()
    )
    return (
        select(
            ReportRecipient.address,
            (ReportRecipient.frequency == Frequency.WEEKLY).label("is_weekly"),
            ReportRecipient.reported_from_at,
            ReportSettings.reported_from_at.label("company_from_at"),
            ReportSettings.local_hour,
            Company.zone,
            newest_on.label("newest_on"),
        )
        .join(ReportSettings, ReportSettings.company_id == ReportRecipient.company_id)
        .join(Company, Company.id == ReportRecipient.company_id)
        .where(
            ReportRecipient.company_id == company_id,
            ReportSettings.is_on.is_(True),
            ReportSettings.reported_from_at.is_not(None),
            is_mailed(),
            ~_were_changed(company_id, now=now),
        )
        .order_by(ReportRecipient.id)
    )


def _were_changed(company_id: int, *, now: datetime) -> ColumnElement[bool]:
    """Say whether the settings were saved within the hour: the next beat follows them."""
    return exists().where(
        AuditEvent.company_id == company_id,
        AuditEvent.action == AuditAction.REPORT_CHANGED,
        AuditEvent.at > now - LONGEST_WAIT,
    )


def _unprepared_since(row: Any, *, now: datetime) -> datetime | None:
    """Return when the first report was due that has no row though it has been for an hour."""
    zone = find_zone(row.zone)
    find_last = last_due_sunday if row.is_weekly else last_due_day
    last_day = find_last(zone, hour=row.local_hour, now=now - LONGEST_WAIT)
    first_day = local_day(zone, max(row.company_from_at, row.reported_from_at))
    if row.newest_on is not None:
        first_day = max(first_day, row.newest_on + DAY)
    if row.is_weekly:
        first_day += (6 - first_day.weekday()) * DAY
    if first_day > last_day:
        return None
    return moment(zone, first_day + DAY, hour=row.local_hour)
