"""Keeps matching true: whenever a customer changed on either side, suggestions follow.

The rows say what is to be done (`kept_revision` differs from `revision`), so nothing is lost with
a wake-up or a process. A failed matching is tried again later, and later each time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import ColumnElement, exists, literal_column, or_, select
from sqlalchemy.orm import Session

from models import (
    Company,
    Connection,
    ConnectionState,
    ImportRun,
    ImportState,
    RemoteAccount,
    RemoteCustomer,
    RunKind,
)
from services.database import is_passing, only_reading, word_for
from services.import_queue import IS_ACTIVE
from services.kept_parties import OURS, THEIRS, Side, is_unkept
from services.log_context import note_ids, telling
from services.match_changes import MatchChanges
from services.match_lease import (
    LeaseLost,
    MatchLease,
    beating,
    claim,
    give_back,
    give_up,
)
from services.match_process import ChildDied, match_whole
from services.match_region import region_of_zone
from services.match_state import Work, due_work, find_place, is_made_as_now
from services.runtime import Runtime

MATCH_JOB = "match_customers"
#: Whole matchings in one run; what is still to be done then waits for the next sweep.
MAX_WHOLE = 3
ASK_AGAIN_S = 0.2
#: How long an import waits for somebody else's matching before it goes on without.
MAX_WAIT_S = 3600.0
#: As the partial index of the running runs has it; without it each account costs all runs.
_IS_RUNNING: ColumnElement[bool] = literal_column("import_run.state = 'running'")

logger = logging.getLogger(__name__)


def match_account(runtime: Runtime, account_id: int) -> None:
    """Match until nobody of the account and its company waits to be compared. Commits.

    Returns at once if another process matches the company, or if a failure was just now. Raises
    nothing but what the database raises. Large lists are matched in a child process.
    """
    if not _has_work(runtime, account_id):
        return
    lease = claim(runtime, account_id)
    if lease is not None:
        _work(runtime, account_id, lease)


def ensure_matched(
    runtime: Runtime,
    account_id: int,
    *,
    sleep: Callable[[float], object] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Do the same, and wait for whoever matches already. Commits.

    May take minutes: who calls this holds no lease meanwhile that would end. If matching fails,
    rows stay as they are: who is not compared waits in its bin.
    """
    until = monotonic() + MAX_WAIT_S
    while _has_work(runtime, account_id) and monotonic() < until:
        lease = claim(runtime, account_id, even_waiting=True)
        if lease is not None:
            _work(runtime, account_id, lease)
            return
        sleep(ASK_AGAIN_S)


def due_matches(session: Session, *, now: datetime) -> list[int]:
    """Return the accounts that have somebody to compare and nobody who does it.

    Only those with a connection that stands, and not while an import of theirs runs, which
    matches by itself, or an undo of their company, each batch of which ends it again. One
    statement over the connections and the partial indexes of unkept rows.
    """
    is_any_unkept = or_(
        _exists_unkept(THEIRS.source.c.account_id == RemoteAccount.id, THEIRS),
        _exists_unkept(OURS.source.c.company_id == RemoteAccount.company_id, OURS),
    )
    rows = session.execute(
        select(
            RemoteAccount.id,
            RemoteAccount.cleaning_version,
            RemoteAccount.match_region,
            RemoteAccount.matched_at,
            Company.zone,
            is_any_unkept.label("is_unkept"),
        )
        .join(Connection, Connection.account_id == RemoteAccount.id)
        .join(Company, Company.id == RemoteAccount.company_id)
        .where(
            Connection.state != ConnectionState.DISCONNECTED,
            or_(
                RemoteAccount.match_lease_until_at.is_(None),
                RemoteAccount.match_lease_until_at < now,
            ),
            exists().where(RemoteCustomer.account_id == RemoteAccount.id),
            ~or_(_is_importing(), _is_undoing()),
        )
        .order_by(RemoteAccount.id)
    )
    return [
        row.id
        for row in rows
        if row.is_unkept
        or row.matched_at is None
        or not is_made_as_now(row.cleaning_version, row.match_region, region_of_zone(row.zone))
    ]


def _exists_unkept(whose: ColumnElement[bool], side: Side) -> ColumnElement[bool]:
    return exists().where(whose, is_unkept(side))


def _is_importing() -> ColumnElement[bool]:
    """Say whether a run takes from the list; behind one that is paused, the others wait."""
    run = exists().where(ImportRun.account_id == RemoteAccount.id, IS_ACTIVE)
    is_any_paused = run.where(ImportRun.state == ImportState.PAUSED)
    is_any_queued = run.where(ImportRun.state == ImportState.QUEUED)
    # An undo passes a paused import.
    is_any_running = run.where(ImportRun.state == ImportState.RUNNING)
    return is_any_running | (is_any_queued & ~is_any_paused)


def _is_undoing() -> ColumnElement[bool]:
    return exists().where(
        ImportRun.company_id == RemoteAccount.company_id,
        ImportRun.kind == RunKind.UNDO,
        _IS_RUNNING,
    )


def _has_work(runtime: Runtime, account_id: int) -> bool:
    with only_reading(), runtime.sessions() as session:
        place = find_place(session, account_id)
        return place is not None and due_work(session, place) is not Work.NOTHING


def _work(runtime: Runtime, account_id: int, lease: MatchLease) -> None:
    try:
        with telling(account_id=account_id), beating(runtime, lease):
            _match_all(runtime, account_id, lease)
        give_back(runtime, lease)
    except LeaseLost:
        logger.info("the matching of account %s was taken over", account_id)
    # The edge of a job: a row must not be tried in a tight loop, nor its names be logged.
    except Exception as error:  # noqa: BLE001
        with suppress(LeaseLost):
            wait = give_up(runtime, lease)
            _tell(error, account_id, wait.total_seconds())


def _match_all(runtime: Runtime, account_id: int, lease: MatchLease) -> None:
    whole_count = 0
    while whole_count < MAX_WHOLE:
        with only_reading(), runtime.sessions() as session:
            place = find_place(session, account_id)
            work = Work.NOTHING if place is None else due_work(session, place)
        if place is None or work is Work.NOTHING:
            return
        note_ids(company_id=place.company_id)
        if work is Work.WHOLE:
            whole_count += 1
            match_whole(runtime, lease, place)
        else:
            MatchChanges(runtime.sessions, lease, place, runtime.frequencies).step()


def _tell(error: Exception, account_id: int, wait_s: float) -> None:
    """Log without the error's words where these may hold customers' data."""
    kind = type(error).__name__
    if is_passing(error):
        logger.warning(
            "the matching of account %s met a database that is %s", account_id, word_for(error)
        )
        return
    reason = f"{kind}: {error}" if isinstance(error, ChildDied) else kind
    logger.error(
        "the matching of account %s failed (%s); again in %.0f s", account_id, reason, wait_s
    )
