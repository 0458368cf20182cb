"""Suggestions follow whatever changes, on either side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event, select, update

from models import (
    Bin,
    Company,
    Connection,
    ConnectionState,
    Customer,
    CustomerOrigin,
    RemoteAccount,
    RemoteCustomer,
)
from services import match_changes
from services.customers import CustomerDetails, add_customer, edit_customer
from services.match_job import MATCH_JOB, due_matches, match_account
from services.placeholder_email import make_placeholder_email
from services.runtime import Runtime
from tests.conftest import Clock, WakeUps
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_reading,
    make_remote_customer,
)
from tests.fakes import FakeAccountingClient
from tests.services.matching_support import match_everything, suggestions, twins
from tests.services.support import Place, read, record, rows

ANN = CustomerDetails("Ann Brandt", "", "ann.brandt@example.com", "415 555 0123")
ANN_THERE = {
    "name": "Ann Brandt",
    "emails_text": "ann.brandt@example.com",
    "phone": "(415) 555-0123",
}


def _add(runtime: Runtime, place: Place, details: CustomerDetails) -> str:
    with runtime.sessions() as session:
        origin = CustomerOrigin.HAND
        return add_customer(session, place.company_id, details, origin=origin, now=NOW)


def _due(runtime: Runtime) -> list[int]:
    with runtime.sessions() as session:
        return due_matches(session, now=runtime.clock())


def _unkept_count(runtime: Runtime) -> int:
    return sum(
        len(rows(runtime.sessions, select(row.id).where(row.kept_revision != row.revision)))
        for row in (Customer, RemoteCustomer)
    )


@pytest.fixture
def matched(runtime: Runtime, harbor: Place, books: FakeAccountingClient) -> Place:
    """Ann is here and there, and thirty others in each list, all compared."""
    for number in range(30):
        _add(runtime, harbor, CustomerDetails(f"Local Person{number}"))
    _add(runtime, harbor, ANN)
    books.records = [record(1, **ANN_THERE), *(record(number) for number in range(100, 130))]
    read(runtime, harbor)
    match_everything(runtime, harbor.account_id)
    return harbor


def test_suggestions_appear_after_a_reading(runtime: Runtime, matched: Place) -> None:
    assert suggestions(runtime, matched) == {("1", "Ann Brandt"): "exact"}
    assert _unkept_count(runtime) == 0
    bins = rows(runtime.sessions, select(RemoteCustomer.remote_id, RemoteCustomer.bin))
    assert {remote_id for remote_id, found in bins if found is Bin.SAME} == {"1"}
    assert {found for remote_id, found in bins if remote_id != "1"} == {Bin.NEW}


def test_a_reading_wakes_the_matching(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, wake_ups: WakeUps
) -> None:
    books.records = [record(1)]

    read(runtime, harbor)

    assert (MATCH_JOB, harbor.account_id) in wake_ups.rows


def test_an_edit_here_refreshes_the_suggestions(runtime: Runtime, matched: Place) -> None:
    ann = rows(runtime.sessions, select(Customer.public_id).where(Customer.name == ANN.name))[0][0]
    other = replace(ANN, name="Quentin Abelard", email="", phone="")
    with runtime.sessions() as session:
        edit_customer(session, matched.admin, ann, other, now=NOW)

    match_everything(runtime, matched.account_id)

    assert suggestions(runtime, matched) == {}


def test_a_new_customer_here_is_suggested(runtime: Runtime, matched: Place) -> None:
    details = CustomerDetails("Customer 105", email="customer-105@example.com")
    _add(runtime, matched, details)

    match_everything(runtime, matched.account_id)

    assert suggestions(runtime, matched)["105", "Customer 105"] == "exact"


def test_a_change_there_refreshes_the_suggestions(
    runtime: Runtime, matched: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records[0] = record(1, name="Quentin Abelard", emails_text="")
    books.records[1] = record(100, **ANN_THERE)
    clock.advance(days=8)
    read(runtime, matched)

    match_everything(runtime, matched.account_id)

    assert suggestions(runtime, matched) == {("100", "Ann Brandt"): "exact"}


def test_who_vanishes_takes_suggestions_and_look_alikes_along(
    runtime: Runtime, matched: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records.append(record(2, **ANN_THERE))
    clock.advance(days=8)
    read(runtime, matched)
    match_everything(runtime, matched.account_id)
    doubled = suggestions(runtime, matched), twins(runtime)
    del books.records[-1]
    clock.advance(days=8)
    read(runtime, matched)

    match_everything(runtime, matched.account_id)

    assert set(doubled[0]) == {("1", "Ann Brandt"), ("2", "Ann Brandt")}
    assert set(doubled[0].values()) != {"exact"}
    assert len(doubled[1]) == 2
    assert suggestions(runtime, matched) == {("1", "Ann Brandt"): "exact"}
    assert twins(runtime) == set()


def test_two_accounts_of_a_company_both_follow_an_edit(runtime: Runtime, matched: Place) -> None:
    """The edit is kept by the first account that asks; the other one must not miss it."""
    second = _second_account(runtime, matched)
    match_everything(runtime, second.account_id)
    match_everything(runtime, matched.account_id)
    ann = rows(runtime.sessions, select(Customer.public_id).where(Customer.name == ANN.name))[0][0]
    with runtime.sessions() as session:
        details = replace(ANN, name="Quentin Abelard", email="", phone="")
        edit_customer(session, matched.admin, ann, details, now=NOW)

    match_everything(runtime, second.account_id)
    due = _due(runtime)
    match_everything(runtime, matched.account_id)

    assert suggestions(runtime, second) == {}
    assert due == [matched.account_id]
    assert suggestions(runtime, matched) == {}


def _second_account(runtime: Runtime, place: Place) -> Place:
    with runtime.sessions() as session:
        company = session.get_one(Company, place.company_id)
        account = make_account(session, company, provider="xero")
        reading = make_reading(session, make_connection(session, account))
        make_remote_customer(
            session,
            reading,
            name="Ann Brandt",
            email=ANN.email,
            emails_text=ANN.email,
            phone=ANN.phone,
        )
        return replace(place, account_id=account.id)


def test_nobody_is_due_when_everything_is_compared(runtime: Runtime, matched: Place) -> None:
    assert _due(runtime) == []


def test_an_edit_is_found_by_the_sweep(runtime: Runtime, matched: Place) -> None:
    _add(runtime, matched, CustomerDetails("New Here"))

    assert _due(runtime) == [matched.account_id]


def test_a_company_without_a_connection_is_never_due(runtime: Runtime) -> None:
    with runtime.sessions() as session:
        make_customer(session, make_company(session))

    assert _due(runtime) == []


def test_an_account_whose_connection_ended_is_not_due(runtime: Runtime, matched: Place) -> None:
    with runtime.sessions() as session:
        session.execute(update(Connection).values(state=ConnectionState.DISCONNECTED))
        session.commit()
    _add(runtime, matched, CustomerDetails("New Here"))

    assert _due(runtime) == []


@pytest.mark.sqlite_only
def test_nothing_due_is_found_in_the_partial_indexes(runtime: Runtime, matched: Place) -> None:
    plans: list[str] = []
    with runtime.sessions() as session:

        @event.listens_for(session.connection(), "before_cursor_execute")
        def _explain(_c, cursor, statement, parameters, _context, _many):  # type: ignore[no-untyped-def]
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in plan)

        due_matches(session, now=NOW)

    assert any("ix_remote_customer_unkept" in step for step in plans)
    assert any("ix_customer_unkept" in step for step in plans)
    assert not [step for step in plans if step.startswith(("SCAN customer", "SCAN remote_cust"))]


def test_another_zone_has_everybody_kept_anew(runtime: Runtime, matched: Place) -> None:
    with runtime.sessions() as session:
        session.execute(update(Company).values(zone="Europe/London"))
        session.commit()
    due = _due(runtime)

    match_account(runtime, matched.account_id)

    assert due == [matched.account_id]
    assert rows(runtime.sessions, select(RemoteAccount.match_region)) == [("GB",)]
    assert _due(runtime) == []


def test_a_change_during_the_work_is_not_lost(
    runtime: Runtime, matched: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody renames the new customer again while it is being compared."""
    found = match_changes.match_some
    new = _add(runtime, matched, CustomerDetails("New Here"))
    public_ids = [new]

    def rename_meanwhile(*args: object, **options: object) -> object:
        if public_ids:
            with runtime.sessions() as session:
                details = CustomerDetails("Customer 107", email="customer-107@example.com")
                edit_customer(session, matched.admin, public_ids.pop(), details, now=NOW)
        return found(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(match_changes, "match_some", rename_meanwhile)
    _touch(runtime, "107")

    match_everything(runtime, matched.account_id)

    assert suggestions(runtime, matched)["107", "Customer 107"] == "exact"
    assert _unkept_count(runtime) == 0


def _touch(runtime: Runtime, remote_id: str) -> None:
    with runtime.sessions() as session:
        session.execute(
            update(RemoteCustomer)
            .where(RemoteCustomer.remote_id == remote_id)
            .values(revision=RemoteCustomer.revision + 1)
        )
        session.commit()


def test_placeholder_addresses_bring_nobody_together(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    address = make_placeholder_email(
        "quickbooks", company_id=harbor.company_id, remote_account_id="1", remote_id="1"
    )
    with runtime.sessions() as session:
        company = session.get_one(Company, harbor.company_id)
        make_customer(
            session, company, name="Quentin Abelard", email=address, is_placeholder_email=True
        )
    books.records = [record(1, name="Zelda Umbra", emails_text=address)]
    read(runtime, harbor)

    match_everything(runtime, harbor.account_id)

    assert suggestions(runtime, harbor) == {}
