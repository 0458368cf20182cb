"""What waits in the rows, how much and for how long, whichever process or machine sees to it.

Each statement goes by an index that holds hardly more than what waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models import Heartbeat, ImportRun, ImportState, OneTimeLink, Reading, ReportDelivery
from services.delivery_words import WAITING
from services.import_lease import is_lease_over
from services.import_queue import IS_ACTIVE
from services.match_job import due_matches
from services.one_time_links import is_open
from services.reading_queue import EARLIEST, UNCLAIMED
from services.report_history import oldest_waiting_at

#: As the partial index of the running readings has it.
_IS_RUNNING: ColumnElement[bool] = literal_column("reading.state = 'running'")
IMPORTS = ("import", "import_paused", "import_running")


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, and since when the one that waits longest does; None where none waits."""

    name: str
    depth: int
    oldest_at: datetime | None


def list_queues(session: Session, *, now: datetime) -> Iterator[Queue]:
    """Yield every queue but that of matching. Five statements.

    A run whose process died waits again; one that is paused waits for a provider or a person.
    """
    is_unclaimed = and_(_IS_RUNNING, Reading.lease_owner == UNCLAIMED)
    yield _waiting(session, "reading", Reading.started_at, is_unclaimed)
    yield from _runs(session, now=now)
    deliveries = _waiting(
        session, "delivery", ReportDelivery.due_at, ReportDelivery.state.in_(WAITING)
    )
    # What was carried over waits longer than its row does.
    oldest_at = oldest_waiting_at(session) if deliveries.depth else None
    yield Queue("delivery", deliveries.depth, oldest_at)
    # A range, because SQLite takes no index to tell who has a moment at all.
    is_mailed_later = and_(OneTimeLink.next_attempt_at > EARLIEST, is_open(now))
    yield _waiting(session, "link", OneTimeLink.created_at, is_mailed_later)


def list_unmatched(session: Session, *, now: datetime) -> list[int]:
    """Return the accounts that wait to be compared; no row says since when. One statement."""
    return due_matches(session, now=now)


def list_beats(session: Session) -> Mapping[str, datetime]:
    """Return the last beat of each recurring job, by its name. One statement."""
    return {row.name: row.at for row in session.execute(select(Heartbeat.name, Heartbeat.at))}


def _waiting(
    session: Session, name: str, since: InstrumentedAttribute[Any], condition: ColumnElement[bool]
) -> Queue:
    depth, oldest_at = session.execute(select(func.count(), func.min(since)).where(condition)).one()
    return Queue(name, depth, oldest_at)


def _runs(session: Session, *, now: datetime) -> Iterator[Queue]:
    is_held = and_(ImportRun.state == ImportState.RUNNING, ~is_lease_over(now))
    queue = case(
        (is_held, "import_running"),
        (ImportRun.state == ImportState.PAUSED, "import_paused"),
        else_="import",
    )
    query = select(queue, func.count(), func.min(ImportRun.created_at)).where(IS_ACTIVE)
    found = {name: (depth, at) for name, depth, at in session.execute(query.group_by(queue))}
    for name in IMPORTS:
        yield Queue(name, *found.get(name, (0, None)))
