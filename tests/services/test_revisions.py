"""A row is compared anew exactly when what matching compares has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from models import Company, Customer, CustomerOrigin, RemoteAccount, RemoteCustomer
from services.customers import CustomerDetails, add_customer, edit_customer
from services.decisions import ignore, restore
from services.providers.contract import RemoteKind, RemoteStatus
from services.remote_customers import set_sub_customers
from services.review_query import Meant
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_customer, make_link
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, public_ids, read, record, rows

ANN = CustomerDetails("Ann Brandt", "Brandt Tools", "ann@example.com", "555 0100", "1 Elm Street")


def _remote_revision(runtime: Runtime) -> int:
    return int(rows(runtime.sessions, select(RemoteCustomer.revision))[0][0])


def _customer_revision(runtime: Runtime) -> int:
    return int(rows(runtime.sessions, select(Customer.revision))[0][0])


@pytest.mark.parametrize(
    ("change", "raised_by"),
    [
        ({"name": "Another Name"}, 1),
        ({"company_name": "Brandt Tools"}, 1),
        ({"person_name": "Ann Brandt"}, 1),
        ({"emails_text": "other@example.com"}, 1),
        ({"phone": "555 0100"}, 1),
        ({"other_phones": ("555 0101",)}, 1),
        ({"address": "1 Elm Street, Thalby"}, 1),
        ({"status": RemoteStatus.ARCHIVED}, 1),
        ({"kind": RemoteKind.PROJECT}, 1),
        ({"balance_cents": 500}, 0),
        ({"currency": "EUR"}, 0),
    ],
    ids=str,
)
def test_a_change_in_the_books_counts_if_it_is_compared(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    change: dict[str, Any],
    raised_by: int,
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    before = _remote_revision(runtime)
    books.records = [record(1, **change)]
    clock.advance(days=8)

    read(runtime, harbor)

    assert _remote_revision(runtime) == before + raised_by


def test_who_vanishes_and_who_comes_back_is_compared_anew(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    seen = []
    for records in ([record(1)], [], [record(1)]):
        books.records = records
        clock.advance(days=8)
        read(runtime, harbor)
        seen.append(_remote_revision(runtime))

    assert seen == [seen[0], seen[0] + 1, seen[0] + 2]


def test_the_switch_has_sub_customers_compared_anew(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1, kind=RemoteKind.SUB_CUSTOMER)]
    read(runtime, harbor)
    before = _remote_revision(runtime)
    seen = []

    for are_included in (True, True, False):
        with runtime.sessions() as session:
            account = session.get_one(RemoteAccount, harbor.account_id)
            set_sub_customers(session, account, are_included=are_included)
            session.commit()
        seen.append(_remote_revision(runtime) - before)

    assert seen == [1, 1, 2]


@pytest.mark.parametrize(
    ("details", "raised_by"),
    [
        (ANN, 0),
        (replace(ANN, name="Anna Brandt"), 1),
        (replace(ANN, company_name=""), 1),
        (replace(ANN, email="other@example.com"), 1),
        (replace(ANN, phone=""), 1),
        (replace(ANN, address="2 Elm Street"), 1),
    ],
    ids=["nothing", "name", "company", "e-mail", "phone", "address"],
)
def test_an_edit_here_counts_if_it_changes_anything(
    runtime: Runtime, harbor: Place, details: CustomerDetails, raised_by: int
) -> None:
    with runtime.sessions() as session:
        company_id = harbor.company_id
        one = add_customer(session, company_id, ANN, origin=CustomerOrigin.HAND, now=NOW)
    before = _customer_revision(runtime)

    with runtime.sessions() as session:
        edit_customer(session, harbor.admin, one, details, now=NOW)

    assert _customer_revision(runtime) == before + raised_by


def test_an_address_the_books_have_gained_is_compared(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1, emails_text="")]
    read(runtime, harbor)
    with runtime.sessions() as session:
        remote = session.scalars(select(RemoteCustomer)).one()
        customer = make_customer(
            session,
            session.get_one(Company, harbor.company_id),
            email="quickbooks-0@placeholder.local",
            is_placeholder_email=True,
        )
        make_link(session, remote, customer)
    before = _customer_revision(runtime)
    books.records = [record(1)]
    clock.advance(days=8)

    read(runtime, harbor)

    assert _customer_revision(runtime) == before + 1


def test_who_is_restored_after_leaving_the_books_is_compared_anew(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    meant = Meant(tuple(public_ids(runtime.sessions, harbor, "1")))
    with runtime.sessions() as session:
        ignore(session, harbor.admin, harbor.account_id, meant=meant, now=NOW)
    books.records = []
    clock.advance(days=8)
    read(runtime, harbor)
    before = _remote_revision(runtime)

    with runtime.sessions() as session:
        restore(session, harbor.admin, harbor.account_id, meant=meant, now=NOW)

    assert _remote_revision(runtime) == before + 1
