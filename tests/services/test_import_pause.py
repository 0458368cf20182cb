"""A run that cannot go on says why, waits without asking anybody, and goes on by itself."""

from __future__ import annotations

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
from services import customer_import, import_pause
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
from tests.services.importing import queue_stale_import
from tests.services.support import Place, count, one, read
from tests.services.token_rows import change_connection


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
    assert run.attempts == 1, "what came before its first customer interrupted nothing"


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
        session.commit()
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
        session.commit()

    assert _due(runtime) == [run_id]
    assert _run(runtime, run_id).state is ImportState.FINISHED


def test_a_run_goes_on_when_somebody_else_has_read_the_list(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, run_id: int
) -> None:
    books.error = ProviderUnavailable("no answer")
    _run(runtime, run_id)
    books.error = None
    clock.advance(seconds=6)

    read(runtime, harbor)

    assert _due(runtime) == [run_id]
    assert _run(runtime, run_id).created_count == 3
    assert len(books.asked_since) == 3, "that reading is young enough"


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
    ("state", "failure"),
    [
        (ConnectionState.DISCONNECTED, None),
        (ConnectionState.RECONNECT_REQUIRED, ReadingFailure.RECONNECT_REQUIRED),
    ],
)
def test_without_a_connection_nobody_is_asked(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    run_id: int,
    state: ConnectionState,
    failure: ReadingFailure | None,
) -> None:
    change_connection(runtime, harbor, state=state)
    calls = books.call_count

    run = _run(runtime, run_id)

    assert (run.state, run.pause_reason) == (ImportState.PAUSED, PauseReason.PERMISSION)
    assert run.pause_failure is failure
    assert books.call_count == calls


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
