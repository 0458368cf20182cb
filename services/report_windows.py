"""Which spans of time a recipient has been mailed, and which are left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from models import DeliveryState, ReportDelivery, ReportKind, ReportRecipient, SkipReason

IN_HAND = (DeliveryState.CLAIMED, DeliveryState.HANDING_OVER, DeliveryState.SENT)
#: Half-open, in UTC.
Span = tuple[datetime, datetime]


#: Built once: it is asked of every company, every few minutes.
_COVERED = (
    select(
        ReportDelivery.recipient_id, ReportDelivery.window_start_at, ReportDelivery.window_end_at
    )
    .where(
        ReportDelivery.recipient_id.in_(bindparam("recipient_ids", expanding=True)),
        ReportDelivery.kind == ReportKind.DAILY,
        ReportDelivery.window_end_at > bindparam("after"),
        or_(
            ReportDelivery.state.in_(IN_HAND),
            and_(
                ReportDelivery.state == DeliveryState.SKIPPED,
                ReportDelivery.skip_reason != SkipReason.CARRIED_OVER,
            ),
            and_(
                ReportDelivery.state.in_((DeliveryState.REFUSED, DeliveryState.FAILED)),
                ReportDelivery.handover_count > 0,
            ),
        ),
    )
    .order_by(ReportDelivery.window_start_at, ReportDelivery.window_end_at)
)


def covered_windows(
    session: Session, recipients: Iterable[ReportRecipient]
) -> Mapping[int, Sequence[Span]]:
    """Return the spans that need no other mail, in order, by recipient id. One statement.

    They were sent, are on the way, or were skipped for good. What was refused or failed is not
    covered, unless it may have arrived before: the next mail carries it. Copies cover nothing.
    """
    starts = {recipient.id: recipient.reported_from_at for recipient in recipients}
    covered: dict[int, list[Span]] = {recipient_id: [] for recipient_id in starts}
    if not starts:
        return covered
    values = {"recipient_ids": list(starts), "after": min(starts.values())}
    for recipient_id, begin_at, end_at in session.execute(_COVERED, values):
        covered[recipient_id].append((begin_at, end_at))
    return covered


def uncovered_spans(covered: Sequence[Span], *, start: datetime, end: datetime) -> Iterator[Span]:
    """Yield the spans of `[start, end)` that no covered one touches, in order. Pure."""
    for covered_from, covered_until in covered:
        if start < min(covered_from, end):
            yield start, min(covered_from, end)
        start = max(start, covered_until)
    if start < end:
        yield start, end
