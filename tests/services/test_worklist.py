"""Customers without an e-mail: listed with where they are, and given an address."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models import Company, Customer
from services.customer_details import BadDetails
from services.customer_lists import count_customers
from services.customers import UnknownCustomer
from services.providers.contract import ProviderKey
from services.runtime import Runtime
from services.worklist import EmailThere, list_without_email, set_email
from tests.factories import NOW, make_customer
from tests.services.linking import NO_EMAIL, PLACEHOLDER, events, make_linked
from tests.services.support import Place


@pytest.fixture
def ann(runtime: Runtime, harbor: Place) -> str:
    theirs = {"email": None, "balance_cents": 118_000, "currency": "USD"}
    with runtime.sessions() as session:
        return make_linked(
            session, harbor, ours={"name": "Ann", "phone": "555-0101", **NO_EMAIL}, theirs=theirs
        ).public_id


def _customer(runtime: Runtime) -> Customer:
    with runtime.sessions() as session:
        return session.scalars(select(Customer)).one()


def test_the_list_tells_where_somebody_without_an_email_is_and_what_is_open(
    runtime: Runtime, harbor: Place, ann: str
) -> None:
    with runtime.sessions() as session:
        make_customer(session, session.get_one(Company, harbor.company_id), name="Ben")

        page = list_without_email(session, harbor.company_id)

    [row] = page.rows
    assert (row.public_id, row.email, row.phone) == (ann, None, "555-0101")
    assert [tag.provider for tag in row.tags] == [ProviderKey.QUICKBOOKS]
    assert [balance.words for balance in row.balances] == ["$1,180.00"]
    assert page.total == 1


def test_a_saved_address_replaces_the_placeholder_and_leaves_the_list(
    runtime: Runtime, harbor: Place, ann: str
) -> None:
    with runtime.sessions() as session:
        saved = set_email(session, harbor.admin, ann, " Ann@EXAMPLE.com ", now=NOW)

        assert saved == "Ann@example.com"
        assert count_customers(session, harbor.company_id).no_email == 0
    customer = _customer(runtime)
    assert (customer.email, customer.is_placeholder_email) == ("Ann@example.com", False)
    assert customer.created_at == NOW
    assert events(runtime.sessions) == [("edited", "email", PLACEHOLDER, "Ann@example.com")]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter an e-mail address."),
        ("marguerite", "The @ is missing."),
        ("marguerite@", "The part after @ is missing."),
        ("@example.com", "The part before @ is missing."),
        ("a b@example", "This is not an e-mail address that mail could reach."),
        ("x@placeholder.local", "This is not an e-mail address that mail could reach."),
    ],
)
def test_what_is_no_address_is_said_in_a_sentence(
    runtime: Runtime, harbor: Place, ann: str, typed: str, sentence: str
) -> None:
    with runtime.sessions() as session, pytest.raises(BadDetails) as refused:
        set_email(session, harbor.admin, ann, typed, now=NOW)

    assert refused.value.errors == {"email": sentence}
    assert _customer(runtime).is_placeholder_email


def test_an_address_somebody_else_saved_meanwhile_is_not_overwritten(
    runtime: Runtime, harbor: Place, ann: str
) -> None:
    with runtime.sessions() as session:
        set_email(session, harbor.admin, ann, "first@example.com", now=NOW)

    with runtime.sessions() as session, pytest.raises(EmailThere) as refused:
        set_email(session, harbor.admin, ann, "second@example.com", now=NOW)

    assert refused.value.email == "first@example.com"
    assert _customer(runtime).email == "first@example.com"


def test_saving_the_same_address_twice_is_saving_it_once(
    runtime: Runtime, harbor: Place, ann: str
) -> None:
    for _ in range(2):
        with runtime.sessions() as session:
            set_email(session, harbor.admin, ann, "ann@example.com", now=NOW)

    assert len(events(runtime.sessions)) == 1


def test_zoe_sees_and_changes_nobody(
    runtime: Runtime, harbor: Place, elsewhere: Place, ann: str
) -> None:
    with runtime.sessions() as session:
        assert list_without_email(session, elsewhere.company_id).rows == ()
        with pytest.raises(UnknownCustomer):
            set_email(session, elsewhere.admin, ann, "zoe@example.com", now=NOW)
