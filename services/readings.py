"""Carry out a reading: claim, fetch page by page, compare, store whole or not at all."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import Reading, ReadingFailure, ReadingKind, ReadingState
from services.connections import NotConnected, open_client, require_reconnect
from services.database import only_reading
from services.providers.contract import (
    AccountingClient,
    CustomerRecord,
    ProviderError,
    RateLimited,
    ReconnectRequired,
    UnreadableAnswer,
    WrongCredentials,
)
from services.reading_queue import LEASE, UNCLAIMED
from services.remote_customers import (
    count_counted,
    count_present,
    count_unsynced,
    store_difference,
)
from services.runtime import Runtime

logger = logging.getLogger(__name__)

HEARTBEAT_S = 10.0
PROGRESS_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """What one claimed reading has to do."""

    reading_id: int
    owner: str
    connection_id: int
    account_id: int
    kind: ReadingKind
    changed_since_at: datetime | None
    started_at: datetime


def refresh(runtime: Runtime, reading_id: int) -> None:
    """Carry out a reading that was asked for. Commits. Calls the network, outside transactions.

    Ends the row as finished or failed; raises nothing. Returns at once if somebody else has
    claimed the reading, so a wake-up may come twice.
    """
    plan = _claim(runtime, reading_id)
    if plan is None:
        return
    try:
        client = open_client(runtime, plan.connection_id)
        records = _fetch(runtime, plan, client)
        if plan.kind is ReadingKind.DELTA and not _adds_up(runtime, plan, records, client):
            plan = replace(plan, kind=ReadingKind.FULL, changed_since_at=None)
            records = _fetch(runtime, plan, client)
        _finish(runtime, plan, records, client.call_count)
    except NotConnected:
        _fail(runtime, plan, ReadingFailure.RECONNECT_REQUIRED)
    except ProviderError as error:
        _fail_with(runtime, plan, error)
    except Exception:  # the edge of a job: the row must not stay running
        logger.exception("a reading broke", extra={"reading_id": reading_id})
        _fail(runtime, plan, ReadingFailure.BROKEN)


def _claim(runtime: Runtime, reading_id: int) -> Plan | None:
    owner = secrets.token_hex(8)
    now = runtime.clock()
    with runtime.sessions() as session:
        reading = session.scalar(
            update(Reading)
            .where(
                Reading.id == reading_id,
                Reading.state == ReadingState.RUNNING,
                Reading.lease_owner == UNCLAIMED,
                Reading.lease_until_at >= now,
            )
            .values(lease_owner=owner, lease_until_at=now + LEASE)
            .returning(Reading)
        )
        plan = _plan(reading) if reading else None
        session.commit()
    return plan


def _plan(reading: Reading) -> Plan:
    return Plan(
        reading_id=reading.id,
        owner=reading.lease_owner,
        connection_id=reading.connection_id,
        account_id=reading.account_id,
        kind=reading.kind,
        changed_since_at=reading.changed_since_at,
        started_at=reading.started_at,
    )


def _fetch(runtime: Runtime, plan: Plan, client: AccountingClient) -> dict[str, CustomerRecord]:
    records: dict[str, CustomerRecord] = {}
    told_at = -PROGRESS_EVERY_S
    with _heartbeat(runtime, plan):
        for page in client.customer_pages(changed_since=plan.changed_since_at):
            records.update((record.remote_id, record) for record in page.records)
            if time.monotonic() - told_at < PROGRESS_EVERY_S:
                continue
            told_at = time.monotonic()
            _progress(
                runtime,
                plan,
                read_count=len(records),
                expected_count=page.expected_count,
                call_count=client.call_count,
            )
    return records


def _adds_up(
    runtime: Runtime, plan: Plan, records: dict[str, CustomerRecord], client: AccountingClient
) -> bool:
    """Say whether what is stored and what changed are as many as the provider counts.

    A delta cannot see what never changed its date: a number from it would be wrong until the
    next full reading, so where the counts differ everybody is read at once.
    """
    with only_reading(), runtime.sessions() as session:
        stored = count_present(session, plan.account_id, records)
    with _heartbeat(runtime, plan):
        return stored == client.count_customers()


@contextmanager
def _heartbeat(runtime: Runtime, plan: Plan) -> Iterator[None]:
    """Keep the lease alive while the network is slow; the thread ends with the block."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_S):
            _progress(runtime, plan)

    thread = threading.Thread(target=beat, daemon=True, name=f"reading-{plan.reading_id}")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _progress(runtime: Runtime, plan: Plan, **counts: int | None) -> None:
    with runtime.sessions() as session:
        now = runtime.clock()
        _update(session, plan, now=now, lease_until_at=now + LEASE, **counts)
        session.commit()


