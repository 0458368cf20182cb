"""Links follow when the books merge two customers into one."""

from __future__ import annotations

from services.customer_import import run_import
from services.providers.contract import RemoteStatus
from services.runtime import Runtime
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, links, queue_import, read, record, remote_states


def _merge(loser: int, winner: int) -> object:
    return record(
        loser,
        status=RemoteStatus.ARCHIVED,
        merged_into_remote_id=str(winner),
        remote_updated_at=NOW,
    )


def _import(runtime: Runtime, place: Place, *remote_ids: str) -> None:
    run_import(runtime, queue_import(runtime, place, remote_ids))


def test_the_one_that_goes_on_takes_over_the_link(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2)]
    read(runtime, harbor)
    _import(runtime, harbor, "1")
    books.records = [_merge(1, 2)]

    read(runtime, harbor)

    linked = links(runtime.sessions, harbor)
    assert linked["1"] == linked["2"]
    assert remote_states(runtime.sessions, harbor) == {"1": "linked", "2": "linked"}


def test_a_chain_of_merges_leads_to_its_end(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2), record(3)]
    read(runtime, harbor)
    _import(runtime, harbor, "1")
    books.records = [_merge(1, 2), _merge(2, 3)]

    read(runtime, harbor)

    linked = links(runtime.sessions, harbor)
    assert linked["3"] == linked["1"]


def test_merging_in_a_circle_breaks_nothing(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2)]
    read(runtime, harbor)
    _import(runtime, harbor, "1")
    books.records = [_merge(1, 2), _merge(2, 1)]

    read(runtime, harbor)

    assert "1" in links(runtime.sessions, harbor)


def test_two_linked_customers_keep_their_own_links(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2)]
    read(runtime, harbor)
    _import(runtime, harbor, "1", "2")
    books.records = [_merge(1, 2)]

    read(runtime, harbor)

    linked = links(runtime.sessions, harbor)
    assert linked["1"] != linked["2"]
