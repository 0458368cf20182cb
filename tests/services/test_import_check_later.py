"""A run that was begun checks the books again where much time has passed; a stop ends a check."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from models import (
    Bin,
    ImportRun,
    ImportState,
    Reading,
    ReadingState,
    RemoteCustomer,
)
from services import customer_import
from services.customer_import import run_import
from services.providers.contract import (
    ProviderUnavailable,
    RemoteStatus,
)
from services.run_control import stop_run
from services.runtime import Runtime
from tests.conftest import Clock
from tests.fakes import FakeAccountingClient
from tests.services.importing import queue_stale_import
from tests.services.support import Place, ask, last_reading, one


@pytest.fixture
def run_id(runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock) -> int:
    return queue_stale_import(runtime, harbor, books, clock)


def _run(runtime: Runtime, run_id: int) -> ImportRun:
    """Carry the run out as far as it comes."""
    run_import(runtime, run_id)
    run: ImportRun = one(runtime.sessions, ImportRun, run_id)
    return run


def test_an_import_that_goes_on_after_a_kill_does_so_at_once(
    runtime: Runtime, books: FakeAccountingClient, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = books.call_count
    monkeypatch.setattr(customer_import, "ensure_matched", lambda *_, **__: pytest.fail())
    with runtime.sessions() as session:
        session.get_one(ImportRun, run_id).began_at = runtime.clock()
        session.commit()

    assert _run(runtime, run_id).state is ImportState.FINISHED

    assert books.call_count == calls, "it was checked, and everybody compared, before it began"


def test_an_import_that_goes_on_much_later_reads_what_changed_meanwhile(
    runtime: Runtime,
    books: FakeAccountingClient,
    clock: Clock,
    run_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server was down for days; whoever was archived there meanwhile is not created here."""
    monkeypatch.setattr(customer_import, "ensure_matched", lambda *_, **__: pytest.fail())
    _begin(runtime, run_id)
    clock.advance(days=3)
    gone = {"status": RemoteStatus.ARCHIVED, "remote_updated_at": clock()}
    books.records[1:] = [replace(each, **gone) for each in books.records[1:]]

    run = _run(runtime, run_id)

    assert (run.state, run.created_count, run.failed_count) == (ImportState.FINISHED, 1, 2)
    assert run.call_count == last_reading(runtime.sessions).call_count > 0


def test_an_import_that_goes_on_much_later_waits_for_books_that_do_not_answer(
    runtime: Runtime, books: FakeAccountingClient, clock: Clock, run_id: int
) -> None:
    _begin(runtime, run_id)
    clock.advance(minutes=9)
    books.error = ProviderUnavailable("no answer")

    run = _run(runtime, run_id)

    assert (run.state, run.created_count) == (ImportState.PAUSED, 0)
    books.error = None
    clock.advance(minutes=1)
    assert _run(runtime, run_id).created_count == 3


def _begin(runtime: Runtime, run_id: int) -> None:
    """Let a process have compared everybody and begun the run, and end."""
    compared = {"bin": Bin.NEW, "kept_revision": RemoteCustomer.revision}
    with runtime.sessions() as session:
        session.execute(update(RemoteCustomer).values(compared))
        session.get_one(ImportRun, run_id).began_at = runtime.clock()
        session.commit()


@pytest.mark.parametrize("has_begun", [False, True])
def test_a_check_that_waits_for_another_process_ends_with_the_run(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    run_id: int,
    has_begun: bool,
) -> None:
    """The thread is free at once, however long that reading takes."""
    if has_begun:
        _begin(runtime, run_id)
    clock.advance(days=3)
    reading_id = ask(runtime, harbor)
    with runtime.sessions() as session:
        session.get_one(Reading, reading_id).lease_owner = "another process"
        session.commit()
    looks: list[float | None] = []

    def stop_at_second_look(wait_s: float | None = None) -> bool:
        looks.append(wait_s)
        assert len(looks) < 5, "it was stopped, and nobody waits for the end of the reading"
        if len(looks) == 2:
            _stop(runtime, harbor, run_id)
        return False

    runtime.stopping.wait = stop_at_second_look  # type: ignore[method-assign]

    run = _run(runtime, run_id)

    assert (run.state, run.skipped_count) == (ImportState.STOPPED, 3)
    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.RUNNING


def _stop(runtime: Runtime, place: Place, run_id: int) -> None:
    now = runtime.clock()
    with runtime.sessions() as session:
        public_id = session.get_one(ImportRun, run_id).public_id
        stop_run(session, place.admin, public_id, wake=runtime.wake, now=now)
