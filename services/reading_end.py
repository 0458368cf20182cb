"""End a reading: make it visible in one transaction, or say why there is no result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import Connection, Reading, ReadingFailure, ReadingKind, ReadingState
from services.company_lock import lock_company_of_account
from services.connections import NotConnected, reason_of, require_reconnect
from services.database import only_reading, retry_while_busy
from services.ended_work import tell_reading
from services.first_rows import FirstRows
from services.import_pause import hurry_paused
from services.lease_beat import BUSY_MAX_S
from services.lost_fields import FieldLost
from services.match_job import MATCH_JOB
from services.prepared_rows import PreparedDifference, prepare_difference
from services.providers.contract import (
    AccountGone,
    AccountingClient,
    DailyLimitReached,
    ListUnsettled,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
    ScopeMissing,
    UnreadableAnswer,
    WrongCredentials,
)
from services.reading_claim import CallBudgetUsed, Plan, heartbeat, update_claimed
from services.reading_pages import ReadingPages
from services.remote_counts import count_at_least, count_counted, count_unsynced
from services.remote_customers import store_difference
from services.runtime import Runtime

#: A clock that is further off has no use for its exact difference, nor the database room for it.
SKEW_MOST_S = 1_000_000_000


class OtherAccountAnswered(Exception):
    """The list belongs to another remote account than the one that was asked for."""


#: The first class that an error belongs to decides, so the narrower ones come first.
FAILURES: Mapping[type[Exception], ReadingFailure] = MappingProxyType(
    {
        NotConnected: ReadingFailure.RECONNECT_REQUIRED,
        ScopeMissing: ReadingFailure.SCOPE_MISSING,
        AccountGone: ReadingFailure.ACCOUNT_GONE,
        ReconnectRequired: ReadingFailure.RECONNECT_REQUIRED,
        DailyLimitReached: ReadingFailure.DAILY_LIMIT,
        RateLimited: ReadingFailure.RATE_LIMITED,
        ListUnsettled: ReadingFailure.UNSETTLED,
        ProviderUnavailable: ReadingFailure.UNAVAILABLE,
        UnreadableAnswer: ReadingFailure.UNREADABLE,
        WrongCredentials: ReadingFailure.WRONG_CREDENTIALS,
        FieldLost: ReadingFailure.FIELD_LOST,
        OtherAccountAnswered: ReadingFailure.OTHER_ACCOUNT,
        CallBudgetUsed: ReadingFailure.BUDGET_USED,
    }
)


def finish_reading(
    runtime: Runtime,
    plan: Plan,
    pages: ReadingPages,
    client: AccountingClient,
    *,
    first: FirstRows | None = None,
) -> None:
    """Make the reading visible: rows, result and end in one transaction. Commits.

    `first` are the rows of the same pages, worked out as they came. Does nothing if the lease
    ended meanwhile. Raises FieldLost with nothing written.
    """
    prepared = _prepare(runtime, plan, pages, first.of_all(len(pages)) if first else None)
    # All was read, maybe with hundreds of calls; the claim keeps it from being stored twice.
    until = time.monotonic() + BUSY_MAX_S
    store = partial(_store, runtime, plan, pages, client, prepared=prepared)
    if not retry_while_busy(store, until=until, sleep=runtime.stopping.wait):
        return
    calls, customers = client.call_count, len(pages)
    tell_reading(plan, outcome="finished", calls=calls, customers=customers, now=runtime.clock())
    runtime.wake(MATCH_JOB, plan.account_id)


def _store(
    runtime: Runtime,
    plan: Plan,
    pages: ReadingPages,
    client: AccountingClient,
    *,
    prepared: PreparedDifference,
) -> bool:
    """Write all of it, and say so; nothing if the lease ended meanwhile. Commits."""
    now = runtime.clock()
    with runtime.sessions() as session:
        lock_company_of_account(session, plan.account_id)
        if not update_claimed(session, plan, now=now, state=ReadingState.FINISHED):
            session.rollback()
            return False
        whose = {"account_id": plan.account_id, "reading_id": plan.reading_id}
        store_difference(session, **whose, prepared=prepared, now=now)
        session.execute(
            update(Reading)
            .where(Reading.id == plan.reading_id)
            .values(
                finished_at=runtime.clock(),
                kind=plan.kind,
                cursor_at=_cursor_at(plan, pages),
                read_count=len(pages),
                unreadable_count=_unreadable_count(session, plan, pages),
                call_count=client.call_count,
                counted_count=count_counted(session, plan.account_id),
                unsynced_count=count_unsynced(session, plan.account_id),
            )
        )
        _note_provider(session, plan, pages, client, now=now)
        # What an import could not find out is known now.
        hurry_paused(session, plan.account_id, now=now)
        session.commit()
    return True


def _prepare(
    runtime: Runtime, plan: Plan, pages: ReadingPages, first: PreparedDifference | None
) -> PreparedDifference:
    """Work out the rows before the write lock is taken; a large list takes seconds for it."""
    with heartbeat(runtime, plan), only_reading(), runtime.sessions() as session:
        return prepare_difference(
            session,
            account_id=plan.account_id,
            pages=pages,
            is_whole=plan.kind is ReadingKind.FULL,
            accepts_loss=plan.accepts_loss,
            first=first,
        )


def fail_reading(
    runtime: Runtime,
    plan: Plan,
    pages: ReadingPages,
    client: AccountingClient | None,
    *,
    error: Exception,
) -> None:
    """End the reading without a result, for a reason that the page has words for. Commits."""
    failure, calls = _failure(error), client.call_count if client else 0
    now = runtime.clock()
    with runtime.sessions() as session:
        is_mine = update_claimed(
            session,
            plan,
            now=now,
            state=ReadingState.FAILED,
            failure=failure,
            failure_reference=_reference(error),
            retry_at=_retry_at(error, now=now),
            at_least_count=_at_least(session, plan, pages, error),
            lost_field=error.field if isinstance(error, FieldLost) else "",
            call_count=calls,
            finished_at=now,
        )
        if is_mine and isinstance(error, ReconnectRequired | NotConnected):
            require_reconnect(session, plan.connection_id, reason=reason_of(error), now=now)
        if is_mine and client is not None:
            _note_provider(session, plan, pages, client, now=now)
        session.commit()
    if is_mine:
        tell_reading(plan, outcome=failure.value, calls=calls, customers=len(pages), now=now)


def _failure(error: Exception) -> ReadingFailure:
    found = (failure for known, failure in FAILURES.items() if isinstance(error, known))
    return next(found, ReadingFailure.BROKEN)


def _reference(error: Exception) -> str:
    return error.reference[:100] if isinstance(error, ProviderError) else ""


def _retry_at(error: Exception, *, now: datetime) -> datetime | None:
    if not isinstance(error, RateLimited):
        return None
    return now + timedelta(seconds=error.retry_after_s)


def _at_least(session: Session, plan: Plan, pages: ReadingPages, error: Exception) -> int | None:
    if not isinstance(error, ListUnsettled):
        return None
    return count_at_least(session, plan.account_id, pages, error.remote_ids)


def _unreadable_count(session: Session, plan: Plan, pages: ReadingPages) -> int:
    """Return how many rows are left out; a delta does not show those of the list before it."""
    if plan.kind is ReadingKind.FULL:
        return pages.unreadable_count
    before = session.scalar(
        select(Reading.unreadable_count)
        .where(
            Reading.account_id == plan.account_id,
            Reading.state == ReadingState.FINISHED,
            Reading.id != plan.reading_id,
        )
        .order_by(Reading.id.desc())
        .limit(1)
    )
    return max(before or 0, pages.unreadable_count)


def _cursor_at(plan: Plan, pages: ReadingPages) -> datetime | None:
    """Return from when the next delta starts: the provider's clock, or the last change it told.

    Never later than our own clock at the start: a provider's clock that runs ahead would hide
    what is changed until then.
    """
    if pages.as_of is not None:
        return min(pages.as_of, plan.started_at)
    changes = (record.remote_updated_at for record in pages.records())
    moments = [min(moment, plan.started_at) for moment in changes if moment is not None]
    return max(moments, default=None)


def _note_provider(
    session: Session, plan: Plan, pages: ReadingPages, client: AccountingClient, *, now: datetime
) -> None:
    """Keep what the provider said about its limits and its clock, for the diagnostics."""
    values: dict[str, object] = {}
    quota = client.quota_left
    if quota.minute_left is not None or quota.day_left is not None:
        values |= {
            "quota_minute_left": quota.minute_left,
            "quota_day_left": quota.day_left,
            "quota_at": now,
        }
    if pages.as_of is not None:
        skew_s = round((pages.as_of - plan.started_at).total_seconds())
        values["clock_skew_s"] = max(-SKEW_MOST_S, min(skew_s, SKEW_MOST_S))
    if values:
        session.execute(
            update(Connection).where(Connection.id == plan.connection_id).values(**values)
        )
