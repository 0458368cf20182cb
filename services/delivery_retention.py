"""Clear old deliveries without opening a gap: they tell which days somebody has been mailed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from models import ReportDelivery, ReportKind, ReportRecipient, ReportSettings
from services.database import only_reading
from services.due_rows import lock_report
from services.report_windows import Span, covered_windows
from services.runtime import Runtime

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def clear_deliveries(runtime: Runtime, *, before: datetime) -> Iterator[int]:
    """Clear the deliveries of each recipient that ended before and lead up to no gap.

    Commits, once per recipient; yields how many rows each time.
    """
    with only_reading(), runtime.sessions() as session:
        query = select(ReportRecipient.id, ReportRecipient.company_id).where(
            select(ReportDelivery.id)
            .where(ReportDelivery.recipient_id == ReportRecipient.id, is_past(before))
            .exists()
        )
        found = session.execute(query.order_by(ReportRecipient.id)).all()
    for recipient_id, company_id in found:
        yield _clear(runtime, company_id, recipient_id, before=before)


def is_past(before: datetime) -> ColumnElement[bool]:
    """Say of a delivery whether it ended before, and its window did."""
    return and_(ReportDelivery.ended_at < before, ReportDelivery.window_end_at < before)


def settled_until(covered: Sequence[Span], *, start: datetime, before: datetime) -> datetime:
    """Return the last end of a covered window up to which nothing is uncovered since `start`. Pure.

    `covered` in the order of their begins, as covered_windows returns them. Only windows that end
    before `before` are taken; without one it is `start` itself.
    """
    reached = settled = start
    for begin_at, end_at in covered:
        if begin_at > reached:
            break
        reached = max(reached, end_at)
        if settled < end_at < before:
            settled = end_at
    return settled


def _clear(runtime: Runtime, company_id: int, recipient_id: int, *, before: datetime) -> int:
    with runtime.sessions() as session:
        # Whoever makes rows of this company waits, so nothing is decided from what goes here.
        lock_report(session, company_id)
        recipient = session.get(ReportRecipient, recipient_id)
        if recipient is None:
            return 0
        until_at = find_settled(session, recipient, before=before)
        # From here on the next rows are counted; all before it is settled.
        recipient.reported_from_at = max(recipient.reported_from_at, until_at)
        count = _delete(session, recipient_id, before=before, until_at=until_at)
        session.commit()
    return count


def find_settled(
    session: Session, recipient: ReportRecipient, *, before: datetime = END_OF_TIME
) -> datetime:
    """Return the last end of the recipient's windows up to which no day is open or on its way.

    Never before the recipient's report begins. Only windows that end before `before` are taken.
    """
    begins_at = session.scalar(
        select(ReportSettings.reported_from_at).where(
            ReportSettings.company_id == recipient.company_id
        )
    )
    start = max(filter(None, (begins_at, recipient.reported_from_at)))
    open_at = session.scalar(
        select(func.min(ReportDelivery.window_start_at)).where(
            ReportDelivery.recipient_id == recipient.id,
            ReportDelivery.kind == ReportKind.DAILY,
            ReportDelivery.ended_at.is_(None),
        )
    )
    # What is on its way counts as covered, and may still fail.
    covered = [
        window
        for window in covered_windows(session, [recipient])[recipient.id]
        if open_at is None or window[1] <= open_at
    ]
    return settled_until(covered, start=start, before=before)


def _delete(session: Session, recipient_id: int, *, before: datetime, until_at: datetime) -> int:
    """Delete what is past and settled; copies cover nothing. The newest row of each kind stays."""
    newest = (
        select(func.max(ReportDelivery.id))
        .where(ReportDelivery.recipient_id == recipient_id)
        .group_by(ReportDelivery.kind)
    )
    newest_day = select(func.max(ReportDelivery.window_end_at)).where(
        ReportDelivery.recipient_id == recipient_id, ReportDelivery.kind == ReportKind.DAILY
    )
    is_copy = ReportDelivery.kind == ReportKind.COPY
    is_settled = and_(
        ReportDelivery.window_end_at <= until_at,
        ReportDelivery.window_end_at < newest_day.scalar_subquery(),
    )
    gone = session.scalars(
        delete(ReportDelivery)
        .where(
            ReportDelivery.recipient_id == recipient_id,
            is_past(before),
            or_(is_copy, is_settled),
            ReportDelivery.id.not_in(newest),
        )
        .returning(ReportDelivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(gone)
