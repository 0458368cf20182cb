"""Let deliveries be tried again because a person asked, and open copies of what arrived.

A report brings its days to a recipient once: it is not opened again while another one brings
them. A copy brings what somebody has, or half of a day; no report is held back for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from models import DeliveryState, ReportDelivery, ReportKind, ReportRecipient
from services.delivery_claim import MAX_HANDOVERS
from services.delivery_words import WAITING
from services.due_rows import insert_delivery
from services.local_days import Window
from services.report_mail import new_message_id

ENDED = (
    DeliveryState.SENT,
    DeliveryState.REFUSED,
    DeliveryState.FAILED,
    DeliveryState.SKIPPED,
)
BRINGING = (*WAITING, DeliveryState.SENT)


@dataclass(frozen=True, slots=True)
class OpenCopy:
    """A copy that waits to be sent; not new where it waited before somebody asked again."""

    delivery_id: int
    is_new: bool


def find_bringing(session: Session, recipient_id: int, *, window: Window) -> ReportDelivery | None:
    """Return the report that brought the whole window to the recipient, or still will."""
    query = select(ReportDelivery).where(
        ReportDelivery.recipient_id == recipient_id,
        ReportDelivery.kind == ReportKind.DAILY,
        ReportDelivery.state.in_(BRINGING),
        ReportDelivery.window_start_at <= window.start_at,
        ReportDelivery.window_end_at >= window.end_at,
    )
    is_sent = ReportDelivery.state == DeliveryState.SENT
    return session.scalar(query.order_by(is_sent.desc(), ReportDelivery.id).limit(1))


def is_partly_brought(session: Session, recipient_id: int, *, window: Window) -> bool:
    """Say whether another report brought a part of the window, or may have, or still will.

    As a report the window would come twice then. The ended row of the day itself is no other one.
    """
    is_other = ReportDelivery.day_on != window.last_day
    query = select(ReportDelivery.id).where(
        ReportDelivery.recipient_id == recipient_id,
        ReportDelivery.kind == ReportKind.DAILY,
        ReportDelivery.window_start_at < window.end_at,
        ReportDelivery.window_end_at > window.start_at,
        or_(
            ReportDelivery.state == DeliveryState.SENT,
            and_(is_other, or_(ReportDelivery.state.in_(WAITING), _may_have_arrived())),
        ),
    )
    return session.scalar(query.limit(1)) is not None


def has_whole_copy(session: Session, recipient_id: int, *, window: Window) -> bool:
    """Say whether a copy of the whole window was sent, after its end."""
    query = select(ReportDelivery.id).where(
        ReportDelivery.recipient_id == recipient_id,
        ReportDelivery.kind == ReportKind.COPY,
        ReportDelivery.state == DeliveryState.SENT,
        ReportDelivery.window_start_at <= window.start_at,
        ReportDelivery.window_end_at >= window.end_at,
        ReportDelivery.ended_at >= ReportDelivery.window_end_at,
    )
    return session.scalar(query.limit(1)) is not None


def reopen(
    session: Session, delivery_ids: Sequence[int], *, began_at: datetime, now: datetime
) -> list[int]:
    """Let these deliveries be tried now, because a person asked at `began_at`.

    Works in the caller's transaction and returns those that were changed. What is sent, in
    somebody's hands, ended since then, or brought by another report stays as it is. What may have
    arrived keeps its mark: it waits for its one repeat, and after that it is never opened again.
    """
    changed = session.execute(
        update(ReportDelivery)
        .where(
            ReportDelivery.id.in_(delivery_ids),
            ReportDelivery.handover_count < MAX_HANDOVERS,
            or_(ReportDelivery.state == DeliveryState.DUE, _may_be_reopened(began_at)),
        )
        .values(
            state=case(
                (ReportDelivery.handover_count > 0, DeliveryState.HANDING_OVER),
                else_=DeliveryState.DUE,
            ),
            **_begun_anew(now),
        )
        .returning(ReportDelivery.id)
        .execution_options(synchronize_session=False)
    )
    return list(changed.scalars())


def open_copy(
    session: Session,
    recipient: ReportRecipient,
    *,
    window: Window,
    sender: str,
    began_at: datetime,
    now: datetime,
) -> OpenCopy:
    """Let the recipient get the window once more, in the caller's transaction.

    One copy for a day and a recipient: while it waits, asking again changes nothing; one that
    ended before `began_at` is opened again, as a message of its own.
    """
    copy_id = insert_delivery(
        session, recipient, window=window, sender=sender, kind=ReportKind.COPY, now=now
    )
    if copy_id is None:
        copy_id = _reopen_copy(
            session, recipient, window=window, sender=sender, began_at=began_at, now=now
        )
    if copy_id is not None:
        return OpenCopy(copy_id, is_new=True)
    waiting = select(ReportDelivery.id).where(_is_copy_of(recipient, window))
    return OpenCopy(session.scalars(waiting).one(), is_new=False)


def _may_be_reopened(began_at: datetime) -> ColumnElement[bool]:
    other = aliased(ReportDelivery)
    is_brought = exists().where(
        other.recipient_id == ReportDelivery.recipient_id,
        other.kind == ReportKind.DAILY,
        other.id != ReportDelivery.id,
        other.window_start_at < ReportDelivery.window_end_at,
        other.window_end_at > ReportDelivery.window_start_at,
        or_(
            other.state.in_(BRINGING),
            and_(other.state == DeliveryState.FAILED, other.handover_count > 0),
        ),
    )
    return and_(
        ReportDelivery.state.in_(ENDED),
        ReportDelivery.state != DeliveryState.SENT,
        ReportDelivery.ended_at <= began_at,
        ~is_brought,
    )


def _may_have_arrived() -> ColumnElement[bool]:
    return and_(
        ReportDelivery.state.in_((DeliveryState.REFUSED, DeliveryState.FAILED)),
        ReportDelivery.handover_count > 0,
    )


def _reopen_copy(
    session: Session,
    recipient: ReportRecipient,
    *,
    window: Window,
    sender: str,
    began_at: datetime,
    now: datetime,
) -> int | None:
    changed = session.execute(
        update(ReportDelivery)
        .where(
            _is_copy_of(recipient, window),
            ReportDelivery.state.in_(ENDED),
            ReportDelivery.ended_at <= began_at,
        )
        .values(
            first_day_on=window.first_day,
            window_start_at=window.start_at,
            window_end_at=window.end_at,
            message_id=new_message_id(sender),
            state=DeliveryState.DUE,
            listed_count=None,
            handover_count=0,
            **_begun_anew(now),
        )
        .returning(ReportDelivery.id)
        .execution_options(synchronize_session=False)
    )
    return changed.scalar()


def _is_copy_of(recipient: ReportRecipient, window: Window) -> ColumnElement[bool]:
    return and_(
        ReportDelivery.company_id == recipient.company_id,
        ReportDelivery.kind == ReportKind.COPY,
        ReportDelivery.day_on == window.last_day,
        ReportDelivery.recipient_id == recipient.id,
    )


def _begun_anew(now: datetime) -> dict[str, Any]:
    """Return the columns of a row that waits to be tried, as if for the first time."""
    return {
        "skip_reason": None,
        "attempts": 0,
        "due_at": now,
        "ended_at": None,
        "next_attempt_at": now,
        "lease_owner": None,
        "lease_until_at": None,
        "answer_code": None,
        "answer_text": "",
    }
