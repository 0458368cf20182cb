"""Imports as people ask for them on a page: what one would do, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import PlannedOutcome, RemoteCustomer, RemoteState
from models.customer import IS_UNKEPT
from services.bins import SOMEBODYS_WILL
from services.customer_import import NothingChosen, start_import
from services.decision_record import RowsChanged
from services.import_choice import find_named
from services.import_decision import RowFacts, plan_row
from services.import_items import is_stale_row, read_told
from services.import_queue import lock_account
from services.import_repeats import find_doing, find_ended
from services.meant import ListChanged, check_list
from services.reading_queue import last_whole_id
from services.remote_lists import by_counting_index, review_conditions
from services.review_query import Meant, ReviewQuery
from services.runtime import Wake

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


class EverybodyWaits(Exception):
    """Each of the `count` who are chosen waits for a person's decision."""

    def __init__(self, count: int) -> None:
        super().__init__("everybody chosen waits for a decision")
        self.count = count


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
    plan = _plan_or_refuse(session, account_id, request, now=now)
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
    meant, EverybodyWaits if a person has to decide about each of them.
    """
    # Of many clicks at once each looks when the one before has written its run.
    lock_account(session, account_id)
    plan = _plan_or_refuse(session, account_id, request, now=now)
    if 0 < plan.ask == plan.chosen:
        raise EverybodyWaits(plan.ask)
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


def _plan_or_refuse(
    session: Session, account_id: int, request: ImportRequest, *, now: datetime
) -> ImportPlan:
    """Return what the import would do; raise where it is there already or the list is another."""
    meant = request.meant
    doing = find_doing(session, account_id, meant, creates_maybes=request.creates_maybes)
    if doing is not None:
        raise ImportRepeated(doing.public_id)
    is_filter = meant.matching is not None
    if is_filter and meant.reading != last_whole_id(session, account_id):
        raise ListChanged
    plan = _plan(session, account_id, request)
    ended = find_ended(session, account_id, meant, now=now)
    if ended is not None and plan.create + plan.link + plan.waiting == 0:
        raise ImportRepeated(ended)
    if is_filter:
        check_list(session, account_id, meant, matches=plan.chosen)
    return plan


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
