"""The daily re-check that an admin may switch on: when it is due, what it may cost, what it found.

Nothing else reads customers without somebody looking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import (
    Company,
    Connection,
    ConnectionState,
    Reading,
    ReadingOrigin,
    ReadingState,
)
from services.audit import AuditAction, record_event
from services.connection_views import ConnectionView
from services.connections import require_connection
from services.import_queue import find_busy
from services.local_days import DAY, find_zone, local_day, moment, next_due_at
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.reading_queue import new_reading
from services.remote_counts import count_new
from services.runtime import Runtime
from services.sentences import new_sentence
from services.sign_ins import SignedIn
from services.unsynced import READ_JOB

#: Local hour after which the day's re-check is made, so that the report of the morning has it.
RECHECK_HOUR = 5
TRIES_A_DAY = 3
BETWEEN_TRIES = timedelta(hours=1)
BUDGET_LEAST, BUDGET_MOST = 10, 10_000


class BadCallBudget(ValueError):
    """The number of calls is not one that a month may have."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """How the daily re-check of one connection stands. Calls are API calls of this month.

    `next_at` is None while it is off or paused; `resumes_on` says when a used budget is new.
    """

    is_on: bool
    reports_new: bool
    call_budget: int
    calls_used: int
    next_at: datetime | None
    resumes_on: date | None


@dataclass(frozen=True, slots=True)
class _Tally:
    """The readings since the hour of the day's re-check came; any whole one will do."""

    finished: int
    failed: int
    failed_at: datetime | None
    retry_at: datetime | None

    def next_at(self, *, began_at: datetime, tomorrow_at: datetime) -> datetime:
        """Return when the next re-check is due; a moment in the past means now."""
        if self.finished or self.failed >= TRIES_A_DAY:
            return tomorrow_at
        if self.failed_at is None:
            return began_at
        again_at = self.failed_at + BETWEEN_TRIES
        return max(again_at, self.retry_at) if self.retry_at else again_at


def view_recheck(
    session: Session, connection: Connection | ConnectionView, *, zone: ZoneInfo, now: datetime
) -> Recheck:
    """Return how the re-check stands, in the company's zone. One statement."""
    today = local_day(zone, now)
    tomorrow_at = next_due_at(zone, hour=RECHECK_HOUR, now=now)
    began_at = moment(zone, local_day(zone, tomorrow_at) - DAY, hour=RECHECK_HOUR)
    month_at = moment(zone, today.replace(day=1))
    used, tally = _tally(session, connection, began_at=began_at, month_at=month_at)
    is_paused = used >= connection.recheck_call_budget
    is_on = connection.rechecks_daily
    next_at = None
    if is_on and not is_paused and connection.state is ConnectionState.CONNECTED:
        next_at = tally.next_at(began_at=began_at, tomorrow_at=tomorrow_at)
    return Recheck(
        is_on=is_on,
        reports_new=connection.reports_new,
        call_budget=connection.recheck_call_budget,
        calls_used=used,
        next_at=next_at,
        resumes_on=_next_month(today) if is_on and is_paused else None,
    )


def set_recheck(
    session: Session,
    who: SignedIn,
    provider: ProviderKey,
    *,
    is_on: bool,
    reports_new: bool,
    call_budget: int,
    now: datetime,
) -> None:
    """Switch the daily re-check on or off. Commits. Raises NotConnected or BadCallBudget."""
    if not BUDGET_LEAST <= call_budget <= BUDGET_MOST:
        raise BadCallBudget(f"from {BUDGET_LEAST} to {BUDGET_MOST:,} calls")
    connection = require_connection(session, who.company_id, provider)
    connection.rechecks_daily = is_on
    connection.reports_new = is_on and reports_new
    connection.recheck_call_budget = call_budget
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.RECHECK_CHANGED,
        subject=provider.value,
        detail=f"{'on' if is_on else 'off'}, {call_budget:,} calls a month",
        now=now,
    )
    session.commit()


def start_rechecks(runtime: Runtime) -> None:
    """Ask for every reading that is due, and wake its job. Commits; does not call the network.

    However many processes tick, one reading of a connection runs at a time.
    """
    now = runtime.clock()
    with runtime.sessions() as session:
        connection_ids = session.scalars(
            select(Connection.id).where(
                Connection.rechecks_daily.is_(True),
                Connection.state == ConnectionState.CONNECTED,
            )
        ).all()
        session.rollback()
        for connection_id in connection_ids:
            reading_id = _start_if_due(session, connection_id, now=now)
            if reading_id is not None:
                runtime.wake(READ_JOB, reading_id)


def new_sentences(session: Session, company_id: int, *, now: datetime) -> list[str]:
    """Return a line per connection that mentions its new customers in the daily report."""
    connections = session.scalars(
        select(Connection)
        .where(Connection.company_id == company_id, Connection.reports_new.is_(True))
        .order_by(Connection.provider)
    )
    return [line for line in (_new_line(session, one, now=now) for one in connections) if line]


def _new_line(session: Session, connection: Connection, *, now: datetime) -> str:
    if connection.looked_at is None or connection.state is not ConnectionState.CONNECTED:
        return ""
    looked_reading_id = connection.looked_reading_id
    new = count_new(session, connection.account_id, looked_reading_id=looked_reading_id)
    zone = _zone(session, connection)
    name = provider_profile(ProviderKey(connection.provider)).short_name
    looked_on = local_day(zone, connection.looked_at)
    return new_sentence(new, name, looked_on=looked_on, today=local_day(zone, now)) if new else ""


def _start_if_due(session: Session, connection_id: int, *, now: datetime) -> int | None:
    connection = session.get_one(Connection, connection_id)
    recheck = view_recheck(session, connection, zone=_zone(session, connection), now=now)
    is_due = recheck.next_at is not None and recheck.next_at <= now
    if not is_due or find_busy(session, connection.account_id) is not None:
        session.rollback()
        return None
    reading = new_reading(session, connection, now=now, origin=ReadingOrigin.RECHECK)
    reading.call_limit = recheck.call_budget - recheck.calls_used
    try:
        session.commit()
    except IntegrityError:
        session.rollback()  # somebody opened the alert a moment ago, and that reading will do
        return None
    return reading.id


def _tally(
    session: Session,
    connection: Connection | ConnectionView,
    *,
    began_at: datetime,
    month_at: datetime,
) -> tuple[int, _Tally]:
    """Return the calls of this month's re-checks, and what was read since the hour came."""
    is_recheck = Reading.origin == ReadingOrigin.RECHECK
    used = (
        select(func.sum(Reading.call_count))
        .where(Reading.connection_id == connection.id, is_recheck, Reading.started_at >= month_at)
        .scalar_subquery()
    )
    is_failed = (Reading.state == ReadingState.FAILED) & is_recheck
    calls, *tally = session.execute(
        select(
            used,
            func.count(case((Reading.state == ReadingState.FINISHED, 1))),
            func.count(case((is_failed, 1))),
            func.max(case((is_failed, Reading.started_at))),
            func.max(case((is_failed, Reading.retry_at))),
        ).where(Reading.account_id == connection.account_id, Reading.started_at >= began_at)
    ).one()
    return int(calls or 0), _Tally(*tally)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _zone(session: Session, connection: Connection) -> ZoneInfo:
    return find_zone(session.get_one(Company, connection.company_id).zone)
