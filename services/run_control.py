"""What a person does with a run that is there: stop it, hurry it, or have its rest done by another.

Whoever calls these has seen to it that the person may.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from models import ImportItem, ImportRun, ImportState, ItemOutcome, RemoteAccount, RunKind
from services.company_lock import lock_company
from services.customer_import import ACTIVE, IMPORT_JOB, NothingChosen, start_import
from services.ended_work import tell_run
from services.import_end import STOPPED, stop_now
from services.import_items import ContinuedItems
from services.import_lease import has_lease_ended
from services.import_pause import hurry_paused
from services.import_queue import lock_account, next_due
from services.import_views import UnknownImport
from services.runtime import Wake
from services.sign_ins import SignedIn

#: A run of a few hundred ends before the second click of a double click has arrived.
REPEATED_WITHIN = timedelta(minutes=1)


class RunEnded(Exception):
    """The run has ended, so it can neither be stopped nor hurried."""


class NothingToContinue(Exception):
    """No item of the run was stopped before its turn; of an undo, ask for the undo again."""


class NothingFailed(Exception):
    """None of the items that are meant has failed."""


def stop_run(session: Session, who: SignedIn, public_id: str, *, wake: Wake, now: datetime) -> None:
    """Stop a run: at once where nobody is at a customer of it, else before the next batch. Commits.

    What waited for it is woken. Raises UnknownImport and RunEnded.
    """
    lock_company(session, who.company_id)
    run = _find_active_run(session, who, public_id)
    run.stopped_by_id = run.stopped_by_id or who.user_id
    run.wants_stop = True
    if not _is_at_work(run, now=now):
        stop_now(session, run, now=now)
    following_id = next_due(session, run.account_id, now=now)
    provider = session.get_one(RemoteAccount, run.account_id).provider
    session.commit()
    tell_run(run, provider=provider, now=now)
    if following_id is not None:
        wake(IMPORT_JOB, following_id)


def try_now(session: Session, who: SignedIn, public_id: str, *, wake: Wake, now: datetime) -> None:
    """Let a paused run try again now. Commits. Raises UnknownImport and RunEnded.

    Before the moment that the provider has named, nobody is asked all the same.
    """
    run = _find_active_run(session, who, public_id)
    hurry_paused(session, run.account_id, now=now)
    session.commit()
    wake(IMPORT_JOB, run.id)


def continue_run(
    session: Session, who: SignedIn, public_id: str, *, wake: Wake, now: datetime
) -> str:
    """Start an import of those whom a stopped one left; return its public id. Commits.

    A second click is given the run of the first. Raises UnknownImport and NothingToContinue.
    """
    run = _find_run(session, who, public_id)
    if run.kind is RunKind.UNDO:
        raise NothingToContinue
    choice = ContinuedItems(run.id, reason_codes=(STOPPED,))
    try:
        return _start_again(session, who, run, choice, wake=wake, now=now)
    except NothingChosen as error:
        raise NothingToContinue from error


def retry_failed(
    session: Session,
    who: SignedIn,
    public_id: str,
    *,
    remote_ids: tuple[str, ...] | None,
    wake: Wake,
    now: datetime,
) -> str:
    """Start an import of those who failed, of all with None; return its public id. Commits.

    A second click is given the run of the first. Raises UnknownImport and NothingFailed.
    """
    run = _find_run(session, who, public_id)
    if run.kind is RunKind.UNDO:
        raise NothingFailed
    choice = ContinuedItems(run.id, outcome=ItemOutcome.FAILED, remote_ids=remote_ids)
    try:
        return _start_again(session, who, run, choice, wake=wake, now=now)
    except NothingChosen as error:
        raise NothingFailed from error


def _start_again(
    session: Session,
    who: SignedIn,
    run: ImportRun,
    choice: ContinuedItems,
    *,
    wake: Wake,
    now: datetime,
) -> str:
    lock_account(session, run.account_id)
    repeated = _find_repeated(session, run, choice, now=now)
    if repeated is not None:
        session.rollback()
        return repeated
    again = start_import(
        session,
        run.account_id,
        choice=choice,
        creates_maybes=run.creates_maybes,
        requested_by_id=who.user_id,
        continues_id=run.id,
        wake=wake,
        now=now,
    )
    return again.public_id


def _find_repeated(
    session: Session, run: ImportRun, choice: ContinuedItems, *, now: datetime
) -> str | None:
    """Return a run that does just this, or has done it a moment ago."""
    again, theirs = aliased(ImportRun), aliased(ImportItem)
    of_the_same = (theirs.run_id == again.id, theirs.remote_id == ImportItem.remote_id)
    is_taken = exists().where(*of_the_same).correlate(again, ImportItem)
    is_any_left = exists().where(*choice.left(), ~is_taken).correlate(again)
    return session.scalar(
        select(again.public_id)
        .where(
            again.continues_id == run.id,
            or_(again.state.in_(ACTIVE), again.finished_at > now - REPEATED_WITHIN),
            again.wants_stop.is_(False),
            exists().where(*choice.conditions(), is_taken).correlate(again),
            ~is_any_left,
        )
        .order_by(again.id.desc())
        .limit(1)
    )


def _is_at_work(run: ImportRun, *, now: datetime) -> bool:
    """Say whether some process may be at a customer of the run at this moment."""
    is_held = run.state is ImportState.RUNNING and not has_lease_ended(run.lease_until_at, now=now)
    return is_held and run.began_at is not None


def _find_run(session: Session, who: SignedIn, public_id: str) -> ImportRun:
    run = session.scalar(
        select(ImportRun)
        .where(ImportRun.company_id == who.company_id, ImportRun.public_id == public_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if run is None:
        raise UnknownImport
    return run


def _find_active_run(session: Session, who: SignedIn, public_id: str) -> ImportRun:
    run = _find_run(session, who, public_id)
    if run.state not in ACTIVE:
        raise RunEnded
    return run
