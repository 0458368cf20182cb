"""Imports killed with -9 at random moments, in the command and in the server: nothing is lost.

Fifty kills in all; after each the database is whole, and the import is finished by whoever
comes next, each customer once.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.system.asking import LIMIT_S, PAGE, csrf_token
from tests.system.demo import ROOT, Demo, start_demo, wait_until
from tests.system.prepared import PreparedDemo

KILLS = 25
LONG_AGO = "2026-01-01 00:00:00.000000"
ACTIVE = "SELECT count(*) FROM import_run WHERE state IN ('queued', 'running')"
UNSYNCED = "SELECT count(*) FROM remote_customer WHERE state = 'unsynced'"
CUSTOMERS = "SELECT count(*) FROM customer"
DOUBLED = "SELECT count(*) - count(DISTINCT customer_id) FROM customer_link"
NOT_ADDING_UP = """
SELECT count(*) FROM import_run WHERE state = 'finished'
AND chosen_count != created_count + linked_count + skipped_count + failed_count
"""
COMMAND = [sys.executable, "-m", "flask", "--app", "app", "import", "quickbooks", "--all", "--yes"]


def _finish(demo: Demo) -> str:
    """Run the command to its end and return its last line."""
    done = subprocess.run(
        COMMAND,
        env=demo.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def _start_and_kill(demo: Demo, *, after_s: float) -> None:
    command = subprocess.Popen(COMMAND, env=demo.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        command.wait(after_s)
    except subprocess.TimeoutExpired:
        command.kill()
        command.wait()


def _end_leases(demo: Demo) -> None:
    """Pretend that the killed process has been gone for as long as a lease lasts."""
    with demo.database() as database:
        database.execute("UPDATE import_run SET lease_until_at = ?", [LONG_AGO])
        database.execute("UPDATE reading SET lease_until_at = ?", [LONG_AGO])


def _is_whole(demo: Demo) -> None:
    with demo.database() as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert demo.count(DOUBLED) == 0
    assert demo.count(NOT_ADDING_UP) == 0


def _everybody_is_here_once(demo: Demo, customers_before: int) -> None:
    _is_whole(demo)
    assert demo.count(UNSYNCED) == 0
    assert demo.count(CUSTOMERS) == customers_before + 182 - 23


@pytest.mark.full
def test_a_command_killed_at_any_moment_is_finished_by_the_next(
    demo: Demo, prepared: PreparedDemo
) -> None:
    chance = random.Random(3)
    before = demo.count(CUSTOMERS)
    started_at = time.monotonic()
    assert _finish(demo) == "created=159 linked=23 skipped=0 failed=0"
    whole_s = time.monotonic() - started_at

    for _ in range(KILLS):
        prepared.restore(demo)
        _start_and_kill(demo, after_s=chance.uniform(0.4, 0.95) * whole_s)
        _is_whole(demo)
        _end_leases(demo)
        _finish(demo)
        _everybody_is_here_once(demo, before)


@pytest.fixture
def killable(folder: Path) -> Iterator[list[Demo]]:
    """The demo before and after its kills; the last one is stopped."""
    demos = [start_demo(folder)]
    yield demos
    demos[-1].stop()


@pytest.mark.full
def test_a_server_killed_at_any_moment_finishes_the_import_by_itself(
    killable: list[Demo], prepared: PreparedDemo
) -> None:
    chance = random.Random(4)
    before = killable[-1].count(CUSTOMERS)
    client = prepared.client("ada")

    for _ in range(KILLS):
        demo = killable[-1]
        prepared.restore(demo)
        _press_import_all(client, demo)
        time.sleep(chance.uniform(0, 0.25))
        demo.cut_power()
        again = start_demo(demo.folder, again=demo)
        killable.append(again)
        _is_whole(again)
        _end_leases(again)
        wait_until(lambda: again.count(ACTIVE) == 0, "the sweep has finished it", limit_s=35)  # noqa: B023
        _everybody_is_here_once(again, before)
    client.close()


def _press_import_all(client: requests.Session, demo: Demo) -> None:
    page = client.get(f"{demo.url}{PAGE}/review", timeout=LIMIT_S).text
    with demo.database() as database:
        [reading] = database.execute(
            "SELECT public_id FROM reading WHERE state = 'finished' ORDER BY id DESC"
        ).fetchone()
    form = {"csrf_token": csrf_token(page), "scope": "all", "reading": reading, "confirmed": "1"}
    answer = client.post(
        f"{demo.url}{PAGE}/imports", data=form, timeout=LIMIT_S, allow_redirects=False
    )
    assert answer.status_code == 303, answer.text
