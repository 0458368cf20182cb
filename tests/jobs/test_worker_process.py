"""A worker as it is started by an operator: two processes, one killed, one asked to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, text

from services.readiness import newest_schema
from tests.commands.conftest import settings_in
from tests.conftest import POSTGRESQL

pytestmark = [pytest.mark.parametrize("database_kind", [POSTGRESQL]), pytest.mark.full]
WAIT_S = 60
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def database(database_url: URL) -> Iterator[Engine]:
    """A database with the tables of this release, as a worker asks for."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(
            text("INSERT INTO alembic_version VALUES (:version)"), {"version": newest_schema()}
        )
    yield engine
    engine.dispose()


@pytest.fixture
def workers(database: Engine, tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    address = database.url.render_as_string(hide_password=False)
    settings = settings_in(tmp_path, DATABASE_URL=address, JOBS_ENGINE="procrastinate")
    command = [sys.executable, "-m", "flask", "--app", "app", "jobs", "worker"]
    started = [
        subprocess.Popen(
            command,
            env={**os.environ, **settings},
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    yield started
    for process in started:
        process.kill()
        process.communicate()


def _count(database: Engine, statement: str) -> int:
    with database.connect() as connection:
        return int(connection.scalar(text(statement)) or 0)


def _wait_for(database: Engine, statement: str, count: int) -> None:
    """Wait until the statement counts so many."""
    pause, give_up_at = threading.Event(), time.monotonic() + WAIT_S
    while _count(database, statement) != count:
        assert time.monotonic() < give_up_at, statement
        pause.wait(0.1)


def test_a_worker_that_is_asked_ends_at_once_and_one_that_is_killed_is_replaced(
    database: Engine, workers: list[subprocess.Popen[str]]
) -> None:
    living = "SELECT count(*) FROM heartbeat WHERE name LIKE 'worker %'"
    late = "SELECT count(*) FROM heartbeat WHERE at < now() - interval '1 hour'"
    _wait_for(database, living, 2)

    workers[0].kill()
    workers[0].wait(WAIT_S)
    with database.begin() as connection:
        connection.execute(
            text("UPDATE heartbeat SET at = at - interval '2 hours' WHERE name = 'begun sweep'")
        )
    _wait_for(database, late, 0)
    workers[1].send_signal(signal.SIGTERM)
    _, log = workers[1].communicate(timeout=WAIT_S)

    assert workers[1].returncode == 0
    assert "Traceback" not in log
    assert _count(database, living) == 1, "the killed one is forgotten later, the other at once"
