"""The beats of any number of workers: once in their time, never beside themselves."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import text
from sqlalchemy.orm import Session

from jobs import shared_beats
from jobs.shared_beats import SharedBeats, alone, claim, left_s
from services.runtime import Runtime
from tests.conftest import POSTGRESQL
from tests.jobs.engines import WAIT_S

pytestmark = pytest.mark.parametrize("database_kind", [POSTGRESQL])


@pytest.fixture
def database(session: Session) -> Database:
    bind = session.get_bind()
    assert isinstance(bind, Database)
    return bind


def _make_due(database: Database, name: str) -> None:
    with database.begin() as connection:
        connection.execute(
            text("UPDATE heartbeat SET at = at - interval '1 day' WHERE name = :name"),
            {"name": shared_beats.BEGUN + name},
        )


def test_of_many_who_ask_for_a_beat_at_once_one_has_it(database: Database) -> None:
    winners: list[bool] = []
    barrier = threading.Barrier(8)

    def ask_for_it() -> None:
        barrier.wait(WAIT_S)
        winners.append(claim(database, "tick", 60))

    for _ in range(2):
        threads = [threading.Thread(target=ask_for_it) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
        _make_due(database, "tick")

    assert sum(winners) == 2


def test_a_beat_that_was_written_by_a_wrong_clock_comes_all_the_same(database: Database) -> None:
    claim(database, "tick", 60)
    with database.begin() as connection:
        connection.execute(text("UPDATE heartbeat SET at = now() + interval '1 day'"))

    assert left_s(database, "tick", 60) == 60
    assert claim(database, "tick", 60)
    assert 50 < left_s(database, "tick", 60) <= 60


def test_a_beat_never_runs_beside_itself_nor_keeps_its_name(database: Database) -> None:
    with (
        alone(database, "tick") as first,
        alone(database, "tick") as second,
        alone(database, "sweep") as other,
    ):
        pass

    with alone(database, "tick") as again:
        assert (first, second, other, again) == (True, False, True, True)


def test_a_killed_worker_loses_the_name_of_its_beat(database: Database) -> None:
    with database.connect() as dying:
        dying.execute(shared_beats._LOCK, {"name": "tick"})
        with alone(database, "tick") as before:
            dying.invalidate()

    with alone(database, "tick") as after:
        assert (before, after) == (False, True)


def test_a_database_that_fails_is_one_line_and_the_next_beat_comes(
    runtime: Runtime,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    beaten = threading.Event()

    def tick(_runtime: Runtime) -> None:
        beaten.set()

    with database.begin() as connection:
        connection.execute(text("ALTER TABLE heartbeat RENAME TO away"))
    beats = SharedBeats(runtime, database, {tick: 0.05})
    beats.start()
    while not caplog.records:
        beaten.wait(0.01)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO heartbeat"))

    has_beaten = beaten.wait(WAIT_S)

    runtime.stopping.set()
    beats.join()
    assert has_beaten
    assert caplog.records[0].getMessage() == "no tick: the database failed (UndefinedTable)"
    assert "Traceback" not in caplog.text
