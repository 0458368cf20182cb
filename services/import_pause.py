"""A run that cannot go on now: it says why it waits, and goes on by itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import ImportRun, ImportState, PauseReason, ReadingFailure, RemoteAccount
from services.company_lock import lock_company_of_run
from services.database import is_full
from services.ended_work import tell_run
from services.import_end import stop_now
from services.import_lease import ImportLease, LeaseLost, give_up_lease, hold
from services.runtime import Runtime

logger = logging.getLogger(__name__)

#: Whoever could not go on waits before the next try: twice as long each time.
FIRST_WAIT = timedelta(seconds=30)
MAX_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a run cannot go on. `failure` is how the check ended, None where none was made.

    `retry_at` is the moment before which the provider answers nobody.
    """

    reason: PauseReason
    failure: ReadingFailure | None = None
    retry_at: datetime | None = None


def next_try_at(trouble: Trouble, *, pauses: int, now: datetime) -> datetime | None:
    """Return when to try again after so many pauses in a row; pure.

    None without permission: nothing but a person ends that, and then it goes on at once.
    """
    if trouble.reason is PauseReason.PERMISSION:
        return None
    if trouble.retry_at is not None and trouble.retry_at > now:
        return trouble.retry_at
    return now + min(FIRST_WAIT * (1 << min(pauses, 10)), MAX_WAIT)


def pause_run(runtime: Runtime, lease: ImportLease, trouble: Trouble) -> None:
    """Give the run back with the reason, or end it where a person has stopped it. Commits.

    Raises LeaseLost.
    """
    now = runtime.clock()
    with runtime.sessions() as session:
        lock_company_of_run(session, lease.run_id)
        run = hold(session, lease, now=now)
        provider = session.get_one(RemoteAccount, run.account_id).provider
        if run.wants_stop:
            stop_now(session, run, now=now)
        else:
            _pause(run, trouble, now=now)
        session.commit()
    logger.info("run %s cannot go on: %s", lease.run_id, trouble.reason.value)
    tell_run(run, provider=provider, now=now)


def pause_for_disk(runtime: Runtime, lease: ImportLease) -> None:
    """Give the run back because the database has no room. Commits.

    Where even that finds none, the run stays as it is and is found when its lease has ended.
    """
    logger.error("the disk is full: run %s waits until there is room", lease.run_id)
    try:
        pause_run(runtime, lease, Trouble(PauseReason.DISK))
    except LeaseLost:
        logger.info("run %s was stopped or taken over meanwhile", lease.run_id)
    except DBAPIError as error:
        if not is_full(error):
            raise


def hurry_paused(session: Session, account_id: int, *, now: datetime) -> None:
    """Let the account's paused run try again now, in the caller's transaction.

    Before the moment that the provider has named, nobody is asked all the same.
    """
    session.execute(
        update(ImportRun)
        .where(ImportRun.account_id == account_id, ImportRun.state == ImportState.PAUSED)
        .values(paused_until_at=now)
        .execution_options(synchronize_session=False)
    )


def _pause(run: ImportRun, trouble: Trouble, *, now: datetime) -> None:
    give_up_lease(run, state=ImportState.PAUSED)
    run.pause_reason, run.pause_failure = trouble.reason, trouble.failure
    run.paused_until_at = next_try_at(trouble, pauses=run.pause_count, now=now)
    run.pause_count += 1
