"""Make the rows of reports that are due: one per company, local day and recipient.

The row is the claim. It is inserted by whoever comes first and never twice, so restarts, several
processes and the clocks of the zone cannot matter.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from models import (
    DeliveryState,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    ReportSettings,
    SkipReason,
)
from models.base import new_public_id
from services.database import only_reading
from services.local_days import DAY, Window, day_window, find_zone, last_due_day, local_day
from services.report_mail import delivery_message_id
from services.report_recipients import is_mailed
from services.report_windows import covered_windows, uncovered_spans
from services.runtime import Runtime

logger = logging.getLogger(__name__)

#: The day of a span is the one it ends in, not the one that begins there.
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class DueReport:
    """What one company's mails have to cover by now: `[reported_from_at, end_at)`."""

    company_id: int
    zone: ZoneInfo
    reported_from_at: datetime
    end_at: datetime


def make_due(runtime: Runtime) -> None:
    """Insert the rows of every report whose hour has come. Commits, once per recipient.

    A company that cannot be prepared is logged and never stops the others.
    """
    now = runtime.clock()
    for company_id in _companies(runtime):
        try:
            _make_due(runtime, company_id, now=now)
        except Exception:  # the edge: one company's trouble is not the others'
            logger.exception("the report of company %s could not be prepared", company_id)


