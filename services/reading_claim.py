"""The claim on one reading: who carries it out, and writes that count only while it holds."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import Reading, ReadingKind, ReadingState
from services.reading_queue import LEASE, UNCLAIMED
from services.runtime import Runtime

HEARTBEAT_S = 10.0


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
    accepts_loss: bool


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
        plan = _plan(reading) if reading else None
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
        .values(**{name: value for name, value in values.items() if value is not None})
        .returning(Reading.id)
        .execution_options(synchronize_session=False)
    )
    return changed.scalar() is not None


def tell_progress(runtime: Runtime, plan: Plan, **progress: object) -> None:
    """Prolong the lease and store how far the reading is. Commits."""
    with runtime.sessions() as session:
        now = runtime.clock()
        update_claimed(session, plan, now=now, lease_until_at=now + LEASE, **progress)
        session.commit()


def tell_wait(runtime: Runtime, plan: Plan, wait_s: float) -> None:
    """Store until when the provider asked us to wait; the reading goes on then. Commits."""
    tell_progress(runtime, plan, retry_at=runtime.clock() + timedelta(seconds=wait_s))


@contextmanager
def heartbeat(runtime: Runtime, plan: Plan) -> Iterator[None]:
    """Keep the lease alive while the network is slow; the thread ends with the block."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_S):
            tell_progress(runtime, plan)

    thread = threading.Thread(target=beat, daemon=True, name=f"reading-{plan.reading_id}")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _plan(reading: Reading) -> Plan:
    return Plan(
        reading_id=reading.id,
        owner=reading.lease_owner,
        connection_id=reading.connection_id,
        account_id=reading.account_id,
        kind=reading.kind,
        changed_since_at=reading.changed_since_at,
        started_at=reading.started_at,
        accepts_loss=reading.accepts_loss,
    )
