"""Imports as people ask for them on a page: what one would do, and which click is one too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import (
    ImportItem,
    ImportRun,
    ImportState,
    PlannedOutcome,
    Reading,
    RemoteCustomer,
    RemoteState,
    RunKind,
)
from models.customer import IS_UNKEPT
from services.bins import SOMEBODYS_WILL
from services.customer_import import NothingChosen, start_import
from services.decision_record import RowsChanged
from services.import_choice import find_named
from services.import_decision import RowFacts, plan_row
from services.import_items import is_stale_row, read_told
from services.import_queue import ACTIVE, lock_account
from services.meant import ListChanged, check_list
from services.reading_queue import last_whole_id
from services.remote_lists import by_counting_index, review_conditions
from services.review_query import Meant, ReviewQuery
from services.runtime import Wake

# An import of a few hundred ends before the second click of a double click has arrived.
REPEATED_WITHIN = timedelta(minutes=1)


#: How rows stand, and whether they have an e-mail.
Kind = tuple[RowFacts, bool]
_PARTS = {
    PlannedOutcome.CREATE: "create",
    PlannedOutcome.LINK: "link",
    PlannedOutcome.ASK: "ask",
    PlannedOutcome.WAIT: "waiting",
    None: "skip",
}


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
    """What an import would do if it ran now; the first five add up to the number chosen.

    `ask` are those who wait for a decision, `waiting` those not compared yet, `skip` those who
    are not unsynced any more, or not any more what the person saw. `without_email` are some of
    `create`, and `ignored` those of the account who are not chosen because they are ignored.
    """

    create: int = 0
    link: int = 0
    ask: int = 0
    skip: int = 0
    waiting: int = 0
    without_email: int = 0
    ignored: int = 0

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
        raise NothingChosen
    if count_changed(session, account_id, request) == plan.chosen:
        raise RowsChanged
    return replace(plan, ignored=_count_ignored(session, account_id))


def count_unknown(session: Session, account_id: int, request: ImportRequest) -> int:
    """Return how many of the named are nobody in this account. One statement."""
    named = request.meant.public_ids
    return len(set(named)) - len(find_named(session, account_id, named))


def count_changed(session: Session, account_id: int, request: ImportRequest) -> int:
    """Return how many of the named are left because they changed since they were seen."""
    told = read_told(session, account_id, request.meant, creates_maybes=request.creates_maybes)
    return sum(row.has_changed for row in told)


def start_requested(
    session: Session,
    account_id: int,
    request: ImportRequest,
    *,
    requested_by_id: int,
    wake: Wake,
    now: datetime,
) -> str:
    """Queue the import and return the run's public id. Commits.

    The runs of an account follow each other. Raises ImportRepeated with the run to show instead
    where one does just this or has just done it, ListChanged if the list is not the one any more
    that the person saw, RowsChanged if everybody named has changed, NothingChosen if nobody is
    meant.
    """
    # Of many clicks at once each looks when the one before has written its run.
    lock_account(session, account_id)
    _refuse(session, account_id, request, now=now)
    run = start_import(
        session,
        account_id,
        choice=request.meant,
        creates_maybes=request.creates_maybes,
        requested_by_id=requested_by_id,
        wake=wake,
        now=now,
    )
    return run.public_id


def _refuse(session: Session, account_id: int, request: ImportRequest, *, now: datetime) -> None:
    for active in _active(session, account_id):
        is_alike = active.creates_maybes == request.creates_maybes
        if is_alike and _takes(session, active, request):
            raise ImportRepeated(active.public_id)
    is_filter = request.meant.matching is not None
    if is_filter and request.meant.reading != last_whole_id(session, account_id):
        raise ListChanged
    ended = _just_ended(session, account_id, now=now)
    if ended is not None and _has_done(session, ended, request):
        raise ImportRepeated(ended.public_id)
    if is_filter:
        matches = _plan(session, account_id, request).chosen
        check_list(session, account_id, request.meant, matches=matches)


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
    ).all()


def _just_ended(session: Session, account_id: int, *, now: datetime) -> ImportRun | None:
    return session.scalar(
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


def _count_ignored(session: Session, account_id: int) -> int:
    is_ignored = (
        RemoteCustomer.account_id == account_id,
        RemoteCustomer.state == RemoteState.IGNORED,
    )
    return session.scalar(select(func.count()).select_from(RemoteCustomer).where(*is_ignored)) or 0


def _plan(session: Session, account_id: int, request: ImportRequest) -> ImportPlan:
    if request.meant.matching is not None:
        kinds = _kinds(session, account_id, request.meant.matching)
        return plan_kinds(kinds, creates_maybes=request.creates_maybes)
    told = read_told(session, account_id, request.meant, creates_maybes=request.creates_maybes)
    return _sum_up(Counter((row.planned, row.remote.has_email) for row in told))


def _kinds(session: Session, account_id: int, query: ReviewQuery) -> Counter[Kind]:
    """Count how those stand who match the query, from an index alone.

    Who changed since the comparison is counted apart: few have, and another index knows them.
    """
    remote = RemoteCustomer
    columns: Any = (remote.state, remote.bin, remote.why, remote.has_email)
    counted: Any = select(*columns, func.count()).group_by(*columns)
    counted = counted.where(*review_conditions(account_id, query))
    kinds: Counter[Kind] = Counter()
    for state, bin_, why, has_email, count in session.execute(by_counting_index(counted, query)):
        kinds[RowFacts(state, bin_, was_taken_out=why in SOMEBODYS_WILL), has_email] += count
    unkept = counted.with_hint(remote, "INDEXED BY ix_remote_customer_unkept", "sqlite")
    for state, bin_, why, has_email, count in session.execute(
        unkept.where(IS_UNKEPT, is_stale_row())
    ):
        facts = RowFacts(state, bin_, was_taken_out=why in SOMEBODYS_WILL)
        kinds[facts, has_email] -= count
        kinds[replace(facts, is_stale=True), has_email] += count
    return kinds


def plan_kinds(kinds: Mapping[Kind, int], *, creates_maybes: bool) -> ImportPlan:
    """Return what would become of so many of each kind; pure."""
    sums: Counter[tuple[PlannedOutcome | None, bool]] = Counter()
    for (facts, has_email), count in kinds.items():
        sums[plan_row(facts, creates_maybes=creates_maybes), has_email] += count
    return _sum_up(sums)


def _sum_up(planned: Mapping[tuple[PlannedOutcome | None, bool], int]) -> ImportPlan:
    sums: Counter[str] = Counter()
    for (plan, has_email), count in planned.items():
        sums[_PARTS[plan]] += count
        if plan is PlannedOutcome.CREATE and not has_email:
            sums["without_email"] += count
    return ImportPlan(**sums)
