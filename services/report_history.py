"""The deliveries of a company, day by day, for the pages and for readiness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from models import DeliveryState, ReportDelivery, ReportKind
from services.delivery_claim import MAX_HANDOVERS
from services.delivery_words import WAITING, reason_sentence

SHOWN_DAYS = 14


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One recipient's delivery. `reason` says why it is not sent; it is empty where it is.

    A copy was asked for by a person. A repeat was handed over twice, because the answer to the
    first time was lost: its recipient may have it twice, under one id.
    """

    public_id: str
    address: str
    first_day: date
    day: date
    state: DeliveryState
    reason: str
    answer_code: int | None
    listed_count: int | None
    attempts: int
    is_copy: bool
    is_repeat: bool
    ended_at: datetime | None
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayDeliveries:
    """All deliveries that report one span of days, copies last, in the order of the recipients."""

    first_day: date
    day: date
    deliveries: tuple[DeliveryView, ...]

    @property
    def reports(self) -> tuple[DeliveryView, ...]:
        """The deliveries that went by themselves, or still wait to go."""
        return tuple(view for view in self.deliveries if not view.is_copy)

    @property
    def copies(self) -> tuple[DeliveryView, ...]:
        return tuple(view for view in self.deliveries if view.is_copy)

    @property
    def sent_count(self) -> int:
        """How many recipients have the report; copies are not counted."""
        return sum(view.state is DeliveryState.SENT for view in self.reports)

    @property
    def last_sent_at(self) -> datetime | None:
        """Return when the last of the reports went out."""
        sent = [view.ended_at for view in self.reports if view.state is DeliveryState.SENT]
        return max(filter(None, sent), default=None)


def list_deliveries(
    session: Session, company_id: int, *, days: int = SHOWN_DAYS, before: date | None = None
) -> tuple[DayDeliveries, ...]:
    """Return the last days that have deliveries, newest first. Two statements.

    `before` pages on: only what ends earlier than that day, which is the last one shown.
    """
    shown = select(ReportDelivery.day_on).where(ReportDelivery.company_id == company_id)
    if before is not None:
        shown = shown.where(ReportDelivery.day_on < before)
    last_days = list(
        session.scalars(shown.distinct().order_by(ReportDelivery.day_on.desc()).limit(days))
    )
    query = _deliveries(company_id).where(ReportDelivery.day_on.in_(last_days))
    return tuple(_spans(session.scalars(query)))


def find_day(session: Session, company_id: int, day: date) -> DayDeliveries | None:
    """Return the deliveries whose span holds the day, or None. One statement.

    Of several spans the one that was sent, then the one that went by itself, then the newest.
    """
    query = _deliveries(company_id).where(
        ReportDelivery.day_on >= day, ReportDelivery.first_day_on <= day
    )
    spans = sorted(_spans(session.scalars(query)), key=lambda span: span.day, reverse=True)
    return max(spans, key=lambda span: (span.sent_count > 0, bool(span.reports)), default=None)


def each_delivery(session: Session, company_id: int) -> Iterator[DeliveryView]:
    """Yield every delivery there is, newest first, without holding all of them."""
    query = _deliveries(company_id).execution_options(yield_per=500)
    yield from map(_view, session.scalars(query))


def oldest_waiting_at(session: Session) -> datetime | None:
    """Return since when the delivery that waits longest is due, or None if none waits.

    What it carries of days that had rows of their own counts from those days on.
    """
    since_at = case(
        (ReportDelivery.kind == ReportKind.DAILY, lacking_since()), else_=ReportDelivery.due_at
    )
    query = select(func.min(since_at)).where(ReportDelivery.state.in_(WAITING))
    oldest_at: datetime | None = session.scalar(query)
    return oldest_at


def lacking_since() -> ColumnElement[Any]:
    """Return since when the recipient of a report lacks it.

    A row may carry days that had rows of their own: every day in an outage makes a new one.
    """
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


def _deliveries(company_id: int) -> Select[Any]:
    return (
        select(ReportDelivery)
        .where(ReportDelivery.company_id == company_id)
        .options(joinedload(ReportDelivery.recipient))
        .order_by(
            ReportDelivery.day_on.desc(),
            ReportDelivery.first_day_on,
            (ReportDelivery.kind == ReportKind.COPY).asc(),
            ReportDelivery.recipient_id,
        )
    )


def _spans(rows: Iterable[ReportDelivery]) -> Iterator[DayDeliveries]:
    for (day, first_day), group in groupby(rows, lambda row: (row.day_on, row.first_day_on)):
        yield DayDeliveries(first_day, day, tuple(map(_view, group)))


def _view(row: ReportDelivery) -> DeliveryView:
    return DeliveryView(
        public_id=row.public_id,
        address=row.recipient.address,
        first_day=row.first_day_on,
        day=row.day_on,
        state=row.state,
        reason=reason_sentence(row),
        answer_code=row.answer_code,
        listed_count=row.listed_count,
        attempts=row.attempts,
        is_copy=row.kind is ReportKind.COPY,
        is_repeat=row.handover_count >= MAX_HANDOVERS,
        ended_at=row.ended_at,
        next_attempt_at=row.next_attempt_at if row.state in WAITING else None,
    )
