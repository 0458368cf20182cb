"""Jobs in the serving process: woken, swept, stopped."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from jobs import running, tasks
from jobs.embedded import EmbeddedEngine
from models import Connection, Reading, ReadingFailure, ReadingState
from services.reading_queue import LEASE, new_reading
from services.runtime import Runtime
from services.unsynced import READ_JOB
from tests.conftest import Clock
from tests.factories import make_account, make_company, make_connection
from tests.jobs.engines import WAIT_S, Job
from tests.services.support import one


@pytest.fixture
def engine(runtime: Runtime) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine()
    engine.attach(runtime)
    yield engine
    engine.stop()


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


def test_a_wake_up_before_the_start_does_nothing(engine: EmbeddedEngine, job: Job) -> None:
    engine.wake(READ_JOB, 7)

    engine.start()

    assert not job.has_begun.is_set()


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


def test_an_engine_without_a_runtime_says_so() -> None:
    engine = EmbeddedEngine()

    with pytest.raises(RuntimeError, match="without a runtime"):
        engine._run(READ_JOB, 1)


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


def test_a_start_after_the_stop_begins_anew(engine: EmbeddedEngine, runtime: Runtime) -> None:
    engine.start()
    engine.stop()
    was_stopping = runtime.stopping.is_set()

    engine.start()

    assert was_stopping and not runtime.stopping.is_set()
