"""Who is in the accounting software and not yet here: kept fresh, counted, listed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import (
    Connection,
    ConnectionState,
    Reading,
    ReadingFailure,
    ReadingState,
    RemoteCustomer,
    RemoteState,
)
from services.import_queue import find_busy
from services.reading_queue import fail_if_abandoned, new_reading
from services.remote_counts import count_standings
from services.remote_lists import IS_UNSYNCED
from services.review_counts import FilterCounts, count_rows
from services.review_rows import Balance, ReviewRow, read_rows
from services.runtime import Wake

FRESH_FOR = timedelta(seconds=60)
FAILED_FOR = timedelta(seconds=5)
#: After so many readings without an answer a provider counts as down.
DOWN_AFTER = 5
FIRST_ROWS = 5
READ_JOB = "read_customers"


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One reading: progress while it runs, the reason when it failed, its cost when it ended."""

    public_id: str
    state: ReadingState
    started_at: datetime
    finished_at: datetime | None
    read_count: int
    expected_count: int | None
    call_count: int
    counted_count: int
    unsynced_count: int
    unreadable_count: int
    at_least_count: int | None
    failure: ReadingFailure | None
    lost_field: str
    reference: str
    retry_at: datetime | None

    def left_s(self, now: datetime) -> float | None:
        """Return how long it still takes if it goes on as so far; None where that is unknown."""
        is_waiting = self.retry_at is not None and self.retry_at > now
        if is_waiting or not self.read_count or not self.expected_count:
            return None
        passed_s = (now - self.started_at).total_seconds()
        return max(0.0, passed_s * (self.expected_count / self.read_count - 1))


@dataclass(frozen=True, slots=True)
class Summary:
    """X of Y and what is worth knowing about the X. X and Y come from one whole reading.

    `counts` are those of the filters of the review page.
    """

    unsynced: int
    counted: int
    linked: int
    ignored: int
    without_email: int
    with_balance: int
    balances: tuple[Balance, ...]
    rows: tuple[ReviewRow, ...]
    reading: ReadingView
    counts: FilterCounts


def ensure_fresh(
    session: Session,
    connection: Connection,
    *,
    wake: Wake,
    now: datetime,
    is_asked_for: bool = False,
    accepts_loss: bool = False,
    is_for_import: bool = False,
) -> str | None:
    """Make sure that a true number is there or on its way; return the reading to follow.

    None: the last whole reading is younger than a minute, nothing was started. However many ask
    at once, one reading runs and all follow it. `is_asked_for` (Check again, Try again) reads
    even when the last reading is young; `accepts_loss` takes the list although a field vanished
    from it. Nothing is read under a permission that ended, nor while an import takes from the
    list, but for itself (`is_for_import`). Commits; does not call the network itself.
    """
    is_taken_from = not is_for_import and find_busy(session, connection.account_id) is not None
    if connection.state is not ConnectionState.CONNECTED or is_taken_from:
        return _after_commit(session, None)
    latest = _latest(session, connection)
    if latest is not None and not fail_if_abandoned(session, latest, now=now):
        if latest.state is ReadingState.RUNNING:
            return _after_commit(session, latest.public_id)
        is_asked_for = is_asked_for or accepts_loss
        if _still_stands(session, latest, connection, now=now, is_asked_for=is_asked_for):
            failed = latest.state is ReadingState.FAILED
            return _after_commit(session, latest.public_id if failed else None)
    reading = new_reading(session, connection, now=now, accepts_loss=accepts_loss)
    try:
        session.commit()
    except IntegrityError:
        # Somebody else was faster by a moment: the unique index knows one running reading.
        session.rollback()
        running = _latest(session, connection)
        return running.public_id if running else None
    wake(READ_JOB, reading.id)
    return reading.public_id


def summary(
    session: Session, account_id: int, *, reading: ReadingView, with_rows: bool = True
) -> Summary:
    """Count everybody inside the indexes; `with_rows` also add up balances and read first rows."""
    standings = count_standings(session, account_id, counted=reading.counted_count)
    counts = count_rows(session, account_id, standings=standings)
    decided: Counter[RemoteState] = Counter()
    for standing in standings:
        decided[standing.state] += standing.count if standing.is_counted else 0
    return Summary(
        unsynced=counts.unsynced,
        counted=reading.counted_count,
        linked=decided[RemoteState.LINKED],
        ignored=decided[RemoteState.IGNORED],
        without_email=counts.no_email,
        with_balance=counts.open_balance,
        balances=_balances(session, account_id) if with_rows and counts.open_balance else (),
        rows=_first_rows(session, account_id) if with_rows else (),
        reading=reading,
        counts=counts,
    )


