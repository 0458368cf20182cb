"""What a reading does to linked customers: it fills what is empty and overwrites nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select

from models import Customer
from services.customers import CustomerDetails, edit_customer
from services.providers.contract import RemoteStatus
from services.runtime import Runtime
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.linking import NO_EMAIL, PLACEHOLDER, differing, events, make_linked
from tests.services.support import Place, read, record, rows

HERE = {"name": "Ann", "email": "ann@example.com", "phone": "555-0101"}


def _link(
    runtime: Runtime, place: Place, *, ours: dict[str, Any] = HERE, theirs: dict[str, Any] = HERE
) -> str:
    with runtime.sessions() as session:
        return make_linked(session, place, ours=ours, theirs=theirs).public_id


def _read(runtime: Runtime, place: Place, books: FakeAccountingClient, **change: Any) -> None:
    known: dict[str, Any] = {"name": "Ann", "emails_text": "ann@example.com", "phone": "555-0101"}
    known["remote_updated_at"] = NOW
    books.records = [record(1, **known | change)]
    read(runtime, place)


def _customer(runtime: Runtime) -> Customer:
    with runtime.sessions() as session:
        return session.scalars(select(Customer)).one()


def test_a_reading_fills_what_is_empty_and_says_so_in_the_history(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _link(runtime, harbor, ours={"name": "Ann", **NO_EMAIL})

    _read(runtime, harbor, books, company_name="Blue Heron", address="1 Quay")

    customer = _customer(runtime)
    assert (customer.company_name, customer.phone) == ("Blue Heron", "555-0101")
    assert (customer.address, customer.email) == ("1 Quay", "ann@example.com")
    assert customer.is_placeholder_email is False
    assert customer.revision == 2
    assert "blue heron" in customer.search_text
    assert sorted(events(runtime.sessions)) == [
        ("filled", "address", "", "1 Quay"),
        ("filled", "company_name", "", "Blue Heron"),
        ("filled", "email", PLACEHOLDER, "ann@example.com"),
        ("filled", "phone", "", "555-0101"),
    ]
    assert differing(runtime.sessions) == {"1": ""}


def test_a_reading_overwrites_nothing_and_says_what_differs(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _link(runtime, harbor, ours=HERE | {"address": "1 Quay Road"})

    _read(runtime, harbor, books, name="Beth", phone="555-0199", address="9 Hill Street")

    customer = _customer(runtime)
    assert (customer.name, customer.phone, customer.address) == ("Ann", "555-0101", "1 Quay Road")
    assert differing(runtime.sessions) == {"1": "name phone address"}
    assert events(runtime.sessions) == []


def test_what_is_the_same_again_does_not_differ_any_more(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _link(runtime, harbor)
    _read(runtime, harbor, books, phone="555-0199")

    _read(runtime, harbor, books, phone="(555) 0101")

    assert differing(runtime.sessions) == {"1": ""}


@pytest.mark.parametrize(
    "gone", [{"status": RemoteStatus.ARCHIVED}, {"status": RemoteStatus.DELETED}]
)
def test_who_is_archived_there_stays_as_it_is_here(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, gone: dict[str, Any]
) -> None:
    _link(runtime, harbor)

    _read(runtime, harbor, books, name="Beth", address="1 Quay", **gone)

    customer = _customer(runtime)
    assert (customer.name, customer.address) == ("Ann", "")
    assert differing(runtime.sessions) == {"1": ""}


def test_what_a_person_took_out_is_not_put_in_again(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    public_id = _link(runtime, harbor)
    with runtime.sessions() as session:
        cleared = CustomerDetails("Ann", email="ann@example.com")
        edit_customer(session, harbor.admin, public_id, cleared, now=NOW)

    _read(runtime, harbor, books, address="1 Quay")

    customer = _customer(runtime)
    assert (customer.phone, customer.address) == ("", "1 Quay")


def test_a_field_that_a_person_edited_and_then_cleared_stays_empty(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    public_id = _link(runtime, harbor)
    with runtime.sessions() as session:
        for phone in ("555-0102", ""):
            typed = CustomerDetails("Ann", email="ann@example.com", phone=phone)
            edit_customer(session, harbor.admin, public_id, typed, now=NOW)

    _read(runtime, harbor, books, address="1 Quay")

    customer = _customer(runtime)
    assert (customer.phone, customer.address) == ("", "1 Quay")


def test_a_cleared_field_takes_no_value_that_stood_in_the_books_all_along(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    public_id = _link(runtime, harbor, theirs=HERE | {"phone": "555-0188"})
    with runtime.sessions() as session:
        cleared = CustomerDetails("Ann", email="ann@example.com")
        edit_customer(session, harbor.admin, public_id, cleared, now=NOW)

    _read(runtime, harbor, books, phone="555-0188", address="1 Quay")

    assert _customer(runtime).phone == ""


def test_another_value_than_the_one_a_person_took_out_is_filled_in(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    public_id = _link(runtime, harbor)
    with runtime.sessions() as session:
        cleared = CustomerDetails("Ann", email="ann@example.com")
        edit_customer(session, harbor.admin, public_id, cleared, now=NOW)

    _read(runtime, harbor, books, phone="555-0177")

    assert _customer(runtime).phone == "555-0177"


def test_whoever_takes_over_a_link_fills_what_is_empty(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _link(runtime, harbor)
    heir = record(2, name="Ann Lund", emails_text="ann@example.com", address="1 Quay")
    books.records = [heir]
    read(runtime, harbor)
    merged = record(
        1, status=RemoteStatus.ARCHIVED, merged_into_remote_id="2", remote_updated_at=NOW
    )
    books.records = [merged]

    read(runtime, harbor)

    assert _customer(runtime).address == "1 Quay"
    assert differing(runtime.sessions) == {"1": "", "2": "name"}


def test_another_companys_customer_is_left_alone(
    runtime: Runtime, harbor: Place, elsewhere: Place, books: FakeAccountingClient
) -> None:
    _link(runtime, elsewhere)

    _read(runtime, harbor, books, name="Beth", address="1 Quay")

    assert _customer(runtime).address == ""
    assert differing(runtime.sessions) == {"1": ""}


def test_where_nobody_is_linked_a_reading_asks_twice_for_hundreds_of_changes(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(number) for number in range(100)]
    read(runtime, harbor)
    books.records = [
        record(number, phone="555-0101", remote_updated_at=NOW) for number in range(100)
    ]
    asked: list[str] = []
    with runtime.sessions() as session:
        engine = session.get_bind()

    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    read(runtime, harbor)

    assert len([statement for statement in asked if "customer_link" in statement]) == 2
    assert rows(runtime.sessions, select(Customer.id)) == []
