"""The claim on one reading: who carries it out, and writes that count only while it holds."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import Reading, ReadingKind, ReadingState, RemoteAccount, RemoteCustomer
from services.database import forgettable
from services.lease_beat import keep_beating
from services.metrics import count_wait
from services.reading_queue import LEASE, UNCLAIMED
from services.runtime import Runtime

HEARTBEAT_S = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What one claimed reading has to do."""

    reading_id: int
    owner: str
    company_id: int
    provider: str
    connection_id: int
    account_id: int
    kind: ReadingKind
    changed_since_at: datetime | None
    started_at: datetime
    accepts_loss: bool
    call_limit: int | None
    #: Nothing is stored of the account, and everybody is asked for.
    is_first: bool


class LeaseLost(Exception):
    """Somebody else decided about the reading meanwhile; nothing more may come of this one."""


class CallBudgetUsed(Exception):
    """A re-check has made as many calls as the month's budget had left."""


def claim(runtime: Runtime, reading_id: int) -> Plan | None:
    """Take a reading that nobody carries out yet, or return None. Commits."""
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
        plan = _plan(session, reading) if reading else None
        session.commit()
    return plan


def update_claimed(session: Session, plan: Plan, *, now: datetime, **values: object) -> bool:
    """Change the reading only while this process holds it; a lease that ended stays ended."""
    changed = session.execute(
        update(Reading)
        .where(
            Reading.id == plan.reading_id,
            Reading.state == ReadingState.RUNNING,
            Reading.lease_owner == plan.owner,
            Reading.lease_until_at >= now,
        )
        .values(**values)
        .returning(Reading.id)
        .execution_options(synchronize_session=False)
    )
    return changed.scalar() is not None


def tell_progress(runtime: Runtime, plan: Plan, **progress: object) -> None:
    """Prolong the lease and store how far the reading is, as far as known. Commits.

    Raises LeaseLost.
    """
    told = {name: value for name, value in progress.items() if value is not None}
    with runtime.sessions() as session:
        forgettable(session)
        now = runtime.clock()
        is_mine = update_claimed(session, plan, now=now, lease_until_at=now + LEASE, **told)
        session.commit()
    if not is_mine:
        raise LeaseLost


def tell_wait(runtime: Runtime, plan: Plan, wait_s: float) -> None:
    """Store until when the provider asked us to wait; the reading goes on then. Commits."""
    count_wait(plan.provider, wait_s)
    tell_progress(runtime, plan, retry_at=runtime.clock() + timedelta(seconds=wait_s))


def heartbeat(runtime: Runtime, plan: Plan) -> AbstractContextManager[None]:
    """Keep the lease alive while the network is slow; the thread ends with the block."""
    return keep_beating(
        partial(tell_progress, runtime, plan),
        every_s=HEARTBEAT_S,
        name=f"reading {plan.reading_id}",
        lost=LeaseLost,
    )


def _plan(session: Session, reading: Reading) -> Plan:
    provider = select(RemoteAccount.provider).where(RemoteAccount.id == reading.account_id)
    return Plan(
        reading_id=reading.id,
        owner=reading.lease_owner,
        company_id=reading.company_id,
        provider=session.execute(provider).scalar_one(),
        connection_id=reading.connection_id,
        account_id=reading.account_id,
        kind=reading.kind,
        changed_since_at=reading.changed_since_at,
        started_at=reading.started_at,
        accepts_loss=reading.accepts_loss,
        call_limit=reading.call_limit,
        is_first=reading.kind is ReadingKind.FULL and not _has_rows(session, reading.account_id),
    )


def _has_rows(session: Session, account_id: int) -> bool:
    of_account = RemoteCustomer.account_id == account_id
    return session.scalar(select(RemoteCustomer.id).where(of_account).limit(1)) is not None
