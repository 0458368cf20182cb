"""What about the daily report needs an admin: mails that wait too long, or did not go at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from models import (
    DeliveryState,
    Frequency,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    ReportSettings,
)
from services.delivery_words import WAITING

#: A server that is away for a moment needs nobody.
LONGEST_WAIT = timedelta(hours=1)
REMEMBERED = timedelta(days=7)
#: No row of an older day is looked at: what waits is given up after a day, whatever its zone.
LOOKED_AT = timedelta(days=8)
TRIED_NOW = "It is being tried again just now."


@dataclass(frozen=True, slots=True)
class ReportTrouble:
    """Since when, why in words, and whose mails; waiting ones are still being tried."""

    since_at: datetime
    sentence: str
    addresses: tuple[str, ...]
    is_waiting: bool


def find_trouble(session: Session, company_id: int, *, now: datetime) -> ReportTrouble | None:
    """Return what an admin has to see, or None. One statement over the rows of eight days.

    A delivery that has waited for an hour, with an attempt that failed or for want of a mail
    server; or one that ended without a mail within the last week, whose recipient has got none
    since.
    """
    rows = session.execute(_query(company_id, now=now)).all()
    waiting = [row for row in rows if row.state in WAITING]
    chosen = waiting or rows
    if not chosen:
        return None
    return ReportTrouble(
        since_at=min(row.since_at if waiting else row.ended_at for row in chosen),
        sentence=next((row.answer_text for row in reversed(chosen) if row.answer_text), TRIED_NOW),
        addresses=tuple(dict.fromkeys(row.address for row in chosen)),
        is_waiting=bool(waiting),
    )


def _query(company_id: int, *, now: datetime) -> Select[Any]:
    since_at = _since_at()
    return (
        select(
            ReportRecipient.address,
            ReportDelivery.state,
            since_at.label("since_at"),
            ReportDelivery.ended_at,
            ReportDelivery.answer_text,
        )
        .join(ReportRecipient, ReportRecipient.id == ReportDelivery.recipient_id)
        .join(ReportSettings, ReportSettings.company_id == ReportDelivery.company_id)
        .where(
            ReportDelivery.company_id == company_id,
            ReportDelivery.kind == ReportKind.DAILY,
            ReportDelivery.day_on >= (now - LOOKED_AT).date(),
            ReportSettings.is_on.is_(True),
            ReportRecipient.removed_at.is_(None),
            ReportRecipient.unsubscribed_at.is_(None),
            ReportRecipient.frequency != Frequency.OFF,
            or_(
                and_(_waits(), since_at <= now - LONGEST_WAIT),
                _ended_without_a_mail(now),
            ),
        )
        .order_by(ReportDelivery.due_at, ReportDelivery.recipient_id)
    )


def _since_at() -> ColumnElement[Any]:
    """Return since when the recipient lacks it: a row may carry days that had rows of their own."""
    earlier = aliased(ReportDelivery)
    return (
        select(func.min(earlier.due_at))
        .where(
            earlier.recipient_id == ReportDelivery.recipient_id,
            earlier.kind == ReportKind.DAILY,
            earlier.window_start_at >= ReportDelivery.window_start_at,
            earlier.window_end_at > ReportDelivery.window_start_at,
            earlier.window_end_at <= ReportDelivery.window_end_at,
        )
        .correlate(ReportDelivery)
        .scalar_subquery()
    )


def _waits() -> ColumnElement[bool]:
    # In hand, the words of the attempt before are gone, but it is not the first one.
    has_failed = or_(ReportDelivery.answer_text != "", ReportDelivery.attempts > 1)
    return and_(ReportDelivery.state.in_(WAITING), has_failed)


def _ended_without_a_mail(now: datetime) -> ColumnElement[bool]:
    later = aliased(ReportDelivery)
    was_mailed_since = exists().where(
        later.recipient_id == ReportDelivery.recipient_id,
        later.state == DeliveryState.SENT,
        later.ended_at > ReportDelivery.ended_at,
    )
    return and_(
        ReportDelivery.state.in_((DeliveryState.FAILED, DeliveryState.REFUSED)),
        ReportDelivery.ended_at >= now - REMEMBERED,
        ~was_mailed_since,
    )
