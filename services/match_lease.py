"""The right of one process to compare a company's customers: claimed, kept alive, given back.

What is kept of our customers belongs to the company, whichever account asks. So there is one
lease for all accounts of a company, on the row of its first one.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased, sessionmaker

from models import RemoteAccount
from services.company_lock import lock_company_of_account
from services.database import retry_while_busy
from services.lease_beat import BUSY_MAX_S, keep_beating
from services.runtime import Runtime

LEASE = timedelta(seconds=30)
HEARTBEAT_S = 10.0
#: Who failed waits before the next try: twice as long each time.
FIRST_WAIT = timedelta(seconds=30)
MAX_WAIT = timedelta(hours=1)
FREE = ""
FAILED = "failed "


class LeaseLost(Exception):
    """Another process has taken the matching over; whatever this one did last is not saved."""


@dataclass(frozen=True, slots=True)
class MatchLease:
    """A claimed lease. `row_id` is the account whose row keeps it, `failures` those just before."""

    row_id: int
    owner: str
    failures: int = 0


def claim(runtime: Runtime, account_id: int, *, even_waiting: bool = False) -> MatchLease | None:
    """Take the lease, or return None while somebody holds it. Commits.

    After a failure nobody gets it for a while, except `even_waiting`.
    """
    now = runtime.clock()
    with runtime.sessions() as session:
        row_id = _lease_row_id(session, account_id)
        row = session.execute(
            select(RemoteAccount.match_lease_owner, RemoteAccount.match_lease_until_at)
            .where(RemoteAccount.id == row_id)
            .with_for_update()
        ).one()
        is_waiting = row.match_lease_owner.startswith(FAILED)
        is_over = row.match_lease_until_at is None or row.match_lease_until_at < now
        if not is_over and not (even_waiting and is_waiting):
            session.rollback()
            return None
        failures = int(row.match_lease_owner.removeprefix(FAILED)) if is_waiting else 0
        lease = MatchLease(row_id, secrets.token_hex(8), failures)
        session.execute(
            update(RemoteAccount)
            .where(RemoteAccount.id == row_id)
            .values(match_lease_owner=lease.owner, match_lease_until_at=now + LEASE)
        )
        session.commit()
    return lease


def hold(session: Session, lease: MatchLease, **values: object) -> None:
    """Lock the lease for the caller's transaction, so that a late holder writes nothing.

    Raises LeaseLost.
    """
    held = session.execute(
        update(RemoteAccount)
        .where(RemoteAccount.id == lease.row_id, RemoteAccount.match_lease_owner == lease.owner)
        .values(**{"match_lease_owner": lease.owner, **values})
        .returning(RemoteAccount.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    if held is None:
        session.rollback()
        raise LeaseLost


def write_held(
    sessions: sessionmaker[Session], lease: MatchLease, work: Callable[[Session], None]
) -> None:
    """Do the work in a short transaction of the holder, again while others write. Commits.

    Raises LeaseLost.
    """

    def write() -> None:
        with sessions() as session:
            lock_company_of_account(session, lease.row_id)
            hold(session, lease)
            work(session)
            session.commit()

    retry_while_busy(write, until=time.monotonic() + BUSY_MAX_S)


def beating(runtime: Runtime, lease: MatchLease) -> AbstractContextManager[None]:
    """Keep the lease alive while the block works."""
    return keep_beating(
        partial(_prolong, runtime, lease),
        every_s=HEARTBEAT_S,
        name=f"matching {lease.row_id}",
        lost=LeaseLost,
    )


def give_back(runtime: Runtime, lease: MatchLease) -> None:
    """End the lease. Commits. Raises LeaseLost."""
    with runtime.sessions() as session:
        hold(session, lease, match_lease_owner=FREE, match_lease_until_at=None)
        session.commit()


def give_up(runtime: Runtime, lease: MatchLease) -> timedelta:
    """End the lease of a failed work, and return how long nobody tries again. Commits.

    Raises LeaseLost.
    """
    failures = lease.failures + 1
    wait = min(FIRST_WAIT * (1 << min(lease.failures, 10)), MAX_WAIT)
    with runtime.sessions() as session:
        hold(
            session,
            lease,
            match_lease_owner=f"{FAILED}{failures}",
            match_lease_until_at=runtime.clock() + wait,
        )
        session.commit()
    return wait


def is_held(session: Session, lease: MatchLease) -> bool:
    """Say whether the lease is still this one."""
    owner = session.scalar(
        select(RemoteAccount.match_lease_owner).where(RemoteAccount.id == lease.row_id)
    )
    return owner == lease.owner


def _prolong(runtime: Runtime, lease: MatchLease) -> None:
    with runtime.sessions() as session:
        hold(session, lease, match_lease_until_at=runtime.clock() + LEASE)
        session.commit()


def _lease_row_id(session: Session, account_id: int) -> int:
    sibling = aliased(RemoteAccount)
    found = session.scalar(
        select(func.min(sibling.id))
        .join(RemoteAccount, RemoteAccount.company_id == sibling.company_id)
        .where(RemoteAccount.id == account_id)
    )
    return found or account_id
