"""Imports: one run at a time for an account, batch by batch, each customer exactly once."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from models import (
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteAccount,
)
from services.audit import AuditAction, record_event
from services.database import BATCH_ROWS, insert_rows, only_reading
from services.import_batch import fail_item, write_batch
from services.import_choice import ImportScope, choose, choose_meant
from services.match_job import ensure_matched
from services.review_query import Meant
from services.runtime import Runtime, Wake

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
IMPORT_JOB = "import_customers"
ACTIVE = (ImportState.QUEUED, ImportState.RUNNING)


class NothingChosen(Exception):
    """The import names no customer of this account."""


class ImportAlreadyRunning(Exception):
    """The account has an active run; the second click is shown that one."""

    def __init__(self, public_id: str) -> None:
        super().__init__("an import of this account is running")
        self.public_id = public_id


class LeaseLost(Exception):
    """Another process has taken the run over; whatever this one did is not saved."""


def start_import(
    session: Session,
    account_id: int,
    *,
    meant: Meant,
    creates_maybes: bool = False,
    requested_by_id: int | None,
    wake: Wake,
    now: datetime,
) -> ImportRun:
    """Write a run with one pending item for each who is meant, and wake the job. Commits.

    `requested_by_id` is the user, None for a command. Ids that are nobody in this account are
    left out, and so are those who changed since they were seen. Raises NothingChosen, RowsChanged
    and ImportAlreadyRunning.
    """
    return _queue(
        session,
        account_id,
        choose_meant(session, account_id, meant),
        creates_maybes=creates_maybes,
        requested_by_id=requested_by_id,
        wake=wake,
        now=now,
    )


def start_import_of(
    session: Session,
    account_id: int,
    *,
    scope: ImportScope,
    requested_by_id: int | None,
    wake: Wake,
    now: datetime,
) -> ImportRun:
    """Write a run for all the unsynced, the doubtful included, or for the new ones. Commits.

    Raises NothingChosen and ImportAlreadyRunning.
    """
    return _queue(
        session,
        account_id,
        choose(session, account_id, scope),
        creates_maybes=scope is ImportScope.ALL,
        requested_by_id=requested_by_id,
        wake=wake,
        now=now,
    )


def run_import(runtime: Runtime, run_id: int, *, is_matched: bool = False) -> None:
    """Carry out a run to its end. Commits batch by batch. Calls no provider.

    Before the first batch everybody is compared, so that nobody is created who is here, unless
    the caller has seen to that (`is_matched`).
    Returns at once if another process holds the run. If the database cannot be written, the run
    stays as it is and is found again when its lease has ended.
    """
    if not is_matched:
        # Before the claim: it may take longer than the lease, and the run waits in its row.
        with only_reading(), runtime.sessions() as session:
            account_id = session.get_one(ImportRun, run_id).account_id
        ensure_matched(runtime, account_id)
    owner = _claim(runtime, run_id)
    if owner is None:
        return
    try:
        while _next_batch(runtime, run_id, owner, BATCH_ROWS):
            pass
    except LeaseLost:
        logger.warning("an import was taken over by another process")


def process_batch(
    session: Session, run_id: int, *, owner: str, now: datetime, size: int = BATCH_ROWS
) -> bool:
    """Give the next pending items their outcome; return whether any were left. Commits.

    Customers, links, items, remote customers, counters and lease change in one transaction, so a
    process killed in the middle leaves nothing behind, and the next batch begins where the last
    whole one ended. Raises LeaseLost.
    """
    run = _hold(session, run_id, owner, now=now)
    pending = _pending(session, run_id, size)
    if not pending:
        _finish(session, run, now=now)
        return False
    account = session.get_one(RemoteAccount, run.account_id)
    outcomes = write_batch(session, account, run, pending, now=now)
    run.created_count += outcomes[ItemOutcome.CREATED]
    run.linked_count += outcomes[ItemOutcome.LINKED]
    run.skipped_count += outcomes[ItemOutcome.SKIPPED]
    run.failed_count += outcomes[ItemOutcome.FAILED]
    session.commit()
    return True


def due_imports(session: Session, *, now: datetime) -> list[int]:
    """Return the runs nobody works on: queued, or left by a process that died."""
    is_left = and_(ImportRun.state == ImportState.RUNNING, ImportRun.lease_until_at < now)
    return list(
        session.scalars(
            select(ImportRun.id).where(or_(ImportRun.state == ImportState.QUEUED, is_left))
        )
    )


def find_active(session: Session, account_id: int) -> ImportRun | None:
    """Return the account's queued or running import, or None."""
    return session.scalar(
        select(ImportRun).where(ImportRun.account_id == account_id, ImportRun.state.in_(ACTIVE))
    )


