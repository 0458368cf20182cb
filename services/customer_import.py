"""Imports: queued, checked, carried out batch by batch, each customer exactly once."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import cast

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from models import ImportItem, ImportRun, ImportState, ItemOutcome, RemoteAccount, RunKind
from services.company_lock import lock_company_of_run
from services.database import is_full, is_passing, only_reading, retry_while_busy
from services.ended_work import tell_run
from services.import_batch import NOT_READY, fail_item, write_batch
from services.import_check import NoLongerWanted, check_books, is_old_for_begun
from services.import_end import finish_run, stop_now
from services.import_items import ImportChoice, write_items
from services.import_lease import (
    ImportLease,
    LeaseLost,
    beating,
    claim,
    hold,
    is_still_wanted,
    release,
)
from services.import_pause import pause_for_disk, pause_run
from services.import_queue import (
    ACTIVE,
    IMPORT_JOB,
    due_imports,
    find_active,
    is_due,
    lock_account,
    next_due,
)
from services.import_rows import PendingItem
from services.import_statements import PENDING
from services.import_texts import SearchTexts, read_texts
from services.lease_beat import BUSY_MAX_S
from services.log_context import note_ids, telling
from services.match_job import ensure_matched
from services.runtime import ProcessEnds, Runtime, Wake
from services.undo_batch import write_undo_batch

__all__ = ["ACTIVE", "IMPORT_JOB", "due_imports", "find_active"]

logger = logging.getLogger(__name__)

#: Of a list of 10,000, 200 keep SQLite's lock for more than 25 ms (benchmarks/importing.py).
BATCH_ROWS = 150


class NothingChosen(Exception):
    """The import names no customer of this account."""


def start_import(
    session: Session,
    account_id: int,
    *,
    choice: ImportChoice,
    creates_maybes: bool = False,
    requested_by_id: int | None,
    continues_id: int | None = None,
    wake: Wake,
    now: datetime,
) -> ImportRun:
    """Queue a run with one pending item for each who is chosen, and wake the job. Commits.

    `requested_by_id` is the user, None for a command; `continues_id` the run whose items these
    were. It begins when the earlier runs of the account have ended. Raises NothingChosen and
    RowsChanged with nothing written.
    """
    account = lock_account(session, account_id)
    run = ImportRun(
        company_id=account.company_id,
        account_id=account_id,
        requested_by_id=requested_by_id,
        continues_id=continues_id,
        state=ImportState.QUEUED,
        created_at=now,
        chosen_count=0,
        creates_maybes=creates_maybes,
    )
    session.add(run)
    session.flush()
    run.chosen_count = write_items(session, run, choice)
    if not run.chosen_count:
        session.rollback()
        raise NothingChosen
    session.commit()
    wake(IMPORT_JOB, run.id)
    return run


def run_import(runtime: Runtime, run_id: int, *, is_prepared: bool = False) -> None:
    """Carry out a run, an undo as well, as far as it comes. Commits batch by batch.

    Before an import's first batch the accounting software is checked, which may call the network,
    and everybody is compared, so that nobody is created who is here; `is_prepared` says that the
    caller has seen to both. The run ends, is paused, or is given back where this process ends.
    Returns at once if its turn has not come or another process holds it. If the database cannot
    be written, the run stays as it is and is found again when its lease has ended.
    """
    if runtime.stopping.is_set():
        return
    lease = claim(runtime, run_id, is_due=is_due(runtime.clock()))
    if lease is None:
        return
    try:
        with telling(run_id=run_id), beating(runtime, lease):
            _carry_out(runtime, lease, is_prepared=is_prepared)
    except LeaseLost:
        logger.info("run %s was stopped or taken over by another process", run_id)
    except ProcessEnds:
        with suppress(LeaseLost):
            release(runtime, lease)
    except DBAPIError as error:
        if not is_full(error):
            raise
        pause_for_disk(runtime, lease)
    _wake_next(runtime, run_id)


def process_batch(
    session: Session,
    run_id: int,
    *,
    owner: str,
    now: datetime,
    size: int = BATCH_ROWS,
    texts: SearchTexts = NOT_READY,
) -> bool:
    """Give the next pending items their outcome; return whether any were left. Commits.

    Customers, links, items, remote customers, counters and lease change in one transaction, so a
    process killed in the middle leaves nothing behind, and the next batch begins where the last
    whole one ended. A run that a person has stopped ends here. Raises LeaseLost.
    """
    lock_company_of_run(session, run_id)
    run = hold(session, ImportLease(run_id, owner), now=now)
    account = session.get_one(RemoteAccount, run.account_id)
    items = [] if run.wants_stop else _pending(session, run_id, size)
    if items:
        if run.began_at is None:
            run.began_at, run.attempts = now, 1
        _count(run, _write(session, account, run, items, texts=texts, now=now))
    elif run.wants_stop:
        stop_now(session, run, now=now)
    else:
        finish_run(session, run, now=now)
    session.commit()
    tell_run(run, provider=account.provider, now=now)
    return bool(items)


def _carry_out(runtime: Runtime, lease: ImportLease, *, is_prepared: bool) -> None:
    with only_reading(), runtime.sessions() as session:
        run = session.get_one(ImportRun, lease.run_id)
        provider = session.get_one(RemoteAccount, run.account_id).provider
    note_ids(company_id=run.company_id, account_id=run.account_id, provider=provider)
    if run.kind is RunKind.IMPORT and not (is_prepared or _prepare(runtime, lease, run)):
        return
    while _next_batch(runtime, lease, BATCH_ROWS):
        runtime.wait(0)


def _prepare(runtime: Runtime, lease: ImportLease, run: ImportRun) -> bool:
    """Check the books before the first batch, and compare; say whether the run may go on.

    A run that was begun goes on at once unless its list has become old: each of its batches holds
    the rows against what was told, and whom it has created is not worth comparing first.
    """
    is_begun = run.began_at is not None
    if run.wants_stop or (is_begun and not is_old_for_begun(runtime, run.account_id)):
        return True
    is_wanted = partial(is_still_wanted, runtime, lease)
    try:
        checked = check_books(
            runtime, run.account_id, is_repeated=run.pause_count > 0, is_wanted=is_wanted
        )
    except NoLongerWanted:
        return True  # whoever stopped it is met before the first batch
    _note_calls(runtime, lease, checked.calls)
    if checked.trouble is not None:
        pause_run(runtime, lease, checked.trouble)
        return False
    if not is_begun:
        ensure_matched(runtime, run.account_id, sleep=runtime.wait)
    return True


def _note_calls(runtime: Runtime, lease: ImportLease, calls: int) -> None:
    with runtime.sessions() as session:
        hold(session, lease, now=runtime.clock()).call_count += calls
        session.commit()


def _next_batch(runtime: Runtime, lease: ImportLease, size: int) -> bool:
    """Process one batch; if it breaks, its items one by one, so that one costs no others."""
    try:
        return _write_in_turn(runtime, lease, size)
    except (LeaseLost, OperationalError, ProcessEnds):
        raise
    except Exception as error:  # the edge of a batch: what a single row does must not stop the run
        if is_passing(error):
            raise
        logger.exception("a batch of a run broke", extra={"size": size})
    if size == 1:
        _fail_next(runtime, lease)
        return True
    return all(_next_batch(runtime, lease, 1) for _ in range(size))


def _write_in_turn(runtime: Runtime, lease: ImportLease, size: int) -> bool:
    """Process one batch, again while others keep the database from writing it."""

    def write() -> bool:
        # What takes time and needs no lock is done before the others have to wait.
        with only_reading(), runtime.sessions() as session:
            texts = read_texts(session, lease.run_id, size)
        with runtime.sessions() as session:
            return process_batch(
                session,
                lease.run_id,
                owner=lease.owner,
                now=runtime.clock(),
                size=size,
                texts=texts,
            )

    until = time.monotonic() + BUSY_MAX_S
    # Nobody knows whether a batch was committed before the line broke; the rows do.
    return retry_while_busy(write, until=until, sleep=runtime.wait)


def _fail_next(runtime: Runtime, lease: ImportLease) -> None:
    with runtime.sessions() as session:
        now = runtime.clock()
        lock_company_of_run(session, lease.run_id)
        run = hold(session, lease, now=now)
        fail_item(session, run, _pending(session, lease.run_id, 1)[0], now=now)
        session.commit()


def _pending(session: Session, run_id: int, size: int) -> Sequence[PendingItem]:
    rows = session.connection().execute(PENDING, {"run": run_id, "size": size})
    return cast("Sequence[PendingItem]", rows.all())


def _write(
    session: Session,
    account: RemoteAccount,
    run: ImportRun,
    items: Sequence[PendingItem],
    *,
    texts: SearchTexts,
    now: datetime,
) -> Counter[ItemOutcome]:
    if run.kind is RunKind.IMPORT:
        return write_batch(session, account, run, items, texts=texts, now=now)
    return write_undo_batch(session, account, run, cast("Sequence[ImportItem]", items), now=now)


def _count(run: ImportRun, outcomes: Counter[ItemOutcome]) -> None:
    for outcome, count in outcomes.items():
        column = f"{outcome.value}_count"
        setattr(run, column, getattr(run, column) + count)


def _wake_next(runtime: Runtime, run_id: int) -> None:
    """Wake the account's next run, if its turn has come now."""
    with only_reading(), runtime.sessions() as session:
        account_id = session.get_one(ImportRun, run_id).account_id
        next_id = next_due(session, account_id, now=runtime.clock())
    if next_id is not None:
        runtime.wake(IMPORT_JOB, next_id)
