"""Many threads work on one company's lists at once: nobody is refused, and the numbers hold."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select, text

from models import (
    Customer,
    CustomerLink,
    CustomerOrigin,
    ImportRun,
    ImportState,
    RemoteCustomer,
    RemoteState,
)
from services.bins import refresh_bins
from services.differences import refresh_differing_of
from services.joining import SIGNUPS_AN_HOUR
from services.match_job import match_account
from services.runtime import Runtime
from tests.conftest import POSTGRESQL, Clock
from tests.fakes import FakeAccountingClient
from tests.services import workers
from tests.services.crowding import PEOPLE, Crowd
from tests.services.support import Place, count, read, record, rows

THREADS, STEPS = 8, 15
DEADLOCKS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
pytestmark = [pytest.mark.full, pytest.mark.parametrize("database_kind", [POSTGRESQL])]


def _states(runtime: Runtime) -> dict[str, object]:
    """Return what follows from the rest, by row: bins, and what differs over a link."""
    bins = rows(runtime.sessions, select(RemoteCustomer.id, RemoteCustomer.bin))
    differing = rows(runtime.sessions, select(CustomerLink.id, CustomerLink.differing))
    return {"bins": sorted(map(tuple, bins)), "differing": sorted(map(tuple, differing))}


def _work_out_again(runtime: Runtime, place: Place) -> None:
    with runtime.sessions() as session:
        refresh_bins(session, place.account_id, None)
        refresh_differing_of(session, session.scalars(select(Customer.id)).all())
        session.commit()


@pytest.fixture
def crowd(runtime: Runtime, harbor: Place, books: FakeAccountingClient) -> Crowd:
    books.meanwhile = lambda: None  # the others do hold transactions
    books.page_size = 1000
    books.records = [record(number) for number in range(PEOPLE)]
    read(runtime, harbor)
    match_account(runtime, harbor.account_id)
    crowd = Crowd(runtime, harbor, books)
    crowd.take(random.Random(0))
    return crowd


def test_a_crowd_breaks_no_number_and_meets_no_deadlock(
    crowd: Crowd, runtime: Runtime, harbor: Place, clock: Clock
) -> None:
    ended = workers.in_threads(lambda: crowd.work(STEPS), THREADS)
    for _ in range(THREADS * STEPS):
        crowd.carry_out()
    match_account(runtime, harbor.account_id)
    before = _states(runtime)
    _work_out_again(runtime, harbor)

    assert (ended, crowd.broken) == ([None] * THREADS, [])
    assert rows(runtime.sessions, DEADLOCKS) == [(0,)]
    assert _states(runtime) == before
    linked = select(RemoteCustomer.remote_id).where(RemoteCustomer.state == RemoteState.LINKED)
    assert sorted(rows(runtime.sessions, linked)) == sorted(
        rows(runtime.sessions, select(CustomerLink.remote_id))
    )
    runs = rows(runtime.sessions, select(ImportRun))
    assert {run.state for (run,) in runs} == {ImportState.FINISHED}
    by_page = Customer.origin == CustomerOrigin.JOIN
    assert count(runtime.sessions, Customer, by_page) <= SIGNUPS_AN_HOUR
