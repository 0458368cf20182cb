"""Who may carry out a run: one process at a time, and a late one changes nothing."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.orm import Session

from models import Customer, ImportRun, ImportState
from services import import_lease
from services.customer_import import due_imports, process_batch, run_import
from services.import_lease import LEASE, LeaseLost, beating, claim, hold, release
from services.import_queue import is_due
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services.importing import Importing
from tests.services.support import one


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def test_one_of_two_gets_the_run(importing: Importing, clock: Clock) -> None:
    run = importing.start(importing.there())

    importing.claim(run)

    assert claim(importing.runtime, run.id, is_due=is_due(clock())) is None


def test_a_process_that_slept_longer_than_its_lease_writes_nothing(
    importing: Importing, clock: Clock, session: Session
) -> None:
    run = importing.start(importing.there())
    asleep = importing.claim(run)
    clock.advance(seconds=45)
    importing.run(run)

    with pytest.raises(LeaseLost):
        process_batch(session, run.id, owner=asleep.owner, now=clock())
    with pytest.raises(LeaseLost):
        release(importing.runtime, asleep)

    assert importing.count(Customer) == 1
    assert session.get_one(ImportRun, run.id).state is ImportState.FINISHED


def test_a_run_that_was_given_back_may_be_taken_at_once(importing: Importing, clock: Clock) -> None:
    run = importing.start(importing.there())

    release(importing.runtime, importing.claim(run))

    assert due_imports(importing.session, now=clock()) == [run.id]
    assert importing.run(run).state is ImportState.FINISHED


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_steps_an_hour_delays_nobody(
    importing: Importing, clock: Clock, hours: int
) -> None:
    """The process died; whoever looks after the step must not wait for an hour."""
    run = importing.start(importing.there())
    importing.claim(run)

    clock.advance(hours=hours)

    assert due_imports(importing.session, now=clock()) == [run.id]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_steps_under_a_running_import_doubles_nothing(
    importing: Importing, clock: Clock, session: Session, hours: int
) -> None:
    run = importing.start(*(importing.there() for _ in range(3)))
    lease = importing.claim(run)
    process_batch(session, run.id, owner=lease.owner, now=clock(), size=1)
    clock.advance(hours=hours)

    process_batch(session, run.id, owner=lease.owner, now=clock(), size=1)

    assert due_imports(session, now=clock()) == [], "the next write has put the lease right"
    # Somebody has read the list since, so that going on asks the books nothing.
    importing.reading.finished_at = clock()
    session.commit()
    clock.advance(seconds=31)
    assert importing.run(run).created_count == 3
    assert importing.count(Customer) == 3


def test_a_beat_keeps_the_lease_while_nothing_is_written(
    importing: Importing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_lease, "HEARTBEAT_S", 0.001)
    run = importing.start(importing.there())
    lease = importing.claim(run)
    pause = threading.Event()

    def lease_end() -> object:
        return one(importing.runtime.sessions, ImportRun, run.id).lease_until_at

    with beating(importing.runtime, lease):
        clock.advance(seconds=20)
        is_kept = any(lease_end() == clock() + LEASE or pause.wait(0.002) for _ in range(5_000))

    assert is_kept


def test_a_process_that_shall_end_takes_nothing_up(importing: Importing, clock: Clock) -> None:
    run = importing.start(importing.there())
    importing.runtime.stopping.set()

    run_import(importing.runtime, run.id)

    assert due_imports(importing.session, now=clock()) == [run.id]


def test_holding_prolongs_the_lease(importing: Importing, clock: Clock, session: Session) -> None:
    lease = importing.claim(importing.start(importing.there()))
    clock.advance(seconds=20)

    run = hold(session, lease, now=clock())

    assert run.lease_until_at == clock() + LEASE