def view_reading(reading: Reading, *, is_abandoned: bool = False) -> ReadingView:
    """Return the reading as pages show it; an abandoned one counts as interrupted."""
    is_interrupted = is_abandoned and reading.state is ReadingState.RUNNING
    return ReadingView(
        public_id=reading.public_id,
        state=ReadingState.FAILED if is_interrupted else reading.state,
        started_at=reading.started_at,
        finished_at=reading.finished_at,
        read_count=reading.read_count,
        expected_count=reading.expected_count,
        call_count=reading.call_count,
        counted_count=reading.counted_count or 0,
        unsynced_count=reading.unsynced_count or 0,
        unreadable_count=reading.unreadable_count,
        at_least_count=reading.at_least_count,
        failure=ReadingFailure.INTERRUPTED if is_interrupted else reading.failure,
        lost_field=reading.lost_field,
        reference=reading.failure_reference,
        retry_at=reading.retry_at,
    )


def _after_commit(session: Session, public_id: str | None) -> str | None:
    session.commit()
    return public_id


def note_look(session: Session, connection_id: int, *, now: datetime) -> None:
    """Remember that an admin has seen the number of the last whole reading. Commits.

    Who is read for the first time after it is new since then.
    """
    last_whole = (
        select(func.max(Reading.id))
        .where(Reading.account_id == Connection.account_id, Reading.state == ReadingState.FINISHED)
        .correlate(Connection)
        .scalar_subquery()
    )
    session.execute(
        update(Connection)
        .where(Connection.id == connection_id)
        .values(looked_at=now, looked_reading_id=func.coalesce(last_whole, 0))
    )
    session.commit()


def _still_stands(
    session: Session,
    latest: Reading,
    connection: Connection,
    *,
    now: datetime,
    is_asked_for: bool,
) -> bool:
    """Say whether the last result is young enough to be shown instead of reading again."""
    is_older = latest.started_at < connection.connected_at
    if is_older and latest.failure is ReadingFailure.RECONNECT_REQUIRED:
        # What was refused is the permission before this one; a person may reconnect in seconds.
        return False
    if latest.retry_at is not None and latest.retry_at > now:
        return True
    if is_asked_for or latest.finished_at is None:
        return False
    limit = FRESH_FOR
    if latest.state is ReadingState.FAILED and not _is_down(session, connection):
        limit = FAILED_FOR
    # A result from the future is one from before the clock was put right.
    return timedelta(0) <= now - latest.finished_at < limit


def _is_down(session: Session, connection: Connection) -> bool:
    """Say whether the provider did not answer several times in a row.

    It is left alone for a minute then, unless a person asks for another try.
    """
    failures = session.scalars(
        select(Reading.failure)
        .where(Reading.connection_id == connection.id)
        .order_by(Reading.id.desc())
        .limit(DOWN_AFTER)
    ).all()
    return len(failures) == DOWN_AFTER and set(failures) == {ReadingFailure.UNAVAILABLE}


def _latest(session: Session, connection: Connection) -> Reading | None:
    return session.scalar(
        select(Reading)
        .where(Reading.connection_id == connection.id, Reading.account_id == connection.account_id)
        .order_by(Reading.id.desc())
        .limit(1)
    )


def _balances(session: Session, account_id: int) -> tuple[Balance, ...]:
    """Add up the open balances. Grouping sorts them all, and most books have one currency."""
    cents = func.sum(RemoteCustomer.balance_cents)
    conditions = (
        RemoteCustomer.account_id == account_id,
        IS_UNSYNCED,
        RemoteCustomer.balance_cents > 0,
    )
    currencies = (func.min(RemoteCustomer.currency), func.max(RemoteCustomer.currency))
    first, last, total = session.execute(select(*currencies, cents).where(*conditions)).one()
    if first == last:
        return (Balance(first, int(total)),) if first is not None else ()
    rows = session.execute(
        select(RemoteCustomer.currency, cents)
        .where(*conditions)
        .group_by(RemoteCustomer.currency)
        .order_by(RemoteCustomer.currency)
    )
    return tuple(Balance(currency, int(cents)) for currency, cents in rows)


def _first_rows(session: Session, account_id: int) -> tuple[ReviewRow, ...]:
    ids = session.scalars(
        select(RemoteCustomer.id)
        .where(RemoteCustomer.account_id == account_id, IS_UNSYNCED)
        .order_by(RemoteCustomer.balance_cents.desc(), RemoteCustomer.id.desc())
        .limit(FIRST_ROWS)
    )
    return read_rows(session, account_id, ids.all())
