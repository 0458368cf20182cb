"""An import that is killed, taken over or broken goes on where the last whole batch ended."""

from __future__ import annotations

from datetime import timedelta

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
