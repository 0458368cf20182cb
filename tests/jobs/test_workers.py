"""Workers and whoever sends to them: wake-ups that wait, are lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy import Engine as Database
from sqlalchemy.orm import Session

from config import SettingsError
from jobs import running, tasks, wake_up_tables
from jobs.distributed import DistributedEngine
from jobs.wake_up_tables import clear_tables, prepare_tables
from models import ImportRun, ImportState
from services.customer_import import IMPORT_JOB
from services.heartbeat import find_workers
from services.runtime import Runtime
from services.unsynced import READ_JOB
from tests.conftest import POSTGRESQL, Clock
from tests.fakes import FakeAccountingClient
from tests.jobs.engines import WAIT_S, Job, OneWorker
from tests.services.support import Place, ask, make_place, one, queue_import

pytestmark = pytest.mark.parametrize("database_kind", [POSTGRESQL])


@pytest.fixture
def database(session: Session) -> Database:
    bind = session.get_bind()
    assert isinstance(bind, Database)
    return bind


@pytest.fixture
def sender(runtime: Runtime, database: Database) -> DistributedEngine:
    prepare_tables(database)
    sender = DistributedEngine()
    sender.attach(runtime)
    return sender


@pytest.fixture
def workers(runtime: Runtime) -> Iterator[list[OneWorker]]:
    """Two workers, each with a runtime of its own, as in two processes; not started."""
    both = [OneWorker(replace(runtime, stopping=threading.Event())) for _ in range(2)]
    yield both
    for worker in both:
        worker.stop()


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    job = Job()
    monkeypatch.setattr(running, "JOBS", {READ_JOB: job})
    yield job
    job.may_end.set()


def _waiting(session: Session) -> list[tuple[str, int]]:
    rows = session.execute(
        text("SELECT task_name, args->>'row_id' FROM procrastinate_jobs ORDER BY id")
    ).all()
    session.rollback()
    return [(task, int(row_id)) for task, row_id in rows]


def test_a_wake_up_that_waits_already_is_not_doubled(
    sender: DistributedEngine, session: Session
) -> None:
    for job, row_id in [(READ_JOB, 1), (READ_JOB, 1), (IMPORT_JOB, 1), (READ_JOB, 2)]:
        sender.wake(job, row_id)

    assert _waiting(session) == [(READ_JOB, 1), (IMPORT_JOB, 1), (READ_JOB, 2)]


@pytest.mark.full
def test_a_sweep_again_and_again_piles_up_nothing_while_all_workers_are_busy(
    sender: DistributedEngine, runtime: Runtime, session: Session, harbor: Place, clock: Clock
) -> None:
    reading_id = ask(runtime, harbor)

    for _ in range(3):
        clock.advance(seconds=40)
        tasks.sweep(replace(runtime, wake=sender.wake))

    assert _waiting(session) == [(READ_JOB, reading_id)]


@pytest.mark.full
def test_a_wake_up_without_its_tables_is_one_line_and_no_error(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    sender = DistributedEngine()
    sender.attach(runtime)

    sender.wake(READ_JOB, 1)

    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("a wake-up of read_customers could not be sent (")
    assert "Traceback" not in caplog.text


@pytest.mark.full
def test_a_wake_up_without_a_database_is_one_line_and_no_error(
    sender: DistributedEngine, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    database.dispose()
    database.pool._creator = database.pool._invoke_creator = _refuse  # type: ignore[attr-defined]

    sender.wake(READ_JOB, 1)

    (line,) = [record.getMessage() for record in caplog.records]
    assert "a worker finds its row later" in line


def _refuse(*_args: object) -> None:
    import psycopg

    raise psycopg.OperationalError("gone")


@pytest.mark.full
def test_a_lost_wake_up_is_found_by_the_sweep(
    workers: list[OneWorker],
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    job: Job,
) -> None:
    job.may_end.set()
    reading_id = ask(runtime, harbor)
    clock.advance(seconds=5)

    workers[0].start()

    assert job.has_begun.wait(WAIT_S)
    workers[0].stop()
    assert reading_id in job.rows


@pytest.mark.full
def test_an_import_that_a_killed_worker_left_is_ended_by_another(
    workers: list[OneWorker], runtime: Runtime, session: Session, books: FakeAccountingClient
) -> None:
    run_id = queue_import(runtime, make_place(runtime), ["1"])
    run = session.get_one(ImportRun, run_id)
    run.state, run.lease_owner = ImportState.RUNNING, "killed"
    run.lease_until_at = runtime.clock() - timedelta(seconds=1)
    session.commit()

    workers[0].start()

    pause = threading.Event()
    for _ in range(WAIT_S * 20):
        if one(runtime.sessions, ImportRun, run_id).state is ImportState.FINISHED:
            break
        pause.wait(0.05)
    assert one(runtime.sessions, ImportRun, run_id).state is ImportState.FINISHED


@pytest.mark.full
def test_what_a_killed_worker_had_taken_and_what_is_over_is_cleared(
    sender: DistributedEngine, database: Database, session: Session
) -> None:
    for row_id in range(5):
        sender.wake(READ_JOB, row_id)
    session.execute(
        text(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now()), (now() - interval '61 seconds')"
        )
    )
    taken = "UPDATE procrastinate_jobs SET status = :status, worker_id = :worker WHERE id = :id"
    for values in (
        {"status": "doing", "worker": 1, "id": 1},
        {"status": "doing", "worker": 2, "id": 2},
        {"status": "doing", "worker": None, "id": 3},
        {"status": "failed", "worker": None, "id": 4},
    ):
        session.execute(text(taken), values)
    session.commit()

    clear_tables(database)

    assert _waiting(session) == [(READ_JOB, 0), (READ_JOB, 4)]
    assert session.scalars(text("SELECT id FROM procrastinate_workers")).all() == [1]


@pytest.mark.full
def test_tables_of_the_same_release_are_kept_and_those_of_another_made_anew(
    sender: DistributedEngine,
    database: Database,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sender.wake(READ_JOB, 1)
    prepare_tables(database)
    kept = _waiting(session)
    newer = wake_up_tables.SchemaManager.get_schema() + "\n-- newer\n"
    monkeypatch.setattr(wake_up_tables.SchemaManager, "get_schema", lambda: newer)

    prepare_tables(database)

    assert (kept, _waiting(session)) == ([(READ_JOB, 1)], [])
    sender.wake(READ_JOB, 2)
    assert _waiting(session) == [(READ_JOB, 2)]


@pytest.mark.full
def test_a_user_who_may_not_make_tables_is_told_so_in_one_line(database_url: URL) -> None:
    visitor = create_engine(database_url, connect_args={"options": "-c role=pg_read_all_data"})

    with pytest.raises(SettingsError) as caught:
        prepare_tables(visitor)

    visitor.dispose()
    assert "Grant it CREATE on the schema" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.full
def test_workers_that_start_at_once_make_the_tables_once(database: Database) -> None:
    threads = [threading.Thread(target=prepare_tables, args=(database,)) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)

    with database.connect() as connection:
        made = connection.scalar(text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL"))
    assert made


def test_two_workers_beat_once_in_a_time(
    workers: list[OneWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks: list[Runtime] = []
    again = threading.Event()

    def tick(runtime: Runtime) -> None:
        ticks.append(runtime)
        if len(ticks) > 1:
            again.set()

    monkeypatch.setattr("jobs.worker.tick", tick)
    monkeypatch.setattr("jobs.worker.TICK_S", 3600)

    for worker in workers:
        worker.start()
    came_again = again.wait(0.5)

    assert len(ticks) == 1
    assert not came_again


@pytest.mark.full
def test_a_worker_says_that_it_lives_and_that_it_has_ended(
    workers: list[OneWorker], session: Session, clock: Clock, job: Job
) -> None:
    for worker in workers:
        worker.start()
    pause = threading.Event()
    for _ in range(100):
        both = find_workers(session, now=clock())
        session.rollback()
        if both.count == 2:
            break
        pause.wait(0.05)

    for worker in workers:
        worker.stop()

    assert (both.count, both.beat_at) == (2, clock.now)
    assert find_workers(session, now=clock()).count == 0


@pytest.mark.full
def test_one_worker_ends_and_the_other_goes_on(workers: list[OneWorker], job: Job) -> None:
    job.may_end.set()
    for worker in workers:
        worker.start()
    workers[0].stop()

    workers[0].wake(READ_JOB, 5)

    assert job.has_begun.wait(WAIT_S)
    workers[1].stop()
    assert job.rows == [5]