def _finish(
    runtime: Runtime, plan: Plan, records: dict[str, CustomerRecord], call_count: int
) -> None:
    """Make the reading visible: rows, result and end in one transaction."""
    # A change stamped in the future would hide all until then from the next delta.
    updates = [
        min(record.remote_updated_at, plan.started_at)
        for record in records.values()
        if record.remote_updated_at
    ]
    with runtime.sessions() as session:
        if not _update(session, plan, now=runtime.clock(), state=ReadingState.FINISHED):
            session.rollback()
            return
        store_difference(
            session,
            account_id=plan.account_id,
            reading_id=plan.reading_id,
            records=records.values(),
            is_whole=plan.kind is ReadingKind.FULL,
        )
        session.execute(
            update(Reading)
            .where(Reading.id == plan.reading_id)
            .values(
                finished_at=runtime.clock(),
                kind=plan.kind,
                cursor_at=max(updates, default=None),
                read_count=len(records),
                call_count=call_count,
                counted_count=count_counted(session, plan.account_id),
                unsynced_count=count_unsynced(session, plan.account_id),
            )
        )
        session.commit()


def _fail_with(runtime: Runtime, plan: Plan, error: ProviderError) -> None:
    logger.info("a reading failed: %s, status %s", type(error).__name__, error.status)
    now = runtime.clock()
    retry_at = (
        now + timedelta(seconds=error.retry_after_s) if isinstance(error, RateLimited) else None
    )
    _fail(runtime, plan, _failure(error), reference=error.reference, retry_at=retry_at)


def _failure(error: ProviderError) -> ReadingFailure:
    classes = {
        ReconnectRequired: ReadingFailure.RECONNECT_REQUIRED,
        RateLimited: ReadingFailure.RATE_LIMITED,
        UnreadableAnswer: ReadingFailure.UNREADABLE,
        WrongCredentials: ReadingFailure.WRONG_CREDENTIALS,
    }
    return classes.get(type(error), ReadingFailure.UNAVAILABLE)


def _fail(
    runtime: Runtime,
    plan: Plan,
    failure: ReadingFailure,
    *,
    reference: str = "",
    retry_at: datetime | None = None,
) -> None:
    now = runtime.clock()
    with runtime.sessions() as session:
        is_mine = _update(
            session,
            plan,
            now=now,
            state=ReadingState.FAILED,
            failure=failure,
            failure_reference=reference[:100],
            retry_at=retry_at,
            finished_at=now,
        )
        if is_mine and failure is ReadingFailure.RECONNECT_REQUIRED:
            require_reconnect(session, plan.connection_id, now=now)
        session.commit()


def _update(session: Session, plan: Plan, *, now: datetime, **values: object) -> bool:
    """Change the reading only while this process holds it; a lease that ended stays ended."""
    changed = session.execute(
        update(Reading)
        .where(
            Reading.id == plan.reading_id,
            Reading.state == ReadingState.RUNNING,
            Reading.lease_owner == plan.owner,
            Reading.lease_until_at >= now,
        )
        .values(**{name: value for name, value in values.items() if value is not None})
        .returning(Reading.id)
        .execution_options(synchronize_session=False)
    )
    return changed.scalar() is not None
