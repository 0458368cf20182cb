"""The check before an import: once, like an opened alert, with the run held all the while."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import update

from models import (
    ImportRun,
    ImportState,
    Reading,
    ReadingFailure,
    ReadingState,
)
from services import customer_import, import_lease
from services.customer_import import due_imports, run_import
from services.providers.contract import (
    ReconnectRequired,
)
from services.reading_queue import end_abandoned
from services.runtime import Runtime
from tests.conftest import Clock
from tests.fakes import FakeAccountingClient
from tests.services.importing import queue_stale_import
from tests.services.support import Place, ask, last_reading, one, read


@pytest.fixture
def run_id(runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock) -> int:
    return queue_stale_import(runtime, harbor, books, clock)


def _run(runtime: Runtime, run_id: int) -> ImportRun:
    """Carry the run out as far as it comes."""
    run_import(runtime, run_id)
    run: ImportRun = one(runtime.sessions, ImportRun, run_id)
    return run


def _due(runtime: Runtime) -> list[int]:
    with runtime.sessions() as session:
        return due_imports(session, now=runtime.clock())


def test_before_its_first_batch_an_import_reads_what_changed(
    runtime: Runtime, books: FakeAccountingClient, run_id: int
) -> None:
    run = _run(runtime, run_id)

    assert (run.state, run.created_count) == (ImportState.FINISHED, 3)
    assert run.call_count == last_reading(runtime.sessions).call_count > 0
    assert len(books.asked_since) == 2
    assert books.asked_since[-1] is not None, "not everybody, only what changed"


def test_a_list_younger_than_a_minute_is_not_read_again(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, run_id: int
) -> None:
    read(runtime, harbor)
    calls = books.call_count

    run = _run(runtime, run_id)

    assert (run.state, run.call_count) == (ImportState.FINISHED, 0)
    assert books.call_count == calls


def test_a_permission_that_ends_between_batches_stops_no_batch(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    run_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is written was read before; an import asks nobody once it has begun."""
    monkeypatch.setattr(customer_import, "BATCH_ROWS", 1)
    whole = customer_import.write_batch

    def end_permission(*arguments: Any, **rest: Any) -> object:
        books.error = ReconnectRequired("revoked")
        return whole(*arguments, **rest)

    monkeypatch.setattr(customer_import, "write_batch", end_permission)

    assert _run(runtime, run_id).created_count == 3


def test_a_check_waits_for_the_reading_of_another_process(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, run_id: int
) -> None:
    reading_id = ask(runtime, harbor)
    with runtime.sessions() as session:
        session.get_one(Reading, reading_id).lease_owner = "another process"
        session.commit()
    runtime.stopping.wait = _end_reading(runtime, reading_id)  # type: ignore[method-assign]
    calls = books.call_count

    run = _run(runtime, run_id)

    assert run.state is ImportState.FINISHED
    assert books.call_count == calls


def test_a_check_does_not_wait_for_a_reading_whose_process_died(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, run_id: int
) -> None:
    reading_id = ask(runtime, harbor)
    with runtime.sessions() as session:
        session.get_one(Reading, reading_id).lease_owner = "killed"
        session.commit()
    clock.advance(seconds=31)

    assert _run(runtime, run_id).state is ImportState.FINISHED

    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.FAILED


def test_a_check_begins_anew_what_the_tick_has_ended_of_a_killed_process(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, run_id: int
) -> None:
    """Found by make crash: the run was paused, and half a minute later than it should be done."""
    ask(runtime, harbor)
    clock.advance(seconds=31)
    with runtime.sessions() as session:
        session.execute(update(Reading).values(lease_owner="killed"))
        assert end_abandoned(session, now=clock()) == 1

    assert _run(runtime, run_id).state is ImportState.FINISHED


def test_a_check_does_not_wait_for_a_lease_of_the_future(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, run_id: int
) -> None:
    """The clock was put back by an hour under the reading of a process that died."""
    reading_id = ask(runtime, harbor)
    with runtime.sessions() as session:
        session.get_one(Reading, reading_id).lease_owner = "killed"
        session.commit()
    clock.advance(hours=-1)

    run = _run(runtime, run_id)

    assert (run.state, run.pause_failure) == (ImportState.PAUSED, ReadingFailure.INTERRUPTED)


def _end_reading(runtime: Runtime, reading_id: int) -> object:
    def wait(_wait_s: float | None = None) -> bool:
        with runtime.sessions() as session:
            reading = session.get_one(Reading, reading_id)
            reading.state, reading.finished_at = ReadingState.FINISHED, runtime.clock()
            session.commit()
        return False

    return wait


def test_a_slow_check_keeps_the_run(
    runtime: Runtime,
    books: FakeAccountingClient,
    clock: Clock,
    run_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_lease, "HEARTBEAT_S", 0.001)
    seen: list[bool] = []
    pause = threading.Event()

    def is_held() -> bool:
        run = one(runtime.sessions, ImportRun, run_id)
        return run.lease_until_at == clock() + import_lease.LEASE

    def take_long() -> None:
        clock.advance(seconds=20)
        seen.append(any(is_held() or pause.wait(0.002) for _ in range(5_000)))
        seen.append(_due(runtime) == [])

    books.meanwhile = take_long

    assert _run(runtime, run_id).state is ImportState.FINISHED
    assert seen
    assert all(seen)


def test_a_process_that_ends_gives_the_run_back_after_its_batch(
    runtime: Runtime, books: FakeAccountingClient, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_import, "BATCH_ROWS", 1)
    whole = customer_import.write_batch

    def end_process(*arguments: Any, **rest: Any) -> object:
        runtime.stopping.set()
        return whole(*arguments, **rest)

    monkeypatch.setattr(customer_import, "write_batch", end_process)

    run = _run(runtime, run_id)

    assert (run.state, run.lease_owner, run.created_count) == (ImportState.QUEUED, None, 1)
    runtime.stopping.clear()
    monkeypatch.setattr(customer_import, "write_batch", whole)
    assert _run(runtime, run_id).created_count == 3
