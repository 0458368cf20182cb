"""Imports as people ask for them on a page: what one would do, and which click is one too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Bin, ImportItem, ImportRun, ImportState, Reading, RemoteCustomer, RemoteState
from services.customer_import import (
    ImportAlreadyRunning,
    NothingChosen,
    find_active,
    start_import,
)
from services.decision_record import RowsChanged
from services.import_choice import find_named, is_still_seen
from services.meant import ListChanged, check_list
from services.reading_queue import last_whole_id
from services.remote_lists import review_conditions
from services.review_query import Meant, ReviewQuery
from services.runtime import Wake

# An import of a few hundred ends before the second click of a double click has arrived.
REPEATED_WITHIN = timedelta(minutes=1)


#: State, bin, and whether there is an e-mail.
Kind = tuple[RemoteState, Bin, bool]
_LEFT = {Bin.SAME: "link", Bin.MAYBE: "ask", Bin.WAITING: "waiting"}


class ImportRepeated(Exception):
    """A run that is there, or ended a moment ago, does just this; the second click is shown it."""

    def __init__(self, public_id: str) -> None:
        super().__init__("an import does this or has just done it")
        self.public_id = public_id


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Whom a person chose, as they saw them; `creates_maybes` creates the doubtful, too."""

    meant: Meant
    creates_maybes: bool = False


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do if it ran now; all but `without_email` add up to the number chosen.

    `ask` are those who wait for a decision, `waiting` those not compared yet, `skip` those who
    are not unsynced any more. `without_email` are some of `create`.
    """

    create: int = 0
    link: int = 0
    ask: int = 0
    skip: int = 0
    waiting: int = 0
    without_email: int = 0

    @property
    def chosen(self) -> int:
        return self.create + self.link + self.ask + self.skip + self.waiting


def plan_all(session: Session, account_id: int) -> ImportPlan:
    """Return what an import of all the unsynced would do, the doubtful created. One statement."""
    everybody = ImportRequest(Meant(matching=ReviewQuery()), creates_maybes=True)
    return _plan(session, account_id, everybody)


def plan_new(session: Session, account_id: int) -> ImportPlan:
    """Return what an import of the new would do, and how many it leaves to a decision."""
    plan = _plan(session, account_id, ImportRequest(Meant(matching=ReviewQuery())))
    return replace(plan, link=0)


def plan_import(
    session: Session, account_id: int, request: ImportRequest, *, now: datetime
) -> ImportPlan:
    """Return what the import would do, or raise as `start_requested` would. Writes nothing."""
    _refuse(session, account_id, request, now=now)
    plan = _plan(session, account_id, request)
    if not plan.chosen:
        if count_changed(session, account_id, request):
            raise RowsChanged
        raise NothingChosen
    return plan


def count_unknown(session: Session, account_id: int, request: ImportRequest) -> int:
    """Return how many of the named are nobody in this account. One statement."""
    named = request.meant.public_ids
    return len(set(named)) - len(find_named(session, account_id, named))


def count_changed(session: Session, account_id: int, request: ImportRequest) -> int:
    """Return how many of the named are left out because they changed since they were seen."""
    named = find_named(session, account_id, request.meant.public_ids)
    return sum(not is_still_seen(request.meant, remote) for remote in named)


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
    instead, ListChanged if the list is not the one any more that the person saw, RowsChanged if
    everybody named has changed, NothingChosen if nobody is meant.
    """
    _refuse(session, account_id, request, now=now)
    try:
        run = start_import(
            session,
            account_id,
            meant=request.meant,
            creates_maybes=request.creates_maybes,
            requested_by_id=requested_by_id,
            wake=wake,
            now=now,
        )
    except ImportAlreadyRunning:
        # Another click came between; say what it is to this one.
        _refuse(session, account_id, request, now=now)
        raise
    return run.public_id


def _refuse(session: Session, account_id: int, request: ImportRequest, *, now: datetime) -> None:
    active = find_active(session, account_id)
    if active is not None and _takes(session, active, request):
        raise ImportRepeated(active.public_id)
    if active is not None:
        raise ImportAlreadyRunning(active.public_id)
    is_filter = request.meant.matching is not None
    if is_filter and request.meant.reading != last_whole_id(session, account_id):
        raise ListChanged
    ended = _just_ended(session, account_id, now=now)
    if ended is not None and _has_done(session, ended, request):
        raise ImportRepeated(ended.public_id)
    if is_filter:
        matches = _plan(session, account_id, request).chosen
        check_list(session, account_id, request.meant, matches=matches)


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
    """Say whether the run took everybody who is asked for, and another would change nothing."""
    plan = _plan(session, run.account_id, request)
    is_left = plan.create + plan.link + plan.waiting > 0
    return not is_left and _takes(session, run, request)


def _takes(session: Session, run: ImportRun, request: ImportRequest) -> bool:
    """Say whether everybody who is asked for is an item of the run."""
    items = select(ImportItem.remote_id).where(ImportItem.run_id == run.id)
    if request.meant.matching is not None:
        is_elsewhere = select(RemoteCustomer.id).where(
            *review_conditions(run.account_id, request.meant.matching),
            RemoteCustomer.remote_id.not_in(items),
        )
        return _began_with(session, run, request.meant.reading) and not session.scalar(
            select(is_elsewhere.exists())
        )
    found = find_named(session, run.account_id, request.meant.public_ids)
    named = {remote.remote_id for remote in found}
    taken = session.scalars(items.where(ImportItem.remote_id.in_(named))).all()
    return bool(named) and len(taken) == len(named)


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


def _plan(session: Session, account_id: int, request: ImportRequest) -> ImportPlan:
    kinds: Counter[Kind] = Counter()
    if request.meant.matching is not None:
        columns = (RemoteCustomer.state, RemoteCustomer.bin, RemoteCustomer.has_email)
        rows = session.execute(
            select(*columns, func.count())
            .where(*review_conditions(account_id, request.meant.matching))
            .group_by(*columns)
        )
        kinds.update({(state, bin_, has_email): count for state, bin_, has_email, count in rows})
    else:
        named = find_named(session, account_id, request.meant.public_ids)
        kinds.update(
            (remote.state, remote.bin, remote.has_email)
            for remote in named
            if is_still_seen(request.meant, remote)
        )
    return plan_kinds(kinds, creates_maybes=request.creates_maybes)


def plan_kinds(kinds: Mapping[Kind, int], *, creates_maybes: bool) -> ImportPlan:
    """Return what would become of so many of each kind (state, bin, has an e-mail); pure."""
    created = (Bin.NEW, Bin.MAYBE) if creates_maybes else (Bin.NEW,)
    sums: Counter[str] = Counter()
    for (state, bin_, has_email), count in kinds.items():
        if state is not RemoteState.UNSYNCED:
            sums["skip"] += count
        elif bin_ in created:
            sums["create"] += count
            sums["without_email"] += 0 if has_email else count
        else:
            sums[_LEFT[bin_]] += count
    return ImportPlan(**sums)
