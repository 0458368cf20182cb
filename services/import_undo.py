"""Take an import back: what an undo would do, said before it, and the run that does it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from models import ImportRun, ImportState, ItemOutcome, RunKind, User
from services.database import in_batches
from services.import_queue import ACTIVE, IMPORT_JOB, lock_account
from services.import_repeats import REPEATED_WITHIN
from services.import_views import UnknownImport as UnknownImport
from services.mailed_customers import find_mailed
from services.run_views import UNDO_WITHIN as UNDO_WITHIN
from services.runtime import Wake
from services.sign_ins import SignedIn
from services.undo_decision import decide_undo
from services.undo_facts import read_standings
from services.undo_items import count_outcomes, first_kept, write_undo_items

#: Of the kept so many are named in the question; the receipt has all of them.
KEPT_SHOWN = 50


class UndoTooLate(Exception):
    """The import ended more than 30 days ago."""


class NothingToUndo(Exception):
    """The import brought nobody here, was undone already, has not ended, or is an undo itself."""


class UndoRunning(Exception):
    """An undo of the import runs, or ended a moment ago; the second click is shown that one."""

    def __init__(self, public_id: str) -> None:
        super().__init__("the undo of this import is there already")
        self.public_id = public_id


@dataclass(frozen=True, slots=True)
class KeptRow:
    """Somebody whom an undo would keep, with the newest work on the customer.

    `by_name` is "" where it was no user's, `at` None where it is not known.
    """

    name: str
    customer_public_id: str
    code: str
    reason: str
    by_name: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo would do now: remove + unlink + keep + skip is everybody it is about.

    `kept` are the first of those kept, `mailed` how many of the removed were named in a report
    that was mailed, `until_at` the end of the 30 days.
    """

    remove: int
    unlink: int
    keep: int
    skip: int
    kept: tuple[KeptRow, ...]
    mailed: int
    until_at: datetime

    @property
    def total(self) -> int:
        return self.remove + self.unlink + self.keep + self.skip


def can_undo(
    kind: RunKind,
    state: ImportState,
    finished_at: datetime | None,
    *,
    is_undone: bool,
    now: datetime,
) -> bool:
    """Say whether an undo may be asked for; pure. For `is_undone` see `has_been_undone`."""
    has_ended = state in (ImportState.FINISHED, ImportState.STOPPED)
    if kind is not RunKind.IMPORT or not has_ended or finished_at is None or is_undone:
        return False
    return now <= finished_at + UNDO_WITHIN


def has_been_undone() -> ColumnElement[bool]:
    """Say in SQL whether an undo of the run has come to its end, and nothing of it failed."""
    undo = aliased(ImportRun)
    return exists().where(
        undo.undoes_id == ImportRun.id,
        undo.state == ImportState.FINISHED,
        undo.failed_count == 0,
    )


def plan_undo(session: Session, company_id: int, public_id: str, *, now: datetime) -> UndoPlan:
    """Return what an undo of the import would do now. Writes nothing.

    Everybody is counted in the database; only who is shown, or stands in a mailed report, is
    read. Raises UnknownImport, UndoTooLate, NothingToUndo and UndoRunning.
    """
    run = _find_undoable(session, company_id, public_id, now=now)
    counts = count_outcomes(session, run)
    if not counts.total():
        raise NothingToUndo
    return UndoPlan(
        remove=counts[ItemOutcome.REMOVED],
        unlink=counts[ItemOutcome.UNLINKED],
        keep=counts[ItemOutcome.KEPT],
        skip=counts[ItemOutcome.SKIPPED],
        kept=_kept_rows(session, run),
        mailed=_count_mailed(session, run, now=now),
        until_at=(run.finished_at or now) + UNDO_WITHIN,
    )


