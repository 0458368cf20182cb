"""What the alert shows: one state at a time, read from rows, never started from here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Reading, ReadingFailure, ReadingState
from services.connection_views import IS_FINISHED, ConnectionView
from services.database import only_reading
from services.import_queue import find_busy
from services.import_views import ImportView, view_import
from services.lost_fields import WORDS as LOST_FIELDS
from services.providers.registry import ProviderProfile
from services.remote_counts import count_unsynced
from services.runtime import Runtime
from services.sentences import FailureWords, at_least_sentence, failure_words
from services.unsynced import ReadingView, Summary, summary, view_reading

LOOK_STEP_S = 0.02

#: Trying again would meet the same refusal; a person has to give the permission anew.
ONLY_CONSENT_HELPS = frozenset(
    {
        ReadingFailure.RECONNECT_REQUIRED,
        ReadingFailure.SCOPE_MISSING,
        ReadingFailure.ACCOUNT_GONE,
        ReadingFailure.OTHER_ACCOUNT,
    }
)


class AlertState(StrEnum):
    """The states of the alert; the page has one branch for each."""

    NOT_CONNECTED = "not_connected"
    CLOSED = "closed"
    CHECKING = "checking"
    COUNTED = "counted"
    ALL_IMPORTED = "all_imported"
    IMPORTING = "importing"
    RECONNECT = "reconnect"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Alert:
    """Everything the alert shows. `last_known` is the last whole reading, if there is one.

    `running` is the import that takes from the list now; the number is not told until it ends.
    """

    state: AlertState
    summary: Summary | None = None
    reading: ReadingView | None = None
    last_known: ReadingView | None = None
    running: ImportView | None = None

    @property
    def ignores_most(self) -> bool:
        """Say whether nobody is missing only because more were ignored than are linked."""
        return (
            self.state is AlertState.ALL_IMPORTED
            and self.summary is not None
            and self.summary.ignored > self.summary.linked
        )


class UnknownReading(Exception):
    """There is no such reading of this connection."""


def look_for_end(
    runtime: Runtime,
    reading_public_id: str,
    *,
    patience_s: float,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Return when the reading has ended or its process died, or when the patience is used up."""
    give_up_at = monotonic() + patience_s
    alive = select(Reading.id).where(
        Reading.public_id == reading_public_id, Reading.state == ReadingState.RUNNING
    )
    while monotonic() < give_up_at:
        with only_reading(), runtime.sessions() as session:
            if session.scalar(alive.where(Reading.lease_until_at >= runtime.clock())) is None:
                return
        sleep(LOOK_STEP_S)


def view_alert(
    session: Session,
    connection: ConnectionView | None,
    *,
    now: datetime,
    reading_public_id: str | None = None,
    with_rows: bool = True,
) -> Alert:
    """Return what the alert shows now; never starts anything.

    A running import comes first; then, with a reading to follow, its progress or failure; then
    the stored number, `with_rows` with its balances and first rows. Raises UnknownReading for
    the reading of another connection.
    """
    if connection is None or not (connection.is_connected or connection.needs_reconnect):
        return Alert(AlertState.NOT_CONNECTED)
    last_whole = _last_whole(session, connection.account_id)
    followed = _followed(session, connection, reading_public_id, now=now)
    active = find_busy(session, connection.account_id)
    is_followed = followed is not None and followed.state is not ReadingState.FINISHED
    if last_whole is not None and not (connection.needs_reconnect or active or is_followed):
        return _counted(session, connection.account_id, last_whole, with_rows=with_rows)
    last_known = _with_number(session, connection.account_id, last_whole)
    if connection.needs_reconnect:
        return Alert(AlertState.RECONNECT, reading=followed, last_known=last_known)
    if active is not None:
        running = view_import(session, active.company_id, active.public_id)
        return Alert(AlertState.IMPORTING, last_known=last_known, running=running)
    if followed and followed.state is not ReadingState.FINISHED:
        is_running = followed.state is ReadingState.RUNNING
        state = AlertState.CHECKING if is_running else AlertState.FAILED
        return Alert(state, reading=followed, last_known=last_known)
    return Alert(AlertState.CLOSED)


def tell_failure(
    reading: ReadingView, *, profile: ProviderProfile, settings: str
) -> FailureWords | None:
    """Return why the reading has no result, in words; None where it did not fail."""
    if reading.failure is None:
        return None
    lost = LOST_FIELDS.get(reading.lost_field, "a field")
    return failure_words(
        reading.failure,
        profile=profile,
        settings=settings,
        lost=lost,
        read_count=reading.read_count,
    )


def tell_at_least(reading: ReadingView, *, provider_name: str) -> str:
    """Return what is certain although the list did not settle, nothing where nothing is."""
    if not reading.at_least_count:
        return ""
    return at_least_sentence(reading.at_least_count, provider_name)


def _last_whole(session: Session, account_id: int) -> ReadingView | None:
    reading = session.scalar(
        select(Reading)
        .where(Reading.account_id == account_id, IS_FINISHED)
        .order_by(Reading.id.desc())
        .limit(1)
    )
    return view_reading(reading) if reading else None


def _counted(
    session: Session, account_id: int, last_whole: ReadingView, *, with_rows: bool
) -> Alert:
    result = summary(session, account_id, reading=last_whole, with_rows=with_rows)
    # Imports and decisions since then count: the list is as old as the reading, the number is not.
    last_known = replace(last_whole, unsynced_count=result.unsynced)
    state = AlertState.COUNTED if result.unsynced else AlertState.ALL_IMPORTED
    return Alert(state, summary=replace(result, reading=last_known), last_known=last_known)


def _with_number(
    session: Session, account_id: int, last_whole: ReadingView | None
) -> ReadingView | None:
    if last_whole is None:
        return None
    return replace(last_whole, unsynced_count=count_unsynced(session, account_id))


def _followed(
    session: Session, connection: ConnectionView, public_id: str | None, *, now: datetime
) -> ReadingView | None:
    if public_id is None:
        return None
    reading = session.scalar(
        select(Reading).where(
            Reading.public_id == public_id, Reading.connection_id == connection.id
        )
    )
    if reading is None:
        raise UnknownReading
    return view_reading(reading, is_abandoned=reading.lease_until_at < now)
