"""One refresh for any number of threads and processes that cross an expiry together."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from services.runtime import Runtime
from services.token_lease import TokenLease
from tests.conftest import Clock
from tests.fakes import FakeAuthorization
from tests.services import workers
from tests.services.support import Place
from tests.services.token_rows import held_tokens, supply


def test_twenty_threads_that_cross_an_expiry_renew_once(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    clock.advance(hours=2)
    leases = [TokenLease(runtime, harbor.connection_id) for _ in range(20)]

    given = workers.in_threads(lambda: leases.pop().supply(), 20)

    assert given == ["access-1"] * 20
    assert authorization.refreshed == ["refresh-0"]


def test_threads_of_one_reading_that_are_all_refused_renew_once(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    lease = TokenLease(runtime, harbor.connection_id)

    given = workers.in_threads(lambda: lease.supply("access-0"), 10)

    assert given == ["access-1"] * 10
    assert authorization.refreshed == ["refresh-0"]


def test_processes_that_cross_an_expiry_together_renew_once(
    runtime: Runtime, harbor: Place, database_url: URL, tmp_path: Path
) -> None:
    spent = tmp_path / "spent"
    arguments = (
        database_url.render_as_string(hide_password=False),
        harbor.connection_id,
        str(spent),
        5,
    )

    reports = workers.run_together(workers.supply_tokens, *arguments, processes=4)

    assert [given for report in reports for given in report] == ["access-1"] * 20
    assert spent.read_text() == "refresh-0\n"
    assert held_tokens(runtime, harbor)["refresh_token"] == "refresh-1"


def test_the_lease_of_a_killed_process_ends_and_the_next_one_renews(
    runtime: Runtime,
    harbor: Place,
    clock: Clock,
    database_url: URL,
    authorization: FakeAuthorization,
) -> None:
    process, pipe = workers.start(
        workers.hang_while_renewing,
        database_url.render_as_string(hide_password=False),
        harbor.connection_id,
    )
    assert pipe.poll(workers.PATIENCE_S) and pipe.recv() == "holding the lease"
    process.kill()
    process.join()
    pipe.close()

    clock.advance(seconds=31)

    assert supply(runtime, harbor, "access-0") == "access-1"
