"""What every engine promises: threads of the process beside SQLite, a worker beside PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from jobs import pace, running, tasks
from services.customer_import import IMPORT_JOB
from services.report_delivery import DELIVERY_JOB
from services.runtime import Runtime
from services.unsynced import READ_JOB
from tests.conftest import POSTGRESQL, SQLITE
from tests.jobs.engines import WAIT_S, Engine, Job, make_engine, set_beat

BOTH = pytest.mark.parametrize("database_kind", [SQLITE, POSTGRESQL])
BOTH_AT_LENGTH = pytest.mark.parametrize(
    "database_kind", [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.full)]
)


@pytest.fixture
def engine(runtime: Runtime, database_kind: str) -> Iterator[Engine]:
    engine = make_engine(runtime, database_kind)
    yield engine
    engine.stop()


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    job = Job()
    monkeypatch.setattr(running, "JOBS", {READ_JOB: job})
    yield job
    job.may_end.set()


@BOTH
def test_a_wake_up_runs_the_job_in_another_thread(engine: Engine, job: Job) -> None:
    engine.start()

    engine.wake(READ_JOB, 7)

    assert job.has_begun.wait(WAIT_S)
    assert job.thread is not threading.current_thread()


@BOTH_AT_LENGTH
def test_stopping_waits_for_the_job_that_runs(engine: Engine, job: Job) -> None:
    engine.start()
    engine.wake(READ_JOB, 7)
    assert job.has_begun.wait(WAIT_S)
    threading.Thread(target=job.may_end.set).start()

    engine.stop()

    assert job.rows == [7]


@BOTH
def test_stopping_tells_the_jobs_to_give_back_what_they_hold(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
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


@BOTH_AT_LENGTH
def test_starting_and_stopping_twice_is_like_once(engine: Engine, job: Job) -> None:
    job.may_end.set()
    engine.start()
    engine.start()
    engine.wake(READ_JOB, 1)
    assert job.has_begun.wait(WAIT_S)

    engine.stop()
    engine.stop()

    assert job.rows == [1]


@BOTH_AT_LENGTH
def test_long_jobs_do_not_hold_up_a_tick(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    ticked = threading.Event()
    set_beat(monkeypatch, database_kind, "tick", lambda _runtime: ticked.set(), TICK_S=0.05)
    engine.start()
    ticked.clear()
    for row_id in range(pace.THREADS[READ_JOB] * 2):
        engine.wake(READ_JOB, row_id)
    assert job.has_begun.wait(WAIT_S)

    assert ticked.wait(WAIT_S)


@BOTH_AT_LENGTH
def test_a_job_that_breaks_leaves_the_others_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
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


@BOTH_AT_LENGTH
def test_a_broken_tick_does_not_stop_the_next(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    database_kind: str,
) -> None:
    came_again = threading.Event()
    ticks: list[int] = []

    def tick(_runtime: Runtime) -> None:
        ticks.append(1)
        if len(ticks) > 1:
            came_again.set()
        raise RuntimeError("this tick breaks")

    set_beat(monkeypatch, database_kind, "tick", tick, TICK_S=0.05)

    engine.start()

    assert came_again.wait(WAIT_S)
    engine.stop()
    assert "a tick broke" in caplog.text


def test_every_job_that_services_wake_is_known() -> None:
    assert {READ_JOB, IMPORT_JOB, DELIVERY_JOB} <= set(tasks.JOBS) == set(pace.THREADS)


@BOTH_AT_LENGTH
@pytest.mark.parametrize("beat", ["tick", "deliver_reports"])
def test_the_first_beats_come_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, beat: str, database_kind: str
) -> None:
    has_beaten = threading.Event()

    def work(_runtime: Runtime) -> None:
        has_beaten.set()

    set_beat(monkeypatch, database_kind, beat, work, TICK_S=3600)

    engine.start()

    assert has_beaten.wait(WAIT_S), "an hour is too long to be silent"


@BOTH_AT_LENGTH
def test_readings_that_wait_for_their_provider_do_not_hold_up_an_import(
    engine: Engine, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = threading.Event()
    jobs = {READ_JOB: job, IMPORT_JOB: lambda _runtime, _row_id: imported.set()}
    monkeypatch.setattr(running, "JOBS", jobs)
    engine.start()
    for row_id in range(pace.THREADS[READ_JOB]):
        engine.wake(READ_JOB, row_id)
    assert job.has_begun.wait(WAIT_S)

    engine.wake(IMPORT_JOB, 1)

    assert imported.wait(WAIT_S)