def _queue(
    session: Session,
    account_id: int,
    remote_ids: Iterable[str],
    *,
    creates_maybes: bool,
    requested_by_id: int | None,
    wake: Wake,
    now: datetime,
) -> ImportRun:
    _refuse_second(session, account_id)
    chosen = sorted(remote_ids)
    if not chosen:
        raise NothingChosen
    run = ImportRun(
        company_id=session.get_one(RemoteAccount, account_id).company_id,
        account_id=account_id,
        requested_by_id=requested_by_id,
        state=ImportState.QUEUED,
        created_at=now,
        chosen_count=len(chosen),
        creates_maybes=creates_maybes,
    )
    session.add(run)
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        _refuse_second(session, account_id)
        raise
    pending = ({"run_id": run.id, "remote_id": i, "outcome": ItemOutcome.PENDING} for i in chosen)
    insert_rows(session, ImportItem, pending)
    session.commit()
    wake(IMPORT_JOB, run.id)
    return run


def _refuse_second(session: Session, account_id: int) -> None:
    active = find_active(session, account_id)
    if active is not None:
        raise ImportAlreadyRunning(active.public_id)


def _claim(runtime: Runtime, run_id: int) -> str | None:
    owner = secrets.token_hex(8)
    now = runtime.clock()
    is_free = or_(
        ImportRun.state == ImportState.QUEUED,
        and_(ImportRun.state == ImportState.RUNNING, ImportRun.lease_until_at < now),
    )
    with runtime.sessions() as session:
        claimed = session.execute(
            update(ImportRun)
            .where(ImportRun.id == run_id, is_free)
            .values(
                state=ImportState.RUNNING,
                lease_owner=owner,
                lease_until_at=now + LEASE,
                attempts=ImportRun.attempts + 1,
            )
            .returning(ImportRun.id)
            .execution_options(synchronize_session=False)
        ).scalar()
        session.commit()
    return owner if claimed is not None else None


def _next_batch(runtime: Runtime, run_id: int, owner: str, size: int) -> bool:
    """Process one batch; if it breaks, its items one by one, so that one costs no others."""
    try:
        with runtime.sessions() as session:
            return process_batch(session, run_id, owner=owner, now=runtime.clock(), size=size)
    except (LeaseLost, OperationalError):
        raise
    except Exception:  # the edge of a batch: whatever a single row does must not stop the run
        logger.exception("a batch of an import broke", extra={"run_id": run_id, "size": size})
    if size == 1:
        _fail_next(runtime, run_id, owner)
        return True
    return all(_next_batch(runtime, run_id, owner, 1) for _ in range(size))


def _fail_next(runtime: Runtime, run_id: int, owner: str) -> None:
    with runtime.sessions() as session:
        now = runtime.clock()
        run = _hold(session, run_id, owner, now=now)
        remote_id = _pending(session, run_id, 1)[0]
        fail_item(session, run, remote_id, now=now)
        session.commit()


def _hold(session: Session, run_id: int, owner: str, *, now: datetime) -> ImportRun:
    """Extend the lease and return the run, locked by this transaction. Raises LeaseLost."""
    run: ImportRun | None = session.scalar(
        update(ImportRun)
        .where(
            ImportRun.id == run_id,
            ImportRun.lease_owner == owner,
            ImportRun.state == ImportState.RUNNING,
        )
        .values(lease_until_at=now + LEASE)
        .returning(ImportRun)
    )
    if run is None:
        session.rollback()
        raise LeaseLost
    return run


def _pending(session: Session, run_id: int, size: int) -> Sequence[str]:
    return session.scalars(
        select(ImportItem.remote_id)
        .where(ImportItem.run_id == run_id, ImportItem.outcome == ItemOutcome.PENDING)
        .order_by(ImportItem.remote_id)
        .limit(size)
    ).all()


def _finish(session: Session, run: ImportRun, *, now: datetime) -> None:
    run.state = ImportState.FINISHED
    run.finished_at = now
    record_event(
        session,
        company_id=run.company_id,
        user_id=run.requested_by_id,
        action=AuditAction.IMPORTED,
        subject=run.public_id,
        detail=f"{run.created_count} created, {run.linked_count} linked",
        now=now,
    )
    session.commit()