def start_undo(
    session: Session, who: SignedIn, public_id: str, *, wake: Wake, now: datetime
) -> str:
    """Queue the undo of an import and return its public id; wake the job. Commits.

    It begins when the earlier runs of the account have ended.
    Raises UnknownImport, UndoTooLate, NothingToUndo and UndoRunning.
    """
    account_id = _find_run(session, who.company_id, public_id).account_id
    lock_account(session, account_id)
    session.expire_all()
    run = _find_undoable(session, who.company_id, public_id, now=now)
    undo = ImportRun(
        company_id=run.company_id,
        account_id=account_id,
        requested_by_id=who.user_id,
        kind=RunKind.UNDO,
        undoes_id=run.id,
        state=ImportState.QUEUED,
        created_at=now,
        chosen_count=0,
    )
    session.add(undo)
    session.flush()
    mailed = find_mailed(session, run, now=now)
    undo.chosen_count = write_undo_items(session, undo, run, mailed=mailed)
    if not undo.chosen_count:
        session.rollback()
        raise NothingToUndo
    session.commit()
    wake(IMPORT_JOB, undo.id)
    return undo.public_id


def _find_run(session: Session, company_id: int, public_id: str) -> ImportRun:
    run = session.scalar(
        select(ImportRun).where(
            ImportRun.company_id == company_id, ImportRun.public_id == public_id
        )
    )
    if run is None:
        session.rollback()
        raise UnknownImport
    return run


def _find_undoable(
    session: Session, company_id: int, public_id: str, *, now: datetime
) -> ImportRun:
    run = _find_run(session, company_id, public_id)
    refusal = _refusal(session, run, now=now)
    if refusal is not None:
        session.rollback()
        raise refusal
    return run


def _refusal(session: Session, run: ImportRun, *, now: datetime) -> Exception | None:
    active = session.scalar(
        select(ImportRun.public_id)
        .where(ImportRun.undoes_id == run.id, ImportRun.state.in_(ACTIVE))
        .limit(1)
    )
    if active is not None:
        return UndoRunning(active)
    is_undone = bool(
        session.scalar(
            select(has_been_undone()).select_from(ImportRun).where(ImportRun.id == run.id)
        )
    )
    if is_undone and (ended := _ended_just_now(session, run, now=now)) is not None:
        return UndoRunning(ended)
    if can_undo(run.kind, run.state, run.finished_at, is_undone=is_undone, now=now):
        return None
    ended_at = run.finished_at
    if is_undone or run.kind is not RunKind.IMPORT or run.state in ACTIVE or ended_at is None:
        return NothingToUndo()
    return UndoTooLate()


def _ended_just_now(session: Session, run: ImportRun, *, now: datetime) -> str | None:
    """Return the undo that ended before the second click of a double click arrived."""
    return session.scalar(
        select(ImportRun.public_id)
        .where(
            ImportRun.undoes_id == run.id,
            ImportRun.state == ImportState.FINISHED,
            ImportRun.finished_at > now - REPEATED_WITHIN,
        )
        .order_by(ImportRun.id.desc())
        .limit(1)
    )


def _count_mailed(session: Session, run: ImportRun, *, now: datetime) -> int:
    count = 0
    for remote_ids in in_batches(sorted(find_mailed(session, run, now=now))):
        standings = read_standings(session, run, remote_ids)
        results = (decide_undo(standings.facts_of(each)) for each in remote_ids)
        count += sum(result.outcome is ItemOutcome.REMOVED for result in results)
    return count


def _kept_rows(session: Session, run: ImportRun) -> tuple[KeptRow, ...]:
    """Return the first of the kept, as what decides in the batch tells them."""
    remote_ids = first_kept(session, run, limit=KEPT_SHOWN)
    standings = read_standings(session, run, remote_ids)
    kept = [
        (standings.customers[standings.items[each].customer_id or 0], result)
        for each in remote_ids
        if (result := decide_undo(standings.facts_of(each))).outcome is ItemOutcome.KEPT
    ]
    users = {result.work.user_id for _, result in kept if result.work}
    names = _user_names(session, {each for each in users if each is not None})
    return tuple(
        KeptRow(
            name=customer.name,
            customer_public_id=customer.public_id,
            code=result.reason.code,
            reason=result.words,
            by_name=names.get(result.work.user_id or 0, "") if result.work else "",
            at=result.work.at if result.work else None,
        )
        for customer, result in kept
    )


def _user_names(session: Session, user_ids: Collection[int]) -> Mapping[int, str]:
    rows = session.execute(select(User.id, User.name).where(User.id.in_(user_ids)))
    return {user_id: name for user_id, name in rows}
