"""Jobs in the serving process: woken, swept, stopped."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from jobs import embedded, running, tasks
from jobs.embedded import EmbeddedEngine
from models import Connection, Reading, ReadingFailure, ReadingState
from services.customer_import import IMPORT_JOB
from services.reading_queue import LEASE, new_reading
from services.report_delivery import DELIVERY_JOB
from services.runtime import Runtime
from services.unsynced import READ_JOB
from tests.conftest import Clock
from tests.factories import make_account, make_company, make_connection
from tests.services.support import one

WAIT_S = 20


@pytest.fixture
def engine(runtime: Runtime) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine()
    engine.attach(runtime)
    yield engine
    engine.stop()


class Job:
    """A job that says where it ran, and waits until it may end."""

    def __init__(self) -> None:
        self.has_begun, self.may_end = threading.Event(), threading.Event()
        self.rows: list[int] = []
        self.thread: threading.Thread | None = None

    def __call__(self, _runtime: Runtime, row_id: int) -> None:
        self.thread = threading.current_thread()
        self.has_begun.set()
        assert self.may_end.wait(WAIT_S)
        self.rows.append(row_id)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    job = Job()
    monkeypatch.setattr(running, "JOBS", {READ_JOB: job})
    return job


def _running_reading(runtime: Runtime, *, owner: str = "gone") -> int:
    with runtime.sessions() as session:
        connection = make_connection(session, make_account(session, make_company(session)))
        connection = session.get_one(Connection, connection.id)
        reading = new_reading(session, connection, now=runtime.clock())
        reading.lease_owner = owner
        session.commit()
        return reading.id


def test_a_wake_up_runs_the_job_in_another_thread(engine: EmbeddedEngine, job: Job) -> None:
    engine.start()

    engine.wake(READ_JOB, 7)

    assert job.has_begun.wait(WAIT_S)
    assert job.thread is not threading.current_thread()
    job.may_end.set()


def test_a_wake_up_before_the_start_does_nothing(engine: EmbeddedEngine, job: Job) -> None:
    engine.wake(READ_JOB, 7)

    engine.start()

    assert not job.has_begun.is_set()


def test_stopping_waits_for_the_job_that_runs(engine: EmbeddedEngine, job: Job) -> None:
    engine.start()
    engine.wake(READ_JOB, 7)
    assert job.has_begun.wait(WAIT_S)
    threading.Thread(target=job.may_end.set).start()

    engine.stop()

    assert job.rows == [7]


def test_stopping_tells_the_jobs_to_give_back_what_they_hold(
    engine: EmbeddedEngine, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun, told = threading.Event(), threading.Event()

    def work_until_told(runtime: Runtime, _row_id: int) -> None:
        has_begun.set()
        if runtime.stopping.wait(WAIT_S):
            told.set()

    monkeypatch.setattr(running, "JOBS", {IMPORT_JOB: work_until_told})
    engine.start()
    engine.wake(IMPORT_JOB, 7)
    assert has_begun.wait(WAIT_S)

    engine.stop()

    assert told.is_set()
    engine.start()
    assert not runtime.stopping.is_set()


def test_after_the_stop_nothing_runs_until_the_next_start(engine: EmbeddedEngine, job: Job) -> None:
    job.may_end.set()
    engine.start()
    engine.stop()
    engine.wake(READ_JOB, 1)

    engine.start()
    engine.wake(READ_JOB, 2)
    assert job.has_begun.wait(WAIT_S)
    engine.stop()

    assert job.rows == [2]


def test_starting_and_stopping_twice_is_like_once(engine: EmbeddedEngine, job: Job) -> None:
    job.may_end.set()
    engine.start()
    engine.start()
    engine.wake(READ_JOB, 1)
    assert job.has_begun.wait(WAIT_S)

    engine.stop()
    engine.stop()

    assert job.rows == [1]


def test_long_jobs_do_not_hold_up_a_tick(
    engine: EmbeddedEngine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticked = threading.Event()
    monkeypatch.setattr(embedded, "tick", lambda _runtime: ticked.set())
    monkeypatch.setattr(embedded, "TICK_S", 0.05)
    engine.start()
    for row_id in range(embedded.THREADS[READ_JOB] * 2):
        engine.wake(READ_JOB, row_id)
    assert job.has_begun.wait(WAIT_S)

    assert ticked.wait(WAIT_S)

    job.may_end.set()


def test_a_wake_up_while_the_process_ends_is_left_to_its_row(
    engine: EmbeddedEngine, job: Job
) -> None:
    engine.start()
    engine.wake(READ_JOB, 1)
    assert job.has_begun.wait(WAIT_S)
    stopping = threading.Thread(target=engine.stop)
    stopping.start()

    engine.wake(READ_JOB, 2)

    job.may_end.set()
    stopping.join()
    assert 1 in job.rows


def test_a_job_that_breaks_leaves_the_others_alone(
    engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()

    def run(_runtime: Runtime, row_id: int) -> None:
        if row_id == 1:
            raise RuntimeError("this one breaks")
        done.set()

    monkeypatch.setattr(running, "JOBS", {READ_JOB: run})
    engine.start()

    engine.wake(READ_JOB, 1)
    engine.wake(READ_JOB, 2)

    assert done.wait(WAIT_S)
    engine.stop()
    assert "the job read_customers broke" in caplog.text


def test_a_tick_ends_what_a_killed_process_has_left(runtime: Runtime, clock: Clock) -> None:
    reading_id = _running_reading(runtime)
    clock.advance(seconds=LEASE.total_seconds() + 1)

    tasks.tick(runtime)

    reading = one(runtime.sessions, Reading, reading_id)
    assert (reading.state, reading.failure) == (ReadingState.FAILED, ReadingFailure.INTERRUPTED)


def test_a_tick_leaves_what_still_runs(runtime: Runtime) -> None:
    reading_id = _running_reading(runtime)

    tasks.tick(runtime)

    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.RUNNING


def test_a_broken_tick_does_not_stop_the_next(
    runtime: Runtime,
    engine: EmbeddedEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    came_again = threading.Event()
    ticks: list[int] = []

    def tick(_runtime: Runtime) -> None:
        ticks.append(1)
        if len(ticks) > 1:
            came_again.set()
        raise RuntimeError("this tick breaks")

    monkeypatch.setattr(embedded, "tick", tick)
    monkeypatch.setattr(embedded, "TICK_S", 0.05)

    engine.start()

    assert came_again.wait(WAIT_S)
    engine.stop()
    assert "a tick broke" in caplog.text


def test_an_engine_without_a_runtime_says_so() -> None:
    engine = EmbeddedEngine()

    with pytest.raises(RuntimeError, match="without a runtime"):
        engine._run(READ_JOB, 1)


def test_every_job_that_services_wake_is_known() -> None:
    assert {READ_JOB, IMPORT_JOB, DELIVERY_JOB} <= set(tasks.JOBS) == set(embedded.THREADS)


@pytest.mark.parametrize("beat", ["tick", "deliver_reports"])
def test_the_first_beats_come_at_once(
    engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, beat: str
) -> None:
    has_beaten = threading.Event()

    def work(_runtime: Runtime) -> None:
        has_beaten.set()

    monkeypatch.setattr(embedded, beat, work)
    monkeypatch.setattr(embedded, "TICK_S", 3600)

    engine.start()

    assert has_beaten.wait(WAIT_S), "an hour is too long to be silent"


def test_a_beat_that_meets_a_busy_database_is_one_line_in_the_log(
    engine: EmbeddedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    def sweep(_runtime: Runtime) -> None:
        refusal = sqlite3.OperationalError("database is locked")
        refusal.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError("BEGIN IMMEDIATE", {}, refusal)

    engine._beat(sweep)

    assert [record.getMessage() for record in caplog.records] == [
        "a sweep met a database that is busy"
    ]
    assert "Traceback" not in caplog.text


def test_readings_that_wait_for_their_provider_do_not_hold_up_an_import(
    engine: EmbeddedEngine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = threading.Event()
    jobs = {READ_JOB: job, IMPORT_JOB: lambda _runtime, _row_id: imported.set()}
    monkeypatch.setattr(running, "JOBS", jobs)
    engine.start()
    for row_id in range(embedded.THREADS[READ_JOB]):
        engine.wake(READ_JOB, row_id)
    assert job.has_begun.wait(WAIT_S)

    engine.wake(IMPORT_JOB, 1)

    assert imported.wait(WAIT_S)
    job.may_end.set()
