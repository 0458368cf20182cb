"""Clear what nobody needs any more, once a day, a little at a time.

Customers, links, decisions and a customer's history are never cleared here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from models import (
    Attempt,
    AuditEvent,
    Base,
    ConsentRequest,
    Customer,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    OneTimeLink,
    ProviderCall,
    Reading,
    ReadingKind,
    ReadingState,
    RemoteCustomer,
    SignIn,
)
from services.audit import AuditAction
from services.database import only_reading
from services.delivery_retention import clear_deliveries
from services.heartbeat import last_beat_at, note_beat
from services.import_queue import ACTIVE
from services.removal_batches import remove_in_batches
from services.runtime import ProcessEnds, Runtime

logger = logging.getLogger(__name__)

RETENTION = "retention"
EVERY = timedelta(hours=24)
#: A tick stays short; what is left is cleared by the next one.
WORK_S = 15.0
DAY = timedelta(days=1)
#: None of these is looked at again: a consent lives for minutes, a sign-in for a week, an attempt
#: is counted within a day, a mailed link works for a week, a call is counted for a day.
SHORT_LIVED: tuple[tuple[type[Base], Callable[[datetime], ColumnElement[bool]]], ...] = (
    (ConsentRequest, lambda now: ConsentRequest.created_at < now - DAY),
    (SignIn, lambda now: or_(SignIn.ended_at < now - 30 * DAY, SignIn.created_at < now - 60 * DAY)),
    (Attempt, lambda now: Attempt.at < now - 7 * DAY),
    (OneTimeLink, lambda now: OneTimeLink.expires_at < now - 30 * DAY),
    (ProviderCall, lambda now: ProviderCall.begun_at < now - 7 * DAY),
)
#: What the history of a customer is told from.
TOLD = (ItemOutcome.CREATED, ItemOutcome.LINKED)
Enough = Callable[[], bool]


def clear_old(runtime: Runtime, *, work_s: float = WORK_S) -> None:
    """Clear what is older than the settings allow. Commits, in batches.

    Does nothing within a day of the last time that it came to its end, in whatever process.
    """
    if not _is_due(runtime):
        return
    ends_at = time.monotonic() + work_s
    removed = 0
    with suppress(ProcessEnds):
        for count in _steps(runtime, enough=lambda: time.monotonic() > ends_at):
            removed += count
            if time.monotonic() > ends_at:
                logger.info("%s old rows were cleared, and there are more", removed)
                return
        with runtime.sessions() as session:
            note_beat(session, name=RETENTION, now=runtime.clock())
        if removed:
            logger.info("%s old rows were cleared", removed)


def _is_due(runtime: Runtime) -> bool:
    with only_reading(), runtime.sessions() as session:
        last_at = last_beat_at(session, name=RETENTION)
    return last_at is None or runtime.clock() - last_at >= EVERY


def _steps(runtime: Runtime, *, enough: Enough) -> Iterator[int]:
    """Clear one kind after another, and yield how many rows each was."""
    now, keep = runtime.clock(), runtime.retention
    for model, is_over in SHORT_LIVED:
        yield _remove(runtime, model, is_over(now), enough=enough)
    if keep.readings:
        before = now - timedelta(days=keep.readings)
        yield _remove(runtime, Reading, _is_old_reading(before), enough=enough)
    if keep.imports:
        before = now - timedelta(days=keep.imports)
        for run_id in _old_runs(runtime, before):
            yield _remove(runtime, ImportItem, _is_of_run(run_id), enough=enough)
    if keep.deliveries:
        before = now - timedelta(days=keep.deliveries)
        yield from clear_deliveries(runtime, before=before)
    if keep.audit:
        before = now - timedelta(days=keep.audit)
        yield _remove(runtime, AuditEvent, _is_old_event(before), enough=enough)


def _remove(
    runtime: Runtime, model: type[Base], which: ColumnElement[bool], *, enough: Enough
) -> int:
    table: Any = model.__table__
    with only_reading(), runtime.sessions() as session:
        # A look that finds nothing must not keep anybody from writing.
        found = session.execute(select(*table.primary_key.columns).where(which).limit(1)).first()
    return remove_in_batches(runtime, table, which, enough=enough) if found is not None else 0


def _is_old_reading(before: datetime) -> ColumnElement[bool]:
    """Say of a reading that it is over and nothing is told or counted from it any more.

    The last of each kind of an account stays, and in which a remote customer was first seen.
    """
    other = aliased(Reading)

    def last(*conditions: ColumnElement[bool]) -> Any:
        query = select(func.max(other.id)).where(other.account_id == Reading.account_id)
        return query.where(*conditions).correlate(Reading).scalar_subquery()

    is_whole = other.state == ReadingState.FINISHED
    furthest = select(func.max(other.cursor_at)).where(
        other.account_id == Reading.account_id, is_whole
    )
    kept = (
        last(),
        last(is_whole),
        last(is_whole, other.kind == ReadingKind.FULL),
        last(other.state == ReadingState.FAILED),
    )
    return and_(
        Reading.state != ReadingState.RUNNING,
        Reading.started_at < before,
        *(Reading.id.is_distinct_from(one) for one in kept),
        Reading.cursor_at.is_distinct_from(furthest.correlate(Reading).scalar_subquery()),
        ~exists().where(RemoteCustomer.first_reading_id == Reading.id),
    )


def _old_runs(runtime: Runtime, before: datetime) -> list[int]:
    """Return the runs that ended before and have items to clear; none that is being undone."""
    undo = aliased(ImportRun)
    is_over = and_(
        ImportRun.state.in_((ImportState.FINISHED, ImportState.STOPPED)),
        ImportRun.finished_at < before,
        ~exists().where(undo.undoes_id == ImportRun.id, undo.state.in_(ACTIVE)),
    )
    of_run = ImportItem.run_id == ImportRun.id
    rest = [outcome for outcome in ItemOutcome if outcome not in TOLD]
    without_customer = select(ImportItem.run_id).where(ImportItem.customer_id.is_(None))
    query = select(ImportRun.id).where(
        is_over,
        or_(
            exists().where(of_run, ImportItem.outcome.in_(rest)),
            ImportRun.id.in_(without_customer),
        ),
    )
    with only_reading(), runtime.sessions() as session:
        return list(session.scalars(query.order_by(ImportRun.id)))


def _is_of_run(run_id: int) -> ColumnElement[bool]:
    return and_(
        ImportItem.run_id == run_id,
        or_(ImportItem.outcome.not_in(TOLD), ImportItem.customer_id.is_(None)),
    )


def _is_old_event(before: datetime) -> ColumnElement[bool]:
    """Say of an event that it is old; who added a customer that is still here is its history."""
    is_told = and_(
        AuditEvent.action == AuditAction.CUSTOMER_ADDED.value,
        exists().where(
            Customer.company_id == AuditEvent.company_id, Customer.public_id == AuditEvent.subject
        ),
    )
    return and_(AuditEvent.at < before, ~is_told)
