"""The check before an import: once, like an opened alert; without it the run waits by itself."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, object_session

from models import (
    ConnectionState,
    Customer,
    ImportRun,
    ImportState,
    PauseReason,
    Reading,
    ReadingFailure,
    ReadingState,
)
from services import customer_import, import_lease, import_pause
from services.customer_import import due_imports, run_import
from services.import_pause import Trouble, hurry_paused, next_try_at
from services.providers.contract import (
    DailyLimitReached,
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
)
from services.runtime import Runtime
from tests.conftest import NOW, Clock
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, ask, count, last_reading, one, queue_import, read, record
from tests.services.token_rows import change_connection

IDS = ["0", "1", "2"]


@pytest.fixture
def run_id(runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock) -> int:
    """An import of three that were read two minutes ago."""
    books.records = [record(number) for number in range(len(IDS))]
    read(runtime, harbor)
    clock.advance(minutes=2)
    return queue_import(runtime, harbor, IDS)


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


def test_an_import_that_went_on_after_a_kill_is_not_checked_twice(
    runtime: Runtime, books: FakeAccountingClient, run_id: int
) -> None:
    calls = books.call_count
    with runtime.sessions() as session:
        session.get_one(ImportRun, run_id).began_at = runtime.clock()
        session.commit()

    assert _run(runtime, run_id).state is ImportState.FINISHED

    assert books.call_count == calls


def test_a_failed_check_pauses_the_run_which_then_goes_on_by_itself(
    runtime: Runtime, books: FakeAccountingClient, clock: Clock, run_id: int
) -> None:
    books.error = ProviderUnavailable("no answer")

    run = _run(runtime, run_id)

    assert run.state is ImportState.PAUSED
    assert (run.pause_reason, run.pause_failure) == (PauseReason.CHECK, ReadingFailure.UNAVAILABLE)
    assert run.paused_until_at == clock() + timedelta(seconds=30)
    assert (run.created_count, run.lease_owner) == (0, None)
    clock.advance(seconds=29)
    assert _due(runtime) == []
    books.error = None
    clock.advance(seconds=1)
    assert _due(runtime) == [run_id]
    run = _run(runtime, run_id)
    assert (run.state, run.created_count) == (ImportState.FINISHED, 3)
    assert (run.pause_reason, run.pause_failure, run.paused_until_at) == (None, None, None)


def test_each_pause_is_twice_as_long_up_to_an_hour() -> None:
    trouble = Trouble(PauseReason.CHECK)

    waits = [next_try_at(trouble, pauses=pauses, now=NOW) for pauses in (0, 1, 2, 7, 99)]

    seconds = [30, 60, 120, 3600, 3600]
    assert waits == [NOW + timedelta(seconds=each) for each in seconds]


def test_two_failed_checks_wait_longer_than_one(
    runtime: Runtime, books: FakeAccountingClient, clock: Clock, run_id: int
) -> None:
    books.error = ProviderUnavailable("no answer")
    _run(runtime, run_id)
    clock.advance(seconds=30)

    run = _run(runtime, run_id)

    assert run.paused_until_at == clock() + timedelta(seconds=60)
    assert count(runtime.sessions, Reading, Reading.state == ReadingState.FAILED) == 2


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (RateLimited("wait", retry_after_s=600), ReadingFailure.RATE_LIMITED),
        (DailyLimitReached("tomorrow", retry_after_s=600), ReadingFailure.DAILY_LIMIT),
    ],
)
def test_nobody_is_asked_before_the_provider_allows_it(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    run_id: int,
    error: RateLimited,
    failure: ReadingFailure,
) -> None:
    books.error = error
    run = _run(runtime, run_id)
    asked = len(books.asked_since)

    with runtime.sessions() as session:
        hurry_paused(session, harbor.account_id, now=clock())
    again = _run(runtime, run_id)

    assert run.pause_failure is again.pause_failure is failure
    assert again.paused_until_at == run.paused_until_at == clock() + timedelta(minutes=10)
    assert len(books.asked_since) == asked, "not even because a person wants it"


def test_a_person_may_have_it_tried_at_once(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, run_id: int
) -> None:
    books.error = ProviderUnavailable("no answer")
    _run(runtime, run_id)
    books.error = None

    with runtime.sessions() as session:
        hurry_paused(session, harbor.account_id, now=clock())

    assert _due(runtime) == [run_id]
    assert _run(runtime, run_id).state is ImportState.FINISHED


def test_an_ended_permission_pauses_the_run_until_somebody_reconnects(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, run_id: int
) -> None:
    books.error = ReconnectRequired("revoked")

    run = _run(runtime, run_id)

    assert (run.state, run.pause_reason) == (ImportState.PAUSED, PauseReason.PERMISSION)
    assert run.pause_failure is ReadingFailure.RECONNECT_REQUIRED
    asked, books.error = len(books.asked_since), None
    clock.advance(days=3)
    assert _due(runtime) == []
    _run(runtime, run_id)
    assert len(books.asked_since) == asked, "nobody is asked meanwhile"
    change_connection(runtime, harbor, state=ConnectionState.CONNECTED, connected_at=clock())
    assert _due(runtime) == [run_id]
    assert _run(runtime, run_id).state is ImportState.FINISHED


@pytest.mark.parametrize(
    "state", [ConnectionState.DISCONNECTED, ConnectionState.RECONNECT_REQUIRED]
)
def test_without_a_connection_nobody_is_asked(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    run_id: int,
    state: ConnectionState,
) -> None:
    change_connection(runtime, harbor, state=state)
    calls = books.call_count

    run = _run(runtime, run_id)

    assert (run.state, run.pause_reason) == (ImportState.PAUSED, PauseReason.PERMISSION)
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


@pytest.mark.sqlite_only
@pytest.mark.parametrize("is_room_for_the_pause", [True, False])
def test_a_full_disk_loses_nothing(
    runtime: Runtime,
    clock: Clock,
    run_id: int,
    monkeypatch: pytest.MonkeyPatch,
    is_room_for_the_pause: bool,
) -> None:
    whole = customer_import.write_batch

    def fill_disk(session: Session, *arguments: Any, **rest: Any) -> object:
        outcomes = whole(session, *arguments, **rest)
        _need_room(session)
        return outcomes

    with monkeypatch.context() as full:
        full.setattr(customer_import, "write_batch", fill_disk)
        if not is_room_for_the_pause:
            full.setattr(import_pause, "_pause", lambda run, *_, **__: _need_room(_of(run)))
        run = _run(runtime, run_id)

    assert run.state is (ImportState.PAUSED if is_room_for_the_pause else ImportState.RUNNING)
    assert run.pause_reason is (PauseReason.DISK if is_room_for_the_pause else None)
    assert count(runtime.sessions, Customer) == 0
    runtime.sessions.kw["bind"].dispose()  # there is room again
    clock.advance(seconds=31)
    assert _due(runtime) == [run_id]
    assert _run(runtime, run_id).created_count == 3


def _need_room(session: Session) -> None:
    """Write more than fits, while the file may not grow by a page."""
    session.execute(text("PRAGMA max_page_count = 1"))
    session.execute(text("CREATE TABLE filler AS SELECT zeroblob(1000000) AS bytes"))


def _of(run: ImportRun) -> Session:
    session = object_session(run)
    assert session is not None
    return session
