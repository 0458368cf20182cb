"""Readings as rows: asked for, running, abandoned. Nothing here calls the network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from models import (
    Connection,
    Reading,
    ReadingFailure,
    ReadingKind,
    ReadingOrigin,
    ReadingState,
)
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile

LEASE = timedelta(seconds=30)
#: A re-check that nobody watches stays a delta for as long as any delta is trusted.
RECHECK_FULL_EVERY = timedelta(days=7)
OVERLAP = timedelta(minutes=5)
# Some books date a change to the year 1; no moment lies an overlap before that.
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
UNCLAIMED = ""
#: A reading that was asked for so recently has its wake-up still on the way.
WAKE_WITHIN = timedelta(seconds=4)
#: Who asked for a reading longer ago than this does not wait for it any more.
WAITS_AT_MOST = timedelta(hours=1)


def new_reading(
    session: Session,
    connection: Connection,
    *,
    now: datetime,
    origin: ReadingOrigin = ReadingOrigin.OPENED,
    accepts_loss: bool = False,
) -> Reading:
    """Add an unclaimed reading to the caller's transaction.

    It is a delta when a whole reading, no older than the provider's deltas are trusted, has left
    a cursor; else full. The overlap covers changes that the provider stamped just before the
    cursor and showed just after it. `accepts_loss` takes the list as it comes, so it is full.
    """
    cursor_at = _cursor_at(session, connection)
    since = None if accepts_loss or cursor_at is None else max(cursor_at, EARLIEST) - OVERLAP
    is_delta = since is not None and _is_delta_trusted(session, connection, origin, now=now)
    reading = Reading(
        company_id=connection.company_id,
        connection_id=connection.id,
        account_id=connection.account_id,
        kind=ReadingKind.DELTA if is_delta else ReadingKind.FULL,
        changed_since_at=since if is_delta else None,
        origin=origin,
        accepts_loss=accepts_loss,
        state=ReadingState.RUNNING,
        lease_owner=UNCLAIMED,
        lease_until_at=now + LEASE,
        started_at=now,
    )
    session.add(reading)
    return reading


def last_whole_id(session: Session, account_id: int) -> str | None:
    """Return the public id of the last whole reading, None before the first."""
    return session.scalar(
        select(Reading.public_id)
        .where(Reading.account_id == account_id, Reading.state == ReadingState.FINISHED)
        .order_by(Reading.id.desc())
        .limit(1)
    )


def fail_if_abandoned(session: Session, reading: Reading, *, now: datetime) -> bool:
    """Fail a running reading whose process has died, in the caller's transaction."""
    if reading.state is not ReadingState.RUNNING or reading.lease_until_at >= now:
        return False
    _interrupt(reading, now=now)
    session.flush()
    return True


def has_waiting(session: Session, *, now: datetime) -> bool:
    """Say whether a reading is asked for that nobody has begun."""
    waiting = select(Reading.id).where(_is_waiting(now), _is_overdue(now)).limit(1)
    return session.scalar(waiting) is not None


def keep_waiting(session: Session, *, now: datetime) -> list[int]:
    """Prolong the lease of readings that nobody has begun, and return their ids. Commits.

    Whoever calls this wakes them: threads may be short, a wake-up may be lost, a server may have
    been restarted.
    """
    kept = session.execute(
        update(Reading)
        .where(_is_waiting(now), _is_overdue(now))
        .values(lease_until_at=now + LEASE)
        .returning(Reading.id)
        .execution_options(synchronize_session=False)
    )
    reading_ids = sorted(kept.scalars())
    session.commit()
    return reading_ids


def end_abandoned(session: Session, *, now: datetime) -> int:
    """Fail every running reading whose process has died; returns how many. Commits.

    One that nobody has begun is left to `keep_waiting`, for as long as anybody may wait for it.
    """
    running = session.scalars(
        select(Reading).where(Reading.state == ReadingState.RUNNING, ~_is_waiting(now))
    )
    ended = sum(fail_if_abandoned(session, reading, now=now) for reading in running)
    session.commit()
    return ended


def interrupt_readings(session: Session, connection_id: int, *, now: datetime) -> None:
    """Fail what is being read under a permission that ends now, in the caller's transaction."""
    for reading in session.scalars(
        select(Reading).where(
            Reading.connection_id == connection_id, Reading.state == ReadingState.RUNNING
        )
    ):
        _interrupt(reading, now=now)


def _is_waiting(now: datetime) -> ColumnElement[bool]:
    return and_(
        Reading.state == ReadingState.RUNNING,
        Reading.lease_owner == UNCLAIMED,
        Reading.started_at > now - WAITS_AT_MOST,
    )


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    return Reading.lease_until_at < now + LEASE - WAKE_WITHIN


def _interrupt(reading: Reading, *, now: datetime) -> None:
    reading.state = ReadingState.FAILED
    reading.failure = ReadingFailure.INTERRUPTED
    reading.finished_at = now


def _cursor_at(session: Session, connection: Connection) -> datetime | None:
    return session.scalar(
        select(func.max(Reading.cursor_at)).where(
            Reading.account_id == connection.account_id, Reading.state == ReadingState.FINISHED
        )
    )


def _is_delta_trusted(
    session: Session, connection: Connection, origin: ReadingOrigin, *, now: datetime
) -> bool:
    full_at = _last_full_at(session, connection.account_id)
    full_every = provider_profile(ProviderKey(connection.provider)).full_every
    if origin is ReadingOrigin.RECHECK:
        full_every = RECHECK_FULL_EVERY
    return full_at is not None and now - full_at < full_every


def _last_full_at(session: Session, account_id: int) -> datetime | None:
    return session.scalar(
        select(Reading.finished_at)
        .where(
            Reading.account_id == account_id,
            Reading.state == ReadingState.FINISHED,
            Reading.kind == ReadingKind.FULL,
        )
        .order_by(Reading.id.desc())
        .limit(1)
    )
