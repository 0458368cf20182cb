"""An import that is killed again and again loses nothing and doubles nothing."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

from sqlalchemy import URL, func, select

from models import Customer, CustomerLink, ImportItem, ImportRun, ImportState
from services.customer_import import run_import
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services import workers
from tests.services.support import Place, count, links, one, queue_import, read, record, rows

SIZE = 120
KILLS = 10


def _kill_one(url: URL, run_id: int, hours: int, *, after: int) -> None:
    """Start a process that goes on with the run, and kill it after so many steps of its."""
    process, pipe = workers.start(
        workers.import_in_steps, url.render_as_string(hide_password=False), run_id, hours
    )
    for step in range(after):
        if step:
            pipe.send("go on")
        assert pipe.poll(workers.PATIENCE_S)
        pipe.recv()
    process.kill()
    process.join()
    pipe.close()


def test_ten_kills_at_any_point_lose_and_double_nothing(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    database_url: URL,
) -> None:
    chance = random.Random(9)
    books.records = [
        record(number, emails_text="" if number % 3 == 0 else f"c{number}@example.com")
        for number in range(SIZE)
    ]
    read(runtime, harbor)
    run_id = queue_import(runtime, harbor, [str(number) for number in range(SIZE)])

    for hours in range(1, KILLS + 1):
        _kill_one(database_url, run_id, hours, after=chance.randint(1, 5))
    in_the_middle = one(runtime.sessions, ImportRun, run_id)
    clock.now = NOW + timedelta(hours=KILLS + 1)
    run_import(runtime, run_id)

    assert in_the_middle.state is ImportState.RUNNING
    assert 0 < in_the_middle.created_count < SIZE
    run = one(runtime.sessions, ImportRun, run_id)
    assert (run.state, run.chosen_count, run.created_count) == (ImportState.FINISHED, SIZE, SIZE)
    assert len(links(runtime.sessions, harbor)) == SIZE
    assert count(runtime.sessions, Customer) == SIZE
    assert count(runtime.sessions, Customer, Customer.is_placeholder_email) == SIZE / 3
    outcomes = rows(
        runtime.sessions, select(ImportItem.outcome, func.count()).group_by(ImportItem.outcome)
    )
    assert {outcome.value: number for outcome, number in outcomes} == {"created": SIZE}
    doubled = Counter(row[0] for row in rows(runtime.sessions, select(CustomerLink.customer_id)))
    assert set(doubled.values()) == {1}
