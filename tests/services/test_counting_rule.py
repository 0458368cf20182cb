"""Sub-customers are counted when an admin says so, and decisions outlive the switch."""

from __future__ import annotations

import pytest

from services import decisions
from services.counting_rule import include_sub_customers
from services.providers.contract import ProviderKey, RemoteKind, RemoteStatus
from services.remote_counts import count_counted, count_unsynced
from services.review_query import Meant, ReviewQuery
from services.runtime import Runtime
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.support import (
    Place,
    last_reading,
    public_ids,
    read,
    record,
    remote_states,
)

SUB = {"kind": RemoteKind.SUB_CUSTOMER, "parent_remote_id": "1"}


def _switch(runtime: Runtime, place: Place, *, on: bool) -> tuple[int, int]:
    with runtime.sessions() as session:
        include_sub_customers(
            session, place.admin, ProviderKey.QUICKBOOKS, are_included=on, now=NOW
        )
        account_id = place.account_id
        return count_unsynced(session, account_id), count_counted(session, account_id)


def _fill(runtime: Runtime, place: Place, books: FakeAccountingClient) -> None:
    books.records = [
        record(1),
        record(2, **SUB),
        record(3, **SUB),
        record(4, **SUB, status=RemoteStatus.ARCHIVED),
        record(5, kind=RemoteKind.PROJECT, parent_remote_id="1"),
        record(6, kind=RemoteKind.SUPPLIER),
    ]
    read(runtime, place)


def test_the_switch_counts_active_sub_customers_at_once(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _fill(runtime, harbor, books)

    assert _switch(runtime, harbor, on=True) == (3, 3)
    assert _switch(runtime, harbor, on=False) == (1, 1)


def test_an_ignored_sub_customer_stays_ignored(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _fill(runtime, harbor, books)
    _switch(runtime, harbor, on=True)
    ids = public_ids(runtime.sessions, harbor, "2")
    with runtime.sessions() as session:
        decisions.ignore(session, harbor.admin, harbor.account_id, meant=Meant(tuple(ids)), now=NOW)

    _switch(runtime, harbor, on=False)
    assert _switch(runtime, harbor, on=True) == (2, 3)

    assert remote_states(runtime.sessions, harbor)["2"] == "ignored"


def test_the_next_reading_keeps_the_choice(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _fill(runtime, harbor, books)
    _switch(runtime, harbor, on=True)
    books.records.append(record(7, **SUB, remote_updated_at=NOW))

    read(runtime, harbor)

    with runtime.sessions() as session:
        assert count_counted(session, harbor.account_id) == 4


def test_who_is_gone_there_does_not_come_back_by_the_switch(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _fill(runtime, harbor, books)
    deleted = {"status": RemoteStatus.DELETED, "remote_updated_at": NOW}
    books.records = [record(2, **(SUB | deleted))]
    read(runtime, harbor)

    assert _switch(runtime, harbor, on=True) == (2, 2)


def test_the_number_of_the_last_reading_follows_the_switch(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _fill(runtime, harbor, books)

    _switch(runtime, harbor, on=True)

    last = last_reading(runtime.sessions)
    assert (last.unsynced_count, last.counted_count) == (3, 3)


def test_whoever_saw_the_former_number_does_not_decide_for_the_new_one(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _fill(runtime, harbor, books)
    seen = last_reading(runtime.sessions).public_id
    _switch(runtime, harbor, on=True)

    everybody = Meant(matching=ReviewQuery(), reading=seen)
    with runtime.sessions() as session, pytest.raises(decisions.ListChanged):
        decisions.ignore(session, harbor.admin, harbor.account_id, meant=everybody, now=NOW)
