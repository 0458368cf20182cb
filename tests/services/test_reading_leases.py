"""Who may carry out a reading, and what happens to those that are left lying."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update

from models import (
    Connection,
    ConnectionState,
    Reading,
    ReadingFailure,
    ReadingState,
    RemoteCustomer,
)
from services import reading_claim, readings
from services.providers.contract import ReconnectRequired
from services.reading_queue import LEASE, end_abandoned
from services.readings import refresh
from services.runtime import Runtime
from services.unsynced import ensure_fresh
from tests.conftest import Clock, WakeUps
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, ask, count, last_reading, one, read, record


def _end_abandoned(runtime: Runtime) -> int:
    with runtime.sessions() as session:
        return end_abandoned(session, now=runtime.clock())


def _open_banner(runtime: Runtime, place: Place) -> str | None:
    with runtime.sessions() as session:
        connection = session.get_one(Connection, place.connection_id)
        return ensure_fresh(session, connection, wake=runtime.wake, now=runtime.clock())


def _on_call(books: FakeAccountingClient, number: int, then: Any) -> None:
    """Let something happen while the given call is on its way."""
    calls = []

    def meanwhile() -> None:
        calls.append(1)
        if len(calls) == number:
            then()

    books.meanwhile = meanwhile


def test_a_second_wake_up_does_nothing(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    reading_id = read(runtime, harbor)

    refresh(runtime, reading_id)

    assert books.call_count == 1


def test_a_wake_up_that_comes_while_the_reading_runs_does_nothing(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1)]
    reading_id = ask(runtime, harbor)
    _on_call(books, 1, lambda: refresh(runtime, reading_id))

    refresh(runtime, reading_id)

    assert books.call_count == 1
    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.FINISHED


def test_a_wake_up_for_no_reading_does_nothing(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    refresh(runtime, 10_000)

    assert books.call_count == 0


def test_a_wake_up_that_comes_too_late_does_nothing(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    reading_id = ask(runtime, harbor)
    clock.advance(seconds=31)

    refresh(runtime, reading_id)

    assert books.call_count == 0


def test_the_tick_ends_what_a_killed_process_has_left(
    runtime: Runtime, harbor: Place, clock: Clock
) -> None:
    reading_id = ask(runtime, harbor)
    assert reading_claim.claim(runtime, reading_id)

    clock.advance(seconds=30)
    assert _end_abandoned(runtime) == 0

    clock.advance(seconds=1)
    assert _end_abandoned(runtime) == 1
    reading = one(runtime.sessions, Reading, reading_id)
    assert (reading.state, reading.failure) == (ReadingState.FAILED, ReadingFailure.INTERRUPTED)
    assert reading.finished_at == clock()
    assert _end_abandoned(runtime) == 0


def test_the_next_opening_reads_again_after_a_killed_process(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    wake_ups: WakeUps,
) -> None:
    ask(runtime, harbor)
    clock.advance(seconds=31)

    followed = _open_banner(runtime, harbor)
    refresh(runtime, wake_ups.rows[0][1])

    reading = last_reading(runtime.sessions)
    assert (reading.public_id, reading.state) == (followed, ReadingState.FINISHED)
    assert count(runtime.sessions, Reading) == 2


def test_every_page_keeps_the_lease_and_tells_the_progress(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, monkeypatch: Any
) -> None:
    monkeypatch.setattr(readings, "PROGRESS_EVERY_S", 0)
    books.records = [record(number) for number in range(6)]
    reading_id = ask(runtime, harbor)
    seen: list[tuple[int, int | None, int]] = []

    def look() -> None:
        reading = one(runtime.sessions, Reading, reading_id)
        seen.append((reading.read_count, reading.expected_count, reading.call_count))
        clock.advance(seconds=25)

    books.meanwhile = look

    refresh(runtime, reading_id)

    assert seen == [(0, None, 0), (2, 6, 1), (4, 6, 2)]
    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.FINISHED


def test_a_heartbeat_keeps_the_lease_while_one_page_takes_long(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, monkeypatch: Any
) -> None:
    monkeypatch.setattr(reading_claim, "HEARTBEAT_S", 0.001)
    reading_id = ask(runtime, harbor)

    def take_long() -> None:
        for _ in range(3):
            clock.advance(seconds=20)
            assert any(lease_end() == clock() + LEASE for _ in range(10_000)), "no beat came"

    def lease_end() -> datetime:
        return one(runtime.sessions, Reading, reading_id).lease_until_at

    books.meanwhile = take_long

    refresh(runtime, reading_id)

    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.FINISHED


def test_a_paused_worker_whose_reading_was_ended_stores_nothing(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1)]
    reading_id = ask(runtime, harbor)

    def pause() -> None:
        clock.advance(seconds=60)
        _end_abandoned(runtime)

    _on_call(books, 1, pause)

    refresh(runtime, reading_id)

    assert count(runtime.sessions, RemoteCustomer) == 0
    assert one(runtime.sessions, Reading, reading_id).failure is ReadingFailure.INTERRUPTED


def test_a_paused_worker_does_not_come_back_to_life_after_its_lease(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(number) for number in range(4)]
    reading_id = ask(runtime, harbor)
    _on_call(books, 2, lambda: clock.advance(seconds=60))

    refresh(runtime, reading_id)

    assert count(runtime.sessions, RemoteCustomer) == 0
    assert _end_abandoned(runtime) == 1, "whoever looked meanwhile was told: interrupted"


def test_a_worker_that_lost_its_reading_does_not_end_a_new_permission(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    reading_id = ask(runtime, harbor)

    def lose_it() -> None:
        with runtime.sessions() as session:
            session.execute(update(Reading).values(state=ReadingState.FAILED))
            session.commit()
        raise ReconnectRequired("the old permission")

    _on_call(books, 1, lose_it)

    refresh(runtime, reading_id)

    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert connection.state is ConnectionState.CONNECTED
