"""Write the rows of due reports, each in the caller's transaction: new, reused, carried over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models import (
    DeliveryState,
    Frequency,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    ReportSettings,
    SkipReason,
)
from models.base import new_public_id
from services.delivery_words import WAITING
from services.local_days import DAY, Window
from services.report_mail import delivery_message_id, new_message_id

Moment = datetime | BindParameter[datetime]
_END_AT = bindparam("end_at", type_=ReportDelivery.window_end_at.type)
_DAY_AGO = bindparam("day_ago", type_=ReportDelivery.due_at.type)
#: Built once: building them for each report took longer than the database does.
_LOCK_REPORT = (
    select(ReportSettings.is_on)
    .where(ReportSettings.company_id == bindparam("company_id"))
    .with_for_update()
)
_LOCK_WAITING = (
    select(ReportDelivery.id)
    .where(
        ReportDelivery.recipient_id == bindparam("recipient_id"),
        ReportDelivery.kind == ReportKind.DAILY,
        ReportDelivery.state.in_(WAITING),
    )
    .order_by(ReportDelivery.id)
    .with_for_update()
)
_WAITING_WITHIN = select(ReportDelivery.id).where(
    ReportDelivery.recipient_id == bindparam("recipient_id"),
    ReportDelivery.kind == ReportKind.DAILY,
    ReportDelivery.state == DeliveryState.DUE,
    ReportDelivery.day_on < bindparam("last_day"),
    ReportDelivery.window_start_at >= bindparam("start_at"),
)


def lock_report(session: Session, company_id: int) -> bool:
    """Let one at a time decide which rows the company's report gets; say whether it is on.

    Held until the caller's transaction ends. Two who look at the same time would both find a day
    uncovered, and make it part of two mails.
    """
    return bool(session.scalar(_LOCK_REPORT, {"company_id": company_id}))


def lock_waiting(session: Session, recipient_id: int) -> None:
    """Keep every report that waits as it is until the caller's transaction ends.

    A claim does not ask `lock_report`. Between two looks of a unit on PostgreSQL a waiting row
    could be claimed and sent: no longer there to be carried over, and not yet seen as covered.
    """
    session.execute(_LOCK_WAITING, {"recipient_id": recipient_id})


def insert_delivery(
    session: Session,
    recipient: ReportRecipient,
    *,
    window: Window,
    sender: str,
    kind: ReportKind = ReportKind.DAILY,
    now: datetime,
) -> int | None:
    """Insert a due row in the caller's transaction; return its id, None if there is one already."""
    if kind is ReportKind.COPY:
        message_id = new_message_id(sender)
    else:
        message_id = delivery_message_id(
            window.last_day, recipient_public_id=recipient.public_id, sender=sender
        )
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert(ReportDelivery) if is_sqlite else postgresql.insert(ReportDelivery)
    statement = insert.values(
        public_id=new_public_id(),
        company_id=recipient.company_id,
        recipient_id=recipient.id,
        kind=kind,
        first_day_on=window.first_day,
        day_on=window.last_day,
        window_start_at=window.start_at,
        window_end_at=window.end_at,
        message_id=message_id,
        state=DeliveryState.DUE,
        next_attempt_at=now,
        due_at=now,
    )
    return session.scalar(
        statement.on_conflict_do_nothing(
            index_elements=["company_id", "kind", "day_on", "recipient_id"]
        ).returning(ReportDelivery.id)
    )


def _is_reusable(
    *, is_weekly: bool, end_at: Moment = _END_AT, day_ago: Moment = _DAY_AGO
) -> ColumnElement[bool]:
    """Say of a row whether it brought nothing and no later one can carry it.

    That is so where what follows is covered. A week that was given up is tried on, because the
    next mail would be six days away. `end_at` is up to where the recipient is to be mailed.
    """
    has_not_arrived = ReportDelivery.handover_count == 0
    is_given_up = and_(ReportDelivery.state == DeliveryState.FAILED, has_not_arrived)
    is_followed = and_(
        ReportDelivery.window_end_at < end_at,
        or_(
            and_(ReportDelivery.state == DeliveryState.REFUSED, has_not_arrived),
            is_given_up,
            ReportDelivery.skip_reason.is_not_distinct_from(SkipReason.CARRIED_OVER),
        ),
    )
    return and_(
        ReportDelivery.due_at <= day_ago,
        or_(is_followed, is_given_up) if is_weekly else is_followed,
    )


_TAKEN = {
    is_weekly: select(ReportDelivery.day_on).where(
        ReportDelivery.company_id == bindparam("company_id"),
        ReportDelivery.kind == ReportKind.DAILY,
        ReportDelivery.recipient_id == bindparam("recipient_id"),
        ReportDelivery.day_on.in_(bindparam("days", expanding=True)),
        not_(_is_reusable(is_weekly=is_weekly)),
    )
    for is_weekly in (False, True)
}


def days_taken(
    session: Session,
    recipient: ReportRecipient,
    *,
    days: Collection[date],
    end_at: datetime,
    now: datetime,
) -> set[date]:
    """Return those of the days that have a row which cannot be used again.

    `end_at` is up to where the recipient is to be mailed.
    """
    values = {
        "company_id": recipient.company_id,
        "recipient_id": recipient.id,
        "days": list(days),
        _END_AT.key: end_at,
        _DAY_AGO.key: now - DAY,
    }
    return set(session.scalars(_TAKEN[recipient.frequency is Frequency.WEEKLY], values))


def reuse(
    session: Session,
    recipient: ReportRecipient,
    *,
    window: Window,
    end_at: datetime,
    now: datetime,
) -> bool:
    """Let the ended row of the window's last day carry the whole window; say whether it does."""
    changed = session.execute(
        update(ReportDelivery)
        .where(
            ReportDelivery.recipient_id == recipient.id,
            ReportDelivery.kind == ReportKind.DAILY,
            ReportDelivery.day_on == window.last_day,
            _is_reusable(
                is_weekly=recipient.frequency is Frequency.WEEKLY,
                end_at=end_at,
                day_ago=now - DAY,
            ),
        )
        .values(
            first_day_on=window.first_day,
            window_start_at=window.start_at,
            window_end_at=window.end_at,
            state=DeliveryState.DUE,
            skip_reason=None,
            attempts=0,
            handover_count=0,
            due_at=now,
            next_attempt_at=now,
            ended_at=None,
        )
        .returning(ReportDelivery.id)
    )
    return changed.first() is not None


def waiting_within(session: Session, recipient_id: int, *, window: Window) -> list[int]:
    """Return the waiting rows that lie within the window; one of another day keeps waiting."""
    values = {"recipient_id": recipient_id, "last_day": window.last_day}
    return list(session.scalars(_WAITING_WITHIN, values | {"start_at": window.start_at}))


def carry_over(session: Session, delivery_ids: Sequence[int], *, now: datetime) -> bool:
    """End rows that another one covers now; False if one of them was claimed meanwhile."""
    ended = session.execute(
        update(ReportDelivery)
        .where(ReportDelivery.id.in_(delivery_ids), ReportDelivery.state == DeliveryState.DUE)
        .values(state=DeliveryState.SKIPPED, skip_reason=SkipReason.CARRIED_OVER, ended_at=now)
        .returning(ReportDelivery.id)
    ).all()
    return len(ended) == len(delivery_ids)
