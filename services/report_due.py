"""Make the rows of reports that are due: one per company, local day and recipient.

The row is the claim. It is inserted by whoever comes first and never twice, so restarts, several
processes and the clocks of the zone cannot matter.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, or_, select, update
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
from services.local_days import Window, day_window, find_zone, last_due_day, local_day
from services.report_mail import delivery_message_id
from services.runtime import Runtime

logger = logging.getLogger(__name__)

#: Whoever was refused this often in a row is not tried again until an admin saves the list.
REFUSALS_IN_A_ROW = 3
IN_HAND = (DeliveryState.CLAIMED, DeliveryState.HANDING_OVER, DeliveryState.SENT)
IS_ACTIVE = and_(
    ReportRecipient.removed_at.is_(None),
    ReportRecipient.unsubscribed_at.is_(None),
    ReportRecipient.refusal_count < REFUSALS_IN_A_ROW,
)


@dataclass(frozen=True, slots=True)
class DueReport:
    """One company's report that is due, and who has no row for it yet."""

    company_id: int
    zone: ZoneInfo
    day: date
    reported_from_at: datetime
    recipient_ids: tuple[int, ...]


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


def covered_windows(
    session: Session, recipient_id: int, *, after: datetime
) -> Sequence[tuple[datetime, datetime]]:
    """Return the spans that need no other mail, in order: sent, on the way, or skipped for good.

    What was refused or failed is not covered: the next mail carries it.
    """
    is_settled = or_(
        ReportDelivery.state.in_(IN_HAND),
        and_(
            ReportDelivery.state == DeliveryState.SKIPPED,
            ReportDelivery.skip_reason != SkipReason.CARRIED_OVER,
        ),
        and_(ReportDelivery.state == DeliveryState.FAILED, ReportDelivery.handover_count > 0),
    )
    rows = session.execute(
        select(ReportDelivery.window_start_at, ReportDelivery.window_end_at)
        .where(
            ReportDelivery.recipient_id == recipient_id,
            ReportDelivery.window_end_at > after,
            is_settled,
        )
        .order_by(ReportDelivery.window_start_at, ReportDelivery.window_end_at)
    )
    return [(row[0], row[1]) for row in rows]


def first_uncovered(covered: Sequence[tuple[datetime, datetime]], *, start: datetime) -> datetime:
    """Return the first moment from `start` on that no span covers. Pure."""
    for begin, end in covered:
        if begin <= start < end:
            start = end
    return start


def _companies(runtime: Runtime) -> list[int]:
    with only_reading(), runtime.sessions() as session:
        query = select(ReportSettings.company_id).where(ReportSettings.is_on.is_(True))
        return list(session.scalars(query.order_by(ReportSettings.company_id)))


def _make_due(runtime: Runtime, company_id: int, *, now: datetime) -> None:
    with only_reading(), runtime.sessions() as session:
        due = _find_due(session, company_id, now=now)
    if due is None:
        return
    for recipient_id in due.recipient_ids:
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
    has_row = exists().where(
        ReportDelivery.recipient_id == ReportRecipient.id,
        ReportDelivery.company_id == company_id,
        ReportDelivery.kind == ReportKind.DAILY,
        ReportDelivery.day_on == day,
    )
    waiting = session.scalars(
        select(ReportRecipient.id)
        .where(
            ReportRecipient.company_id == company_id,
            ReportRecipient.reported_from_at < end_at,
            IS_ACTIVE,
            ~has_row,
        )
        .order_by(ReportRecipient.id)
    )
    return DueReport(company_id, zone, day, settings.reported_from_at, tuple(waiting))


def _insert_due(
    session: Session,
    due: DueReport,
    *,
    recipient: ReportRecipient,
    runtime: Runtime,
    now: datetime,
) -> bool:
    """Insert one row whose window begins where the last settled one ended.

    Older rows that still wait are carried over into it: after missed days there is one mail, not
    one for each. Returns False where nothing is to be kept: somebody else was faster, or after a
    change of zone the day was reported before.
    """
    start = max(due.reported_from_at, recipient.reported_from_at)
    start = first_uncovered(covered_windows(session, recipient.id, after=start), start=start)
    end = day_window(due.zone, due.day).end_at
    if start >= end:
        return False
    window = Window(local_day(due.zone, start), due.day, start, end)
    waiting = _waiting(session, recipient.id, window=window)
    if not insert_delivery(session, recipient, window=window, sender=runtime.mail_from, now=now):
        return False
    return _carry_over(session, waiting, now=now)


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
