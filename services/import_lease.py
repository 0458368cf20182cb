"""The right of one process to carry out a run: claimed, kept alive, fenced, given back."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import ImportRun, ImportState
from services.database import only_reading
from services.lease_beat import keep_beating
from services.runtime import Runtime

LEASE = timedelta(seconds=30)
HEARTBEAT_S = 10.0


class LeaseLost(Exception):
    """Somebody else has the run now, or it was stopped; what this process did is not saved."""


@dataclass(frozen=True, slots=True)
class ImportLease:
    """A claimed run; whoever comes back too late finds another owner."""

    run_id: int
    owner: str


def is_lease_over(now: datetime) -> ColumnElement[bool]:
    """Say in SQL whether the lease of a running run has ended.

    One that ends later than any that is given now is of a clock that was put right since.
    """
    return or_(ImportRun.lease_until_at < now, ImportRun.lease_until_at > now + 2 * LEASE)


def has_lease_ended(lease_until_at: datetime | None, *, now: datetime) -> bool:
    """Say the same of a row that is at hand; pure."""
    return lease_until_at is None or not now <= lease_until_at <= now + 2 * LEASE


def claim(runtime: Runtime, run_id: int, *, is_due: ColumnElement[bool]) -> ImportLease | None:
    """Take a run for which the condition holds, or return None. Commits."""
    lease = ImportLease(run_id, secrets.token_hex(8))
    with runtime.sessions() as session:
        try:
            claimed = session.execute(
                update(ImportRun)
                .where(ImportRun.id == run_id, is_due)
                .values(
                    state=ImportState.RUNNING,
                    lease_owner=lease.owner,
                    lease_until_at=runtime.clock() + LEASE,
                    attempts=ImportRun.attempts + 1,
                    pause_reason=None,
                    pause_failure=None,
                    paused_until_at=None,
                )
                .returning(ImportRun.id)
                .execution_options(synchronize_session=False)
            ).scalar()
            session.commit()
        except IntegrityError:
            # The index knows one running run of an account, whatever two of them saw at once.
            session.rollback()
            return None
    return lease if claimed is not None else None


def hold(session: Session, lease: ImportLease, *, now: datetime) -> ImportRun:
    """Prolong the lease and return the run, locked by the caller's transaction.

    Raises LeaseLost with nothing left of the transaction.
    """
    run: ImportRun | None = session.scalar(
        update(ImportRun)
        .where(
            ImportRun.id == lease.run_id,
            ImportRun.lease_owner == lease.owner,
            ImportRun.state == ImportState.RUNNING,
        )
        .values(lease_until_at=now + LEASE)
        .returning(ImportRun)
        .execution_options(populate_existing=True)
    )
    if run is None:
        session.rollback()
        raise LeaseLost
    return run


def is_still_wanted(runtime: Runtime, lease: ImportLease) -> bool:
    """Say whether the run is still this process's, and nobody has asked it to stop."""
    with only_reading(), runtime.sessions() as session:
        run = session.get_one(ImportRun, lease.run_id)
    is_mine = run.lease_owner == lease.owner and run.state is ImportState.RUNNING
    return is_mine and not run.wants_stop


def beating(runtime: Runtime, lease: ImportLease) -> AbstractContextManager[None]:
    """Keep the lease alive while the block works."""
    return keep_beating(
        partial(_prolong, runtime, lease),
        every_s=HEARTBEAT_S,
        name=f"import {lease.run_id}",
        lost=LeaseLost,
    )


def release(runtime: Runtime, lease: ImportLease) -> None:
    """Let anybody go on with the run at once. Commits. Raises LeaseLost."""
    with runtime.sessions() as session:
        run = hold(session, lease, now=runtime.clock())
        give_up_lease(run, state=ImportState.QUEUED)
        session.commit()


def give_up_lease(run: ImportRun, *, state: ImportState) -> None:
    """End the lease with the state that the run has from now, in the caller's transaction."""
    run.state = state
    run.lease_owner = run.lease_until_at = None


def _prolong(runtime: Runtime, lease: ImportLease) -> None:
    with runtime.sessions() as session:
        hold(session, lease, now=runtime.clock())
        session.commit()
