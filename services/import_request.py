"""Imports as people ask for them on a page: what one would do, and which click is one too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from models import (
    ImportItem,
    ImportRun,
    ImportState,
    Reading,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
)
from services.customer_import import (
    ImportAlreadyRunning,
    NothingChosen,
    find_active,
    start_import,
    start_import_of,
)
from services.decisions import ListChanged
from services.import_choice import ImportScope
from services.reading_queue import last_whole_id
from services.remote_lists import IS_UNSYNCED
from services.runtime import Wake
from services.same_customers import count_same, find_same

# An import of a few hundred ends before the second click of a double click has arrived.
REPEATED_WITHIN = timedelta(minutes=1)


class ImportRepeated(Exception):
    """A run that is there, or ended a moment ago, does just this; the second click is shown it."""

    def __init__(self, public_id: str) -> None:
        super().__init__("an import does this or has just done it")
        self.public_id = public_id


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Whom a person chose: the named, or with `seen_reading` all the unsynced it had shown."""

    public_ids: tuple[str, ...] = ()
    seen_reading: str | None = None

    @property
    def is_all(self) -> bool:
        return self.seen_reading is not None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do if it ran now; the first three add up to the number chosen.

    `skip` are those who are not unsynced any more. `without_email` are some of `create`.
    """

    create: int
    link: int
    skip: int
    without_email: int

    @property
    def chosen(self) -> int:
        return self.create + self.link + self.skip


def plan_all(session: Session, account_id: int) -> ImportPlan:
    """Return what an import of all the unsynced would do. Two statements."""
    unsynced, without_email = session.execute(
        select(
            func.count(), func.sum(case((RemoteCustomer.has_email.is_(False), 1), else_=0))
        ).where(RemoteCustomer.account_id == account_id, IS_UNSYNCED)
    ).one()
    same = count_same(session, account_id)
    return ImportPlan(unsynced - same, same, skip=0, without_email=int(without_email or 0))


def plan_import(
    session: Session, account_id: int, request: ImportRequest, *, now: datetime
) -> ImportPlan:
    """Return what the import would do, or raise as `start_requested` would. Writes nothing."""
    _refuse(session, account_id, request, now=now)
    if request.is_all:
        plan = plan_all(session, account_id)
    else:
        plan = _plan_named(session, account_id, request.public_ids)
    if not plan.chosen:
        raise NothingChosen
    return plan


def count_unknown(session: Session, account_id: int, request: ImportRequest) -> int:
    """Return how many of the named are nobody in this account. One statement."""
    return len(set(request.public_ids)) - len(_named(session, account_id, request.public_ids))


def start_requested(
    session: Session,
    account_id: int,
    request: ImportRequest,
    *,
    requested_by_id: int,
    wake: Wake,
    now: datetime,
) -> str:
    """Start the import and return the run's public id. Commits.

    Raises ImportAlreadyRunning (with another choice) or ImportRepeated with the run to show
    instead, ListChanged if a newer reading has replaced the list that the person saw,
    NothingChosen if nobody is meant.
    """
    _refuse(session, account_id, request, now=now)
    try:
        run = _start(
            session, account_id, request, requested_by_id=requested_by_id, wake=wake, now=now
        )
    except ImportAlreadyRunning:
        # Another click came between; say what it is to this one.
        _refuse(session, account_id, request, now=now)
        raise
    return run.public_id


def _start(
    session: Session,
    account_id: int,
    request: ImportRequest,
    *,
    requested_by_id: int,
    wake: Wake,
    now: datetime,
) -> ImportRun:
    if request.is_all:
        return start_import_of(
            session,
            account_id,
            scope=ImportScope.ALL,
            requested_by_id=requested_by_id,
            wake=wake,
            now=now,
        )
    return start_import(
        session,
        account_id,
        public_ids=request.public_ids,
        requested_by_id=requested_by_id,
        wake=wake,
        now=now,
    )


def _refuse(session: Session, account_id: int, request: ImportRequest, *, now: datetime) -> None:
    active = find_active(session, account_id)
    if active is not None and _takes(session, active, request):
        raise ImportRepeated(active.public_id)
    if active is not None:
        raise ImportAlreadyRunning(active.public_id)
    if request.is_all and request.seen_reading != last_whole_id(session, account_id):
        raise ListChanged
    ended = _just_ended(session, account_id, now=now)
    if ended is not None and _has_done(session, ended, request):
        raise ImportRepeated(ended.public_id)


def _just_ended(session: Session, account_id: int, *, now: datetime) -> ImportRun | None:
    return session.scalar(
        select(ImportRun)
        .where(
            ImportRun.account_id == account_id,
            ImportRun.state == ImportState.FINISHED,
            ImportRun.finished_at > now - REPEATED_WITHIN,
        )
        .order_by(ImportRun.id.desc())
        .limit(1)
    )


def _has_done(session: Session, run: ImportRun, request: ImportRequest) -> bool:
    """Say whether the run took everybody who is asked for, so that nobody is left to import."""
    if request.is_all:
        is_left = plan_all(session, run.account_id).chosen > 0
    else:
        remotes = _named(session, run.account_id, request.public_ids)
        is_left = any(remote.state is RemoteState.UNSYNCED for remote in remotes)
    return not is_left and _takes(session, run, request)


def _takes(session: Session, run: ImportRun, request: ImportRequest) -> bool:
    """Say whether everybody who is asked for is an item of the run."""
    items = select(ImportItem.remote_id).where(ImportItem.run_id == run.id)
    if request.is_all:
        is_elsewhere = select(RemoteCustomer.id).where(
            RemoteCustomer.account_id == run.account_id,
            IS_UNSYNCED,
            RemoteCustomer.remote_id.not_in(items),
        )
        return _began_with(session, run, request.seen_reading) and not session.scalar(
            select(is_elsewhere.exists())
        )
    named = {remote.remote_id for remote in _named(session, run.account_id, request.public_ids)}
    taken = session.scalars(items.where(ImportItem.remote_id.in_(named))).all()
    return bool(named) and len(taken) == len(named)


def _began_with(session: Session, run: ImportRun, seen_reading: str | None) -> bool:
    """Say whether the reading is the last whole one, as it was when the run was asked for."""
    if seen_reading is None or seen_reading != last_whole_id(session, run.account_id):
        return False
    ended_at = session.scalar(
        select(Reading.finished_at).where(
            Reading.account_id == run.account_id, Reading.public_id == seen_reading
        )
    )
    return ended_at is not None and ended_at <= run.created_at


def _plan_named(session: Session, account_id: int, public_ids: Sequence[str]) -> ImportPlan:
    remotes = _named(session, account_id, public_ids)
    wanted = [remote for remote in remotes if remote.state is RemoteState.UNSYNCED]
    same = find_same(session, session.get_one(RemoteAccount, account_id), wanted)
    return ImportPlan(
        create=len(wanted) - len(same),
        link=len(same),
        skip=len(remotes) - len(wanted),
        without_email=sum(not remote.has_email for remote in wanted),
    )


def _named(
    session: Session, account_id: int, public_ids: Sequence[str]
) -> Sequence[RemoteCustomer]:
    return session.scalars(
        select(RemoteCustomer).where(
            RemoteCustomer.account_id == account_id, RemoteCustomer.public_id.in_(public_ids)
        )
    ).all()
