"""The deliveries of a company, day by day, for the page and for readiness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from models import DeliveryState, ReportDelivery
from services.delivery_words import WAITING, reason_sentence

SHOWN_DAYS = 14


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One recipient's delivery. `reason` says why it is not sent; it is empty where it is."""

    public_id: str
    address: str
    state: DeliveryState
    reason: str
    listed_count: int | None
    attempts: int
    ended_at: datetime | None
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayDeliveries:
    """All deliveries that report one span of days, in the order of the list of recipients."""

    first_day: date
    day: date
    deliveries: tuple[DeliveryView, ...]

    @property
    def sent_count(self) -> int:
        return sum(view.state is DeliveryState.SENT for view in self.deliveries)

    @property
    def last_sent_at(self) -> datetime | None:
        """Return when the last of them went out."""
        sent = [view.ended_at for view in self.deliveries if view.state is DeliveryState.SENT]
        return max(filter(None, sent), default=None)


def list_deliveries(
    session: Session, company_id: int, *, days: int = SHOWN_DAYS
) -> tuple[DayDeliveries, ...]:
    """Return the last days that have deliveries, newest first. Two statements."""
    shown = select(ReportDelivery.day_on).where(ReportDelivery.company_id == company_id)
    last_days = list(
        session.scalars(shown.distinct().order_by(ReportDelivery.day_on.desc()).limit(days))
    )
    rows = session.scalars(
        select(ReportDelivery)
        .where(ReportDelivery.company_id == company_id, ReportDelivery.day_on.in_(last_days))
        .options(joinedload(ReportDelivery.recipient))
        .order_by(
            ReportDelivery.day_on.desc(),
            ReportDelivery.first_day_on,
            ReportDelivery.recipient_id,
        )
    )
    return tuple(
        _day(first_day, day, list(group))
        for (day, first_day), group in groupby(rows, lambda row: (row.day_on, row.first_day_on))
    )


def oldest_waiting_at(session: Session) -> datetime | None:
    """Return since when the delivery that waits longest is due, or None if none waits."""
    return session.scalar(
        select(func.min(ReportDelivery.due_at)).where(ReportDelivery.state.in_(WAITING))
    )


def _day(first_day: date, day: date, rows: Sequence[ReportDelivery]) -> DayDeliveries:
    return DayDeliveries(first_day, day, tuple(_view(row) for row in rows))


def _view(row: ReportDelivery) -> DeliveryView:
    is_waiting = row.state in WAITING
    return DeliveryView(
        public_id=row.public_id,
        address=row.recipient.address,
        state=row.state,
        reason=reason_sentence(row),
        listed_count=row.listed_count,
        attempts=row.attempts,
        ended_at=row.ended_at,
        next_attempt_at=row.next_attempt_at if is_waiting else None,
    )