def insert_delivery(
    session: Session,
    recipient: ReportRecipient,
    *,
    window: Window,
    sender: str,
    now: datetime,
) -> bool:
    """Insert a due row in the caller's transaction; say whether it is new."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert(ReportDelivery) if is_sqlite else postgresql.insert(ReportDelivery)
    statement = insert.values(
        public_id=new_public_id(),
        company_id=recipient.company_id,
        recipient_id=recipient.id,
        kind=ReportKind.DAILY,
        first_day_on=window.first_day,
        day_on=window.last_day,
        window_start_at=window.start_at,
        window_end_at=window.end_at,
        message_id=delivery_message_id(
            window.last_day, recipient_public_id=recipient.public_id, sender=sender
        ),
        state=DeliveryState.DUE,
        next_attempt_at=now,
        due_at=now,
    )
    result = session.execute(
        statement.on_conflict_do_nothing(
            index_elements=["company_id", "kind", "day_on", "recipient_id"]
        ).returning(ReportDelivery.id)
    )
    return result.first() is not None


def _companies(runtime: Runtime) -> list[int]:
    with only_reading(), runtime.sessions() as session:
        query = select(ReportSettings.company_id).where(ReportSettings.is_on.is_(True))
        return list(session.scalars(query.order_by(ReportSettings.company_id)))


def _make_due(runtime: Runtime, company_id: int, *, now: datetime) -> None:
    with only_reading(), runtime.sessions() as session:
        due = _find_due(session, company_id, now=now)
        if due is None:
            return
        waiting = [
            recipient.id
            for recipient in _active_recipients(session, due)
            if _open_windows(session, due, recipient=recipient, now=now)
        ]
    for recipient_id in waiting:
        with runtime.sessions() as session:
            recipient = session.get(ReportRecipient, recipient_id)
            if recipient is not None and _insert_due(
                session, due, recipient=recipient, runtime=runtime, now=now
            ):
                session.commit()


def _find_due(session: Session, company_id: int, *, now: datetime) -> DueReport | None:
    settings = session.scalar(
        select(ReportSettings)
        .where(ReportSettings.company_id == company_id, ReportSettings.is_on.is_(True))
        .options(joinedload(ReportSettings.company))
    )
    if settings is None or settings.reported_from_at is None:
        return None
    zone = find_zone(settings.company.zone)
    day = last_due_day(zone, hour=settings.local_hour, now=now)
    end_at = day_window(zone, day).end_at
    if end_at <= settings.reported_from_at:
        return None
    return DueReport(company_id, zone, settings.reported_from_at, end_at)


def _active_recipients(session: Session, due: DueReport) -> Sequence[ReportRecipient]:
    query = select(ReportRecipient).where(
        ReportRecipient.company_id == due.company_id,
        ReportRecipient.reported_from_at < due.end_at,
        is_mailed(),
    )
    return session.scalars(query.order_by(ReportRecipient.id)).all()


def _open_windows(
    session: Session, due: DueReport, *, recipient: ReportRecipient, now: datetime
) -> list[Window]:
    """Return what the recipient still has to be mailed, cut where something is covered.

    A window whose last day has a row waits: for that row, or for the next day to carry it.
    """
    start = max(due.reported_from_at, recipient.reported_from_at)
    covered = covered_windows(session, recipient.id, after=start)
    windows = [
        Window(local_day(due.zone, begin), local_day(due.zone, end - MOMENT), begin, end)
        for begin, end in uncovered_spans(covered, start=start, end=due.end_at)
    ]
    if not windows:
        return []
    query = select(ReportDelivery.day_on).where(
        ReportDelivery.company_id == due.company_id,
        ReportDelivery.kind == ReportKind.DAILY,
        ReportDelivery.recipient_id == recipient.id,
        ReportDelivery.day_on.in_([window.last_day for window in windows]),
        not_(_is_reusable(due, now=now)),
    )
    taken = set(session.scalars(query))
    return [window for window in windows if window.last_day not in taken]


def _is_reusable(due: DueReport, *, now: datetime) -> ColumnElement[bool]:
    """A row that brought nothing, and that no later one can carry: what follows is covered."""
    return and_(
        ReportDelivery.window_end_at < due.end_at,
        ReportDelivery.due_at <= now - DAY,
        or_(
            ReportDelivery.state == DeliveryState.REFUSED,
            and_(ReportDelivery.state == DeliveryState.FAILED, ReportDelivery.handover_count == 0),
            ReportDelivery.skip_reason.is_not_distinct_from(SkipReason.CARRIED_OVER),
        ),
    )


def _insert_due(
    session: Session,
    due: DueReport,
    *,
    recipient: ReportRecipient,
    runtime: Runtime,
    now: datetime,
) -> bool:
    """Insert a row for each open window.

    Older rows that still wait are carried over: missed days in a row make one mail. Returns
    False where nothing is to be kept: somebody else was faster, or after a change of zone the
    day was reported before.
    """
    windows = _open_windows(session, due, recipient=recipient, now=now)
    for window in windows:
        waiting = _waiting(session, recipient.id, window=window)
        is_new = insert_delivery(
            session, recipient, window=window, sender=runtime.mail_from, now=now
        )
        if not is_new and not _reuse(session, due, recipient.id, window=window, now=now):
            return False
        if not _carry_over(session, waiting, now=now):
            return False
    return bool(windows)


def _reuse(
    session: Session, due: DueReport, recipient_id: int, *, window: Window, now: datetime
) -> bool:
    """Let the ended row of the window's last day carry the whole window; say whether it does."""
    changed = session.execute(
        update(ReportDelivery)
        .where(
            ReportDelivery.recipient_id == recipient_id,
            ReportDelivery.kind == ReportKind.DAILY,
            ReportDelivery.day_on == window.last_day,
            _is_reusable(due, now=now),
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


def _waiting(session: Session, recipient_id: int, *, window: Window) -> list[int]:
    """Return the waiting rows that lie within the window; one of another day keeps waiting."""
    query = select(ReportDelivery.id).where(
        ReportDelivery.recipient_id == recipient_id,
        ReportDelivery.state == DeliveryState.DUE,
        ReportDelivery.day_on < window.last_day,
        ReportDelivery.window_start_at >= window.start_at,
    )
    return list(session.scalars(query))


def _carry_over(session: Session, delivery_ids: Sequence[int], *, now: datetime) -> bool:
    """End rows that another one covers now; False if one of them was claimed meanwhile."""
    ended = session.execute(
        update(ReportDelivery)
        .where(ReportDelivery.id.in_(delivery_ids), ReportDelivery.state == DeliveryState.DUE)
        .values(state=DeliveryState.SKIPPED, skip_reason=SkipReason.CARRIED_OVER, ended_at=now)
        .returning(ReportDelivery.id)
    ).all()
    return len(ended) == len(delivery_ids)
