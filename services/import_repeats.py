"""Which click is one too many: a run does just this, or took them all a moment ago."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select
from sqlalchemy.orm import Session

from models import (
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    PlannedOutcome,
    Reading,
    RemoteCustomer,
    RunKind,
)
from services.database import in_batches
from services.import_choice import find_named
from services.import_items import ToldRow, planned_items, read_told
from services.import_queue import ACTIVE
from services.reading_queue import last_whole_id
from services.remote_lists import review_conditions
from services.review_query import Meant

# An import of a few hundred ends before the second click of a double click has arrived.
REPEATED_WITHIN = timedelta(minutes=1)
#: Planned for whom another run would change nothing.
_NOTHING = (None, PlannedOutcome.ASK)


def find_doing(
    session: Session, account_id: int, meant: Meant, *, creates_maybes: bool
) -> ImportRun | None:
    """Return the import that has not ended and will do for everybody meant what is asked now.

    A newer choice is never taken for an older one: whoever was told something else since, or
    asks while a run is being stopped, gets a run of their own.
    """
    for run in _active(session, account_id):
        is_alike = run.creates_maybes == creates_maybes and not run.wants_stop
        if is_alike and _does(session, run, meant):
            return run
    return None


def find_ended(session: Session, account_id: int, meant: Meant, *, now: datetime) -> str | None:
    """Return the import that ended a moment ago and took everybody who is asked for."""
    run = session.scalar(
        select(ImportRun)
        .where(
            ImportRun.account_id == account_id,
            ImportRun.kind == RunKind.IMPORT,
            ImportRun.state == ImportState.FINISHED,
            ImportRun.finished_at > now - REPEATED_WITHIN,
        )
        .order_by(ImportRun.id.desc())
        .limit(1)
    )
    return run.public_id if run is not None and _has_taken(session, run, meant) else None


def _active(session: Session, account_id: int) -> Sequence[ImportRun]:
    """Return the imports of the account that have not ended, the first one first."""
    return session.scalars(
        select(ImportRun)
        .where(
            ImportRun.account_id == account_id,
            ImportRun.kind == RunKind.IMPORT,
            ImportRun.state.in_(ACTIVE),
        )
        .order_by(ImportRun.id)
        # Read anew: another process stops or ends it.
        .execution_options(populate_existing=True)
    ).all()


def _does(session: Session, run: ImportRun, meant: Meant) -> bool:
    """Say whether the run does for everybody meant what a new one would."""
    if meant.matching is not None:
        return _began_with(session, run, meant.reading) and not session.scalar(
            select(_is_other(run, meant))
        )
    told = read_told(session, run.account_id, meant, creates_maybes=run.creates_maybes)
    items = _items(session, run, [row.remote.remote_id for row in told])
    return bool(told) and all(_is_covered(row, items.get(row.remote.remote_id)) for row in told)


def _is_covered(row: ToldRow, item: Row[*tuple[Any, ...]] | None) -> bool:
    if item is None:
        return False
    if item.outcome is not ItemOutcome.PENDING:
        return row.planned in _NOTHING
    told = (row.told.planned, row.told.customer_id, row.told.seen_revision)
    return told == (item.planned, item.planned_customer_id, item.seen_revision)


def _items(
    session: Session, run: ImportRun, remote_ids: Sequence[str]
) -> dict[str, Row[*tuple[Any, ...]]]:
    items: dict[str, Row[*tuple[Any, ...]]] = {}
    for batch in in_batches(remote_ids):
        rows = session.execute(
            select(
                ImportItem.remote_id,
                ImportItem.outcome,
                ImportItem.planned,
                ImportItem.planned_customer_id,
                ImportItem.seen_revision,
            ).where(ImportItem.run_id == run.id, ImportItem.remote_id.in_(batch))
        )
        items.update((row.remote_id, row) for row in rows)
    return items


def _is_other(run: ImportRun, meant: Meant) -> ColumnElement[bool]:
    """Return the condition that the run will not do for all who match what is planned now."""
    now = planned_items(run, meant).subquery()
    _run_id, remote_id, planned, customer_id, revision, _outcome = now.c
    is_pending = ImportItem.outcome == ItemOutcome.PENDING
    is_same = and_(
        ImportItem.planned.is_not_distinct_from(planned),
        ImportItem.planned_customer_id.is_not_distinct_from(customer_id),
        ImportItem.seen_revision == revision,
    )
    is_nothing = or_(planned.is_(None), planned == PlannedOutcome.ASK)
    is_covered = exists().where(
        ImportItem.run_id == run.id,
        ImportItem.remote_id == remote_id,
        or_(is_pending & is_same, ~is_pending & is_nothing),
    )
    return select(remote_id).where(~is_covered.correlate(now)).exists()


def _has_taken(session: Session, run: ImportRun, meant: Meant) -> bool:
    """Say whether everybody who is asked for is an item of the run."""
    items = select(ImportItem.remote_id).where(ImportItem.run_id == run.id)
    if meant.matching is not None:
        is_elsewhere = select(RemoteCustomer.id).where(
            *review_conditions(run.account_id, meant.matching),
            RemoteCustomer.remote_id.not_in(items),
        )
        return _began_with(session, run, meant.reading) and not session.scalar(
            select(is_elsewhere.exists())
        )
    found = find_named(session, run.account_id, meant.public_ids)
    named = [remote.remote_id for remote in found]
    return bool(named) and len(_items(session, run, named)) == len(named)


def _began_with(session: Session, run: ImportRun, seen_reading: str) -> bool:
    """Say whether the reading is the last whole one, as it was when the run was asked for."""
    if seen_reading != last_whole_id(session, run.account_id):
        return False
    ended_at = session.scalar(
        select(Reading.finished_at).where(
            Reading.account_id == run.account_id, Reading.public_id == seen_reading
        )
    )
    return ended_at is not None and ended_at <= run.created_at
