"""What a reading changes is worked out before anybody has to wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL, select

from models import Reading, ReadingState, RemoteAccount, RemoteCustomer
from services import prepared_rows
from services.prepared_rows import prepare_difference
from services.providers.contract import CustomerPage, CustomerRecord, RemoteKind
from services.reading_pages import ReadingPages
from services.remote_customers import set_sub_customers, store_difference
from services.runtime import Runtime
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.support import (
    Place,
    ask,
    count,
    one,
    read,
    record,
    refuse_open_transactions,
    remote_states,
)


@pytest.mark.sqlite_only
def test_others_can_write_while_the_rows_are_worked_out(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    database_url: URL,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    books.records = [record(number) for number in range(3)]
    nobody_writes = refuse_open_transactions(database_url)
    worked_out = prepared_rows.search_text

    def search_text(*parts: Any, **options: Any) -> str:
        nobody_writes()
        return worked_out(*parts, **options)

    monkeypatch.setattr(prepared_rows, "search_text", search_text)

    reading_id = read(runtime, harbor)

    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.FINISHED
    assert count(runtime.sessions, RemoteCustomer) == 3


def test_sub_customers_switched_on_meanwhile_are_counted(runtime: Runtime, harbor: Place) -> None:
    pages = ReadingPages()
    pages.add(CustomerPage((record(1), record(2, kind=RemoteKind.SUB_CUSTOMER))))
    reading_id = ask(runtime, harbor)
    with runtime.sessions() as session:
        account_id = harbor.account_id
        prepared = prepare_difference(session, account_id=account_id, pages=pages, is_whole=True)
        account = session.get_one(RemoteAccount, account_id)
        set_sub_customers(session, account, are_included=True)

        store_difference(
            session, account_id=account_id, reading_id=reading_id, prepared=prepared, now=NOW
        )
        session.commit()

    assert remote_states(runtime.sessions, harbor) == {"1": "unsynced", "2": "unsynced"}


def test_a_first_list_is_worked_out_page_by_page_and_stored_whole(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_page = CustomerPage((record(1), record(2, name="Before")))
    worked_out: list[int] = []
    columns_of = prepared_rows.columns_of

    def count_columns(one_record: CustomerRecord) -> dict[str, object]:
        worked_out.append(1)
        return columns_of(one_record)

    def pages(**_changed: object) -> Iterator[CustomerPage]:
        yield first_page
        assert len(worked_out) == 2
        yield CustomerPage((record(3),))

    monkeypatch.setattr(prepared_rows, "columns_of", count_columns)
    monkeypatch.setattr(books, "customer_pages", pages)

    read(runtime, harbor)

    assert remote_states(runtime.sessions, harbor).keys() == {"1", "2", "3"}
    assert len(worked_out) == 3


@pytest.mark.parametrize("restarts", [False, True], ids=["told twice", "read anew"])
def test_what_came_first_of_a_first_list_does_not_count(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    monkeypatch: pytest.MonkeyPatch,
    restarts: bool,
) -> None:
    pages = [
        CustomerPage((record(1, name="Before"),)),
        CustomerPage((record(1, name="Now"), record(2)), restarts=restarts),
    ]
    monkeypatch.setattr(books, "customer_pages", lambda **_changed: iter(pages))

    read(runtime, harbor)

    with runtime.sessions() as session:
        names = session.scalars(select(RemoteCustomer.name).order_by(RemoteCustomer.remote_id))
        assert names.all() == ["Now", record(2).name]
