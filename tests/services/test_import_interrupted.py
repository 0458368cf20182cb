"""An import whose database or process fails in the middle: it goes on, and doubles nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, event, text
from sqlalchemy.orm import Session

from models import Customer, CustomerLink, ImportRun, ImportState
from services import customer_import
from services.customer_import import run_import
from services.runtime import Runtime
from tests.conftest import POSTGRESQL, Clock
from tests.services import workers
from tests.services.importing import Importing
from tests.services.support import count, one

SIZE = 12
on_postgresql = pytest.mark.parametrize("database_kind", [POSTGRESQL])


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


@pytest.fixture
def run_id(importing: Importing, monkeypatch: pytest.MonkeyPatch) -> int:
    """An import of a dozen in three batches, which nobody has taken up."""
    monkeypatch.setattr(customer_import, "BATCH_ROWS", 4)
    run_id = importing.start(*(importing.there() for _ in range(SIZE))).id
    importing.session.rollback()
    return run_id


def _is_done_once(runtime: Runtime, run_id: int) -> bool:
    run = one(runtime.sessions, ImportRun, run_id)
    made = count(runtime.sessions, Customer), count(runtime.sessions, CustomerLink)
    return (run.state, run.created_count, made) == (ImportState.FINISHED, SIZE, (SIZE, SIZE))


@on_postgresql
@pytest.mark.parametrize("beginning", ["INSERT INTO customer (", "UPDATE import_item"])
def test_a_session_that_the_server_ends_in_a_batch_stops_no_import(
    runtime: Runtime, run_id: int, beginning: str
) -> None:
    ended: list[int] = []

    def end_session(connection: Any, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(beginning) and not ended:
            ended.append(connection.connection.driver_connection.info.backend_pid)
            with runtime.sessions() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": ended[0]})

    event.listen(runtime.sessions.kw["bind"], "before_cursor_execute", end_session)

    run_import(runtime, run_id)

    assert ended
    assert _is_done_once(runtime, run_id)


@pytest.mark.both_databases
def test_a_process_that_was_halted_finds_its_run_in_other_hands(
    runtime: Runtime, run_id: int, clock: Clock, database_url: URL
) -> None:
    url = database_url.render_as_string(hide_password=False)
    process, pipe = workers.start(workers.import_in_steps, url, run_id, 0)
    for _ in range(2):
        assert pipe.poll(workers.PATIENCE_S)
        where = pipe.recv()
        if where != "committed":
            pipe.send("go on")
    os.kill(process.pid, signal.SIGSTOP)
    clock.advance(minutes=1)

    run_import(runtime, run_id)
    os.kill(process.pid, signal.SIGCONT)
    pipe.send("go on")
    process.join(workers.PATIENCE_S)
    pipe.close()

    assert process.exitcode == 0
    assert _is_done_once(runtime, run_id)


@pytest.mark.sqlite_only
def test_an_import_waits_for_a_long_writer(
    runtime: Runtime, run_id: int, database_path: Path
) -> None:
    work = threading.Thread(target=run_import, args=(runtime, run_id))
    with closing(sqlite3.connect(database_path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        work.start()
        # A hundred looks take long enough to begin, and a writer waits for ten seconds.
        seen = {_count_from_outside(database_path) for _ in range(100)}
        writer.execute("ROLLBACK")
    work.join(30)

    assert seen == {0}
    assert _is_done_once(runtime, run_id)


def _count_from_outside(path: Path) -> int:
    with closing(sqlite3.connect(path)) as reader:
        number: int = reader.execute("SELECT count(*) FROM customer").fetchone()[0]
    return number
