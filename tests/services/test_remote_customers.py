"""What becomes of a remote customer's row when the books change around it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import Connection, RemoteAccount, RemoteCustomer
from services import decisions
from services.customer_import import run_import
from services.providers.contract import CustomerRecord, RemoteKind, RemoteStatus
from services.remote_lists import search
from services.review_query import Meant, ReviewQuery, RowFilter
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.support import (
    Place,
    last_reading,
    links,
    public_ids,
    queue_import,
    read,
    record,
    remote_states,
    rows,
)


def _read_whole(runtime: Runtime, place: Place, clock: Clock) -> None:
    clock.advance(days=8)
    read(runtime, place)


def _ignore(runtime: Runtime, place: Place, *remote_ids: str) -> None:
    ids = public_ids(runtime.sessions, place, *remote_ids)
    with runtime.sessions() as session:
        decisions.ignore(session, place.admin, place.account_id, meant=Meant(tuple(ids)), now=NOW)


def _restore(runtime: Runtime, place: Place, *remote_ids: str) -> None:
    ids = public_ids(runtime.sessions, place, *remote_ids)
    with runtime.sessions() as session:
        decisions.restore(session, place.admin, place.account_id, meant=Meant(tuple(ids)), now=NOW)


def _import(runtime: Runtime, place: Place, *remote_ids: str) -> None:
    run_import(runtime, queue_import(runtime, place, remote_ids))


def _counts(runtime: Runtime) -> tuple[int | None, int | None]:
    reading = last_reading(runtime.sessions)
    return reading.unsynced_count, reading.counted_count


def test_who_is_gone_from_a_whole_list_has_vanished_and_counts_no_more(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1), record(2)]
    read(runtime, harbor)
    del books.records[0]

    _read_whole(runtime, harbor, clock)

    assert remote_states(runtime.sessions, harbor) == {"1": "vanished", "2": "unsynced"}
    assert _counts(runtime) == (1, 1)


def test_who_comes_back_is_unsynced_again(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    books.records = []
    _read_whole(runtime, harbor, clock)
    books.records = [record(1)]

    _read_whole(runtime, harbor, clock)

    assert remote_states(runtime.sessions, harbor) == {"1": "unsynced"}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Another Name"},
        {"status": RemoteStatus.ARCHIVED},
        {"kind": RemoteKind.SUB_CUSTOMER},
        {"kind": RemoteKind.PROJECT},
        None,
    ],
    ids=["renamed", "archived", "made a sub-customer", "made a project", "gone"],
)
def test_links_and_decisions_survive_whatever_happens_there(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    change: dict[str, Any] | None,
) -> None:
    books.records = [record(1), record(2)]
    read(runtime, harbor)
    _import(runtime, harbor, "1")
    _ignore(runtime, harbor, "2")
    kept = {"1": "linked", "2": "ignored"}, links(runtime.sessions, harbor)

    books.records = [] if change is None else [record(1, **change), record(2, **change)]
    _read_whole(runtime, harbor, clock)
    assert (remote_states(runtime.sessions, harbor), links(runtime.sessions, harbor)) == kept

    books.records = [record(1), record(2)]
    _read_whole(runtime, harbor, clock)
    assert (remote_states(runtime.sessions, harbor), links(runtime.sessions, harbor)) == kept
    assert _counts(runtime) == (0, 2)


@pytest.mark.parametrize(
    ("later", "state"),
    [
        ([record(1)], "unsynced"),
        ([record(1, status=RemoteStatus.ARCHIVED)], "left_out"),
        ([record(1, kind=RemoteKind.SUB_CUSTOMER)], "left_out"),
        ([], "vanished"),
    ],
    ids=["still there", "archived", "made a sub-customer", "gone"],
)
def test_restoring_gives_the_state_the_books_ask_for_now(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    later: list[CustomerRecord],
    state: str,
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    _ignore(runtime, harbor, "1")
    books.records = later
    _read_whole(runtime, harbor, clock)

    _restore(runtime, harbor, "1")

    assert remote_states(runtime.sessions, harbor) == {"1": state}


def test_archived_sub_customers_and_projects_are_left_out(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [
        record(1),
        record(2, status=RemoteStatus.ARCHIVED),
        record(3, kind=RemoteKind.SUB_CUSTOMER, parent_remote_id="1"),
        record(4, kind=RemoteKind.PROJECT, parent_remote_id="1"),
    ]

    read(runtime, harbor)

    assert remote_states(runtime.sessions, harbor) == {
        "1": "unsynced",
        "2": "left_out",
        "3": "left_out",
        "4": "left_out",
    }
    assert _counts(runtime) == (1, 1)
    with runtime.sessions() as session:
        archived = search(session, harbor.account_id, query=ReviewQuery(RowFilter.ARCHIVED))
    assert [row.name for row in archived.rows] == ["Customer 2"]


def test_sub_customers_count_where_the_admin_includes_them(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    with runtime.sessions() as session:
        session.get_one(RemoteAccount, harbor.account_id).includes_sub_customers = True
        session.commit()
    books.records = [record(1), record(2, kind=RemoteKind.SUB_CUSTOMER)]

    read(runtime, harbor)

    assert _counts(runtime) == (2, 2)


def test_who_is_active_again_is_unsynced(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1, status=RemoteStatus.ARCHIVED)]
    read(runtime, harbor)
    books.records = [record(1, remote_updated_at=clock() + timedelta(minutes=1))]
    clock.advance(minutes=2)

    read(runtime, harbor)

    assert remote_states(runtime.sessions, harbor) == {"1": "unsynced"}


@pytest.mark.parametrize(
    ("emails_text", "email"),
    [
        ("ann@example.com", "ann@example.com"),
        ("ann@example.com, ben@example.com", "ann@example.com"),
        ("none; ben@example.com", "ben@example.com"),
        ("", None),
        ("n/a", None),
        ("x@placeholder.local", None),
    ],
)
def test_the_usable_address_is_chosen_and_the_text_kept(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    emails_text: str,
    email: str | None,
) -> None:
    books.records = [record(1, emails_text=emails_text)]

    read(runtime, harbor)

    query = select(RemoteCustomer.email, RemoteCustomer.has_email, RemoteCustomer.emails_text)
    assert rows(runtime.sessions, query) == [(email, email is not None, emails_text)]


def test_a_changed_customer_keeps_its_page_id_and_its_first_reading(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    columns = (RemoteCustomer.public_id, RemoteCustomer.first_reading_id)
    books.records = [record(1)]
    read(runtime, harbor)
    before = rows(runtime.sessions, select(*columns))
    books.records = [record(1, name="Another Name")]

    _read_whole(runtime, harbor, clock)

    assert rows(runtime.sessions, select(*columns)) == before
    assert rows(runtime.sessions, select(RemoteCustomer.name)) == [("Another Name",)]


def test_more_than_one_batch_is_stored_changed_and_vanishes_whole(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.page_size = 1000
    books.records = [record(number) for number in range(1201)]
    read(runtime, harbor)
    books.records = [record(number, name=f"New {number}") for number in range(600)]

    _read_whole(runtime, harbor, clock)

    assert _counts(runtime) == (600, 600)
    states = list(remote_states(runtime.sessions, harbor).values())
    assert (states.count("unsynced"), states.count("vanished")) == (600, 601)


def test_ids_are_texts_of_any_size(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(2**70), record(1, remote_id="007"), record(1, remote_id="7")]

    read(runtime, harbor)

    assert set(remote_states(runtime.sessions, harbor)) == {str(2**70), "007", "7"}


def test_another_account_of_the_company_is_left_alone(
    runtime: Runtime, harbor: Place, elsewhere: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    with runtime.sessions() as session:
        session.get_one(Connection, harbor.connection_id).account_id = elsewhere.account_id
        session.commit()
    books.records = [record(2)]

    read(runtime, harbor)

    assert remote_states(runtime.sessions, harbor) == {"1": "unsynced"}
