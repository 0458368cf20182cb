"""Which spans of time a recipient has been mailed, and which are left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models import DeliveryState, ReportDelivery, ReportKind, SkipReason

IN_HAND = (DeliveryState.CLAIMED, DeliveryState.HANDING_OVER, DeliveryState.SENT)


def covered_windows(
    session: Session, recipient_id: int, *, after: datetime
) -> Sequence[tuple[datetime, datetime]]:
    """Return the spans that need no other mail, in order: sent, on the way, or skipped for good.

    What was refused or failed is not covered, unless it may have arrived before: the next mail
    carries it. Copies cover nothing.
    """
    is_settled = or_(
        ReportDelivery.state.in_(IN_HAND),
        and_(
            ReportDelivery.state == DeliveryState.SKIPPED,
            ReportDelivery.skip_reason != SkipReason.CARRIED_OVER,
        ),
        and_(
            ReportDelivery.state.in_((DeliveryState.REFUSED, DeliveryState.FAILED)),
            ReportDelivery.handover_count > 0,
        ),
    )
    rows = session.execute(
        select(ReportDelivery.window_start_at, ReportDelivery.window_end_at)
        .where(
            ReportDelivery.recipient_id == recipient_id,
            ReportDelivery.kind == ReportKind.DAILY,
            ReportDelivery.window_end_at > after,
            is_settled,
        )
        .order_by(ReportDelivery.window_start_at, ReportDelivery.window_end_at)
    )
    return [(row[0], row[1]) for row in rows]


def uncovered_spans(
    covered: Sequence[tuple[datetime, datetime]], *, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans of `[start, end)` that no covered one touches, in order. Pure."""
    for covered_from, covered_until in covered:
        if start < min(covered_from, end):
            yield start, min(covered_from, end)
        start = max(start, covered_until)
    if start < end:
        yield start, end
