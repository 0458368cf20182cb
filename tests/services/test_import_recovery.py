"""An import that is killed, taken over or broken goes on where the last whole batch ended."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models import Customer, ImportState, RemoteCustomer, RemoteState, WhyUnsynced
from services import customer_import, import_batch
from services.customer_import import due_imports, process_batch, run_import
from services.import_lease import LeaseLost
from services.import_outcomes import OutcomeReason
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services.importing import Importing


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def test_a_run_left_by_a_killed_process_goes_on_after_its_lease(
    importing: Importing, clock: Clock
) -> None:
    run = importing.start(*(importing.there() for _ in range(3)))
    process_batch(importing.session, run.id, owner=importing.claim(run).owner, now=clock(), size=1)
    clock.advance(seconds=31)
    due = due_imports(importing.session, now=clock())

    run = importing.run(run)

    assert due == [run.id]
    assert run.created_count == 3
    assert importing.count(Customer) == 3


def test_a_worker_that_comes_back_too_late_saves_nothing(
    importing: Importing, clock: Clock
) -> None:
    run = importing.start(importing.there())
    paused = importing.claim(run).owner
    clock.advance(seconds=31)
    importing.claim(run)

    with pytest.raises(LeaseLost):
        process_batch(importing.session, run.id, owner=paused, now=clock())

    assert importing.count(Customer) == 0


def test_a_run_that_is_held_is_not_claimed_twice(importing: Importing) -> None:
    run = importing.start(importing.there())
    importing.claim(run)

    run = importing.run(run)

    assert run.created_count == 0


def test_one_broken_row_costs_no_others(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    remotes = [importing.there(name=f"C{number}") for number in range(5)]
    whole = import_batch._new_customer

    def breaking(account: object, remote: RemoteCustomer, **rest: object) -> object:
        if remote.name == "C3":
            raise ValueError("cannot be written")
        return whole(account, remote, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(import_batch, "_new_customer", breaking)
    run = importing.run(importing.start(*remotes))

    assert (run.created_count, run.failed_count, run.state) == (4, 1, ImportState.FINISHED)
    assert importing.item(run, remotes[3]).reason == OutcomeReason.BROKEN
    assert remotes[3].state is RemoteState.UNSYNCED
    assert (remotes[3].why, remotes[3].why_text) == (WhyUnsynced.FAILED, OutcomeReason.BROKEN)
    assert remotes[3].why_at is not None


@pytest.mark.parametrize("why", [WhyUnsynced.REMOVED_HERE, WhyUnsynced.LET_GO])
def test_a_row_that_breaks_still_says_that_somebody_took_it_out(
    importing: Importing, clock: Clock, why: WhyUnsynced
) -> None:
    taken_out = importing.there(why=why, why_text="by hand", why_at=clock())
    run = importing.start(taken_out)

    import_batch.fail_item(importing.session, run, importing.item(run, taken_out), now=clock())
    importing.session.commit()

    assert importing.item(run, taken_out).reason == OutcomeReason.BROKEN
    assert (taken_out.why, taken_out.why_text) == (why, "by hand")


def test_a_database_that_cannot_be_written_leaves_the_run_to_the_sweep(
    importing: Importing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_rest: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk I/O error"))

    run = importing.start(importing.there())
    monkeypatch.setattr(customer_import, "write_batch", broken)

    with pytest.raises(OperationalError):
        run_import(importing.runtime, run.id)

    assert due_imports(importing.session, now=clock() + timedelta(seconds=31)) == [run.id]


def test_a_batch_that_meets_a_busy_database_is_written_in_its_turn(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [_busy(), _busy()]
    whole = customer_import.write_batch

    def meet_others(*arguments: Any, **rest: Any) -> object:
        if refusals:
            raise refusals.pop()
        return whole(*arguments, **rest)

    monkeypatch.setattr(customer_import, "write_batch", meet_others)
    importing.runtime.stopping.wait = lambda _wait_s=None: False  # type: ignore[method-assign]

    run = importing.run(importing.start(importing.there()))

    assert (run.state, run.created_count) == (ImportState.FINISHED, 1)


@pytest.mark.parametrize("was_committed", [True, False])
def test_a_batch_whose_answer_was_lost_is_looked_up_in_its_rows(
    importing: Importing, monkeypatch: pytest.MonkeyPatch, was_committed: bool
) -> None:
    whole, is_lost = customer_import.process_batch, [True]

    def lose_answer(session: Session, *arguments: Any, **rest: Any) -> bool:
        if not is_lost:
            return whole(session, *arguments, **rest)
        is_lost.clear()
        if was_committed:
            whole(session, *arguments, **rest)
        raise OperationalError("COMMIT", {}, Exception("gone"), connection_invalidated=True)

    monkeypatch.setattr(customer_import, "process_batch", lose_answer)

    run = importing.run(importing.start(*(importing.there() for _ in range(3))))

    assert (run.state, run.created_count) == (ImportState.FINISHED, 3)
    assert importing.count(Customer) == 3


def _busy() -> OperationalError:
    refusal = sqlite3.OperationalError("database is locked")
    refusal.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("INSERT", {}, refusal)
