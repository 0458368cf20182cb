"""The check before an import: the accounting software is read once, like an opened alert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Connection, ConnectionState, PauseReason, Reading, ReadingFailure, ReadingState
from services.database import only_reading
from services.import_lease import has_lease_ended
from services.import_pause import Trouble
from services.readings import refresh
from services.runtime import Runtime
from services.unsynced import ensure_fresh

LOOK_S = 0.2
#: A reading whose process died is begun anew so often before the run pauses.
TRIES = 3
#: A run that was begun goes on with a list no older than this.
BEGUN_FRESH_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check came to, and the API calls that were made for it."""

    calls: int = 0
    trouble: Trouble | None = None


class NoLongerWanted(Exception):
    """The run was stopped, or another process has it, so nobody waits for the reading."""


class _NoPermission(Exception):
    """Nobody may read the account now, so nobody is asked."""


def is_old_for_begun(runtime: Runtime, account_id: int) -> bool:
    """Say whether a run that was begun is to check the books again before it goes on.

    It may have waited for days: for a server that was down, or a process that died.
    """
    with only_reading(), runtime.sessions() as session:
        read_at = session.scalar(
            select(Reading.finished_at)
            .where(Reading.account_id == account_id, Reading.state == ReadingState.FINISHED)
            .order_by(Reading.id.desc())
            .limit(1)
        )
    # A reading of the future is one from before the clock was put right.
    is_young = read_at and timedelta(0) <= runtime.clock() - read_at <= BEGUN_FRESH_FOR
    return not is_young


def check_books(
    runtime: Runtime, account_id: int, *, is_repeated: bool, is_wanted: Callable[[], bool]
) -> Checked:
    """Make sure that the list is no older than a minute. Commits, may call the network.

    A reading of somebody else is waited for. With `is_repeated` a failure that is there already
    is not taken for the answer: the run has waited since, or a person wants another try. Raises
    ProcessEnds while it waits, and NoLongerWanted.
    """
    for _ in range(TRIES):
        try:
            reading = _ask(runtime, account_id, is_asked_for=False)
            if reading is not None and _is_no_answer(reading, is_repeated=is_repeated):
                reading = _ask(runtime, account_id, is_asked_for=True)
        except _NoPermission:
            return Checked(trouble=_trouble(runtime, account_id))
        if reading is None:
            return Checked()
        is_made_now = reading.state is ReadingState.RUNNING
        ended = _see_to_end(runtime, reading.id, is_wanted) if is_made_now else reading
        calls = ended.call_count if is_made_now else 0
        if ended.state is ReadingState.FINISHED:
            return Checked(calls)
        if ended.state is ReadingState.FAILED and ended.failure is not ReadingFailure.INTERRUPTED:
            return Checked(calls, _trouble(runtime, account_id, ended))
    return Checked(trouble=Trouble(PauseReason.CHECK, ReadingFailure.INTERRUPTED))


def _is_no_answer(reading: Reading, *, is_repeated: bool) -> bool:
    """Say whether the failure that is there tells nothing of the provider as it is now.

    A reading that died with its process, maybe with the one that began this run, tells nothing.
    """
    is_interrupted = reading.failure is ReadingFailure.INTERRUPTED
    return reading.state is ReadingState.FAILED and (is_repeated or is_interrupted)


def _ask(runtime: Runtime, account_id: int, *, is_asked_for: bool) -> Reading | None:
    """Return the reading to follow, asked for now or before; None if a young one is there."""
    with runtime.sessions() as session:
        connection = _find_permitted(session, account_id)
        if connection is None:
            raise _NoPermission
        public_id = ensure_fresh(
            session,
            connection,
            # Whoever asks carries it out itself.
            wake=lambda _job, _row_id: None,
            now=runtime.clock(),
            is_asked_for=is_asked_for,
            is_for_import=True,
        )
        return session.scalar(select(Reading).where(Reading.public_id == public_id))


def _see_to_end(runtime: Runtime, reading_id: int, is_wanted: Callable[[], bool]) -> Reading:
    """Carry the reading out, or wait for whoever does; it still runs if that process died."""
    refresh(runtime, reading_id)
    while True:
        with only_reading(), runtime.sessions() as session:
            reading = session.get_one(Reading, reading_id)
        is_dead = has_lease_ended(reading.lease_until_at, now=runtime.clock())
        if reading.state is not ReadingState.RUNNING or is_dead:
            return reading
        if not is_wanted():
            raise NoLongerWanted
        runtime.wait(LOOK_S)


def _trouble(runtime: Runtime, account_id: int, reading: Reading | None = None) -> Trouble:
    """Return why the books could not be read; without a reading nobody has asked them."""
    with only_reading(), runtime.sessions() as session:
        states = session.scalars(
            select(Connection.state).where(Connection.account_id == account_id)
        ).all()
    if reading is not None:
        failure, retry_at = reading.failure, reading.retry_at
    else:
        has_ended = ConnectionState.RECONNECT_REQUIRED in states
        failure, retry_at = ReadingFailure.RECONNECT_REQUIRED if has_ended else None, None
    is_permitted = ConnectionState.CONNECTED in states
    reason = PauseReason.CHECK if is_permitted else PauseReason.PERMISSION
    return Trouble(reason, failure, retry_at)


def _find_permitted(session: Session, account_id: int) -> Connection | None:
    return session.scalar(
        select(Connection).where(
            Connection.account_id == account_id, Connection.state == ConnectionState.CONNECTED
        )
    )
