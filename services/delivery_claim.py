"""Take deliveries in hand, one process at a time. Every step is one conditional update.

    due -> claimed -> handing_over -> sent | refused | failed        (or skipped, with a reason)

A claim holds a lease and a token of its own. Whoever comes back after the lease finds another
token in the row and changes nothing. `handing_over` is committed before the final dot goes out:
a row found in it may have arrived, is sent once more under the same Message-ID, and then stops.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
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
from services.local_days import Window
from services.report_recipients import has_agreed

#: How long we wait for a busy database to take what is known; a last try may begin just then.
NOTING = timedelta(minutes=2)
#: Longer than everything before the final dot may take (services/smtp.py), and noting it twice.
CLAIM_LEASE = timedelta(minutes=10)
#: Longer than the server may take to answer the final dot, and noting that.
HANDOVER_LEASE = timedelta(minutes=15)
MAX_HANDOVERS = 2
#: So many turns are read at once: a long queue is sorted once for all of them.
TURNS = 50


class LeaseLost(Exception):
    """Somebody else works on the delivery, or its row is gone."""


class Withdrawn(Exception):
    """The mail is not wanted any more; `reason` says why."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery in our hands, as it was when it was claimed."""

    delivery_id: int
    owner: str
    company_id: int
    recipient_id: int
    kind: ReportKind
    window: Window
    message_id: str
    attempts: int
    handover_count: int
    due_at: datetime

    @property
    def is_repeat(self) -> bool:
        """Say whether the message may have arrived already."""
        return self.handover_count > 0


def has_work(session: Session, *, now: datetime) -> bool:
    """Say whether any delivery may be worked on now. One statement by index, changes nothing."""
    is_open = ReportDelivery.state.in_(
        (DeliveryState.DUE, DeliveryState.CLAIMED, DeliveryState.HANDING_OVER)
    )
    query = select(ReportDelivery.id).where(is_open, ReportDelivery.next_attempt_at <= now)
    return session.scalar(query.limit(1)) is not None


def list_turns(
    session: Session, *, now: datetime, only: Sequence[int] | None = None
) -> Sequence[int]:
    """Return whose turns come next, at most TURNS of them. Changes nothing.

    Reports before copies, then what was tried least, so that a mail which always fails holds up
    nobody; then what waits longest. `only` narrows it to these rows.
    """
    query = select(ReportDelivery.id).where(_is_free(now))
    if only is not None:
        query = query.where(ReportDelivery.id.in_(only))
    query = query.order_by(
        (ReportDelivery.kind == ReportKind.COPY).asc(),
        ReportDelivery.attempts,
        ReportDelivery.next_attempt_at,
        ReportDelivery.id,
    )
    return session.scalars(query.limit(TURNS)).all()


def claim_delivery(session: Session, delivery_id: int, *, now: datetime) -> Claim | None:
    """Take this delivery in hand, or None if it is not free any more. Commits."""
    query = select(ReportDelivery).where(ReportDelivery.id == delivery_id, _is_free(now))
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        return None
    claim = _claim(row)
    taken = _take(session, row, claim, now=now)
    session.commit()
    return claim if taken else None


def note_handover(session: Session, claim: Claim, *, now: datetime) -> None:
    """Write down that the message may arrive from now on. Commits.

    Looks once more whether anybody still wants it. Raises Withdrawn or LeaseLost.
    """
    reason = find_withdrawal(session, claim)
    if reason is not None:
        raise Withdrawn(reason)
    changed = change_claimed(
        session,
        claim,
        state=DeliveryState.HANDING_OVER,
        handover_count=claim.handover_count + 1,
        lease_until_at=now + HANDOVER_LEASE,
    )
    session.commit()
    if not changed:
        raise LeaseLost


def find_withdrawal(session: Session, claim: Claim) -> SkipReason | None:
    """Say why the recipient gets no mail now, or None. Raises LeaseLost if it is gone."""
    found = session.execute(
        select(ReportRecipient, has_agreed())
        .where(ReportRecipient.id == claim.recipient_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise LeaseLost
    recipient, agreed = found
    if recipient.unsubscribed_at is not None:
        return SkipReason.UNSUBSCRIBED
    if recipient.removed_at is not None:
        return SkipReason.RECIPIENT_REMOVED
    if recipient.frequency is Frequency.OFF:
        return SkipReason.RECIPIENT_OFF
    if not agreed:
        return SkipReason.NOT_CONFIRMED
    is_on = session.scalar(
        select(ReportSettings.is_on).where(ReportSettings.company_id == claim.company_id)
    )
    return None if is_on else SkipReason.REPORT_OFF


def change_claimed(session: Session, claim: Claim, **values: Any) -> bool:
    """Change the row if it is still ours, in the caller's transaction; say whether it was."""
    changed = session.execute(
        update(ReportDelivery)
        .where(
            ReportDelivery.id == claim.delivery_id,
            ReportDelivery.lease_owner == claim.owner,
            ReportDelivery.state.in_((DeliveryState.CLAIMED, DeliveryState.HANDING_OVER)),
        )
        .values(**values)
        .returning(ReportDelivery.id)
    )
    return changed.first() is not None


def _is_free(now: datetime) -> ColumnElement[bool]:
    is_left = or_(ReportDelivery.lease_until_at.is_(None), ReportDelivery.lease_until_at <= now)
    return and_(
        ReportDelivery.next_attempt_at <= now,
        or_(
            ReportDelivery.state == DeliveryState.DUE,
            and_(ReportDelivery.state == DeliveryState.CLAIMED, is_left),
            and_(
                ReportDelivery.state == DeliveryState.HANDING_OVER,
                ReportDelivery.handover_count < MAX_HANDOVERS,
                is_left,
            ),
        ),
    )


def window_of(row: ReportDelivery) -> Window:
    """Return the span that the row was made for."""
    return Window(row.first_day_on, row.day_on, row.window_start_at, row.window_end_at)


def _claim(row: ReportDelivery) -> Claim:
    return Claim(
        delivery_id=row.id,
        owner=secrets.token_hex(8),
        company_id=row.company_id,
        recipient_id=row.recipient_id,
        kind=row.kind,
        window=window_of(row),
        message_id=row.message_id,
        attempts=row.attempts + 1,
        handover_count=row.handover_count,
        due_at=row.due_at,
    )


def _take(session: Session, row: ReportDelivery, claim: Claim, *, now: datetime) -> bool:
    """Write our token into the row as it was read; False if somebody was faster."""
    is_handed_over = row.state is DeliveryState.HANDING_OVER
    taken = session.execute(
        update(ReportDelivery)
        .where(
            ReportDelivery.id == row.id,
            ReportDelivery.state == row.state,
            ReportDelivery.attempts == row.attempts,
            _is_free(now),
        )
        .values(
            state=DeliveryState.HANDING_OVER if is_handed_over else DeliveryState.CLAIMED,
            attempts=claim.attempts,
            lease_owner=claim.owner,
            lease_until_at=now + CLAIM_LEASE,
            answer_code=None,
            answer_text="",
        )
        .returning(ReportDelivery.id)
    )
    return taken.first() is not None
