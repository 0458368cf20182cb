"""Customers here: added, listed by name, page by page."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Customer, CustomerOrigin
from services.customer_lists import PAGE_ROWS, list_customers
from services.customers import CustomerDetails, add_customer
from services.placeholder_email import is_placeholder_email
from tests.factories import (
    NOW,
    make_company,
    make_customer,
)


def _add(session: Session, company_id: int, name: str, email: str = "") -> str:
    details = CustomerDetails(name, email=email)
    return add_customer(session, company_id, details, origin=CustomerOrigin.HAND, now=NOW)


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("nell@EXAMPLE.com", "nell@example.com"),
        ("x@placeholder.local.example.com", "x@placeholder.local.example.com"),
        ("", None),
    ],
)
def test_a_customer_without_a_usable_address_is_shown_without_one(
    session: Session, email: str, shown: str | None
) -> None:
    company = make_company(session)

    _add(session, company.id, " Nell Harrow ", email)

    [row] = list_customers(session, company.id).rows
    assert (row.name, row.email, row.origin) == ("Nell Harrow", shown, CustomerOrigin.HAND)


def test_two_customers_without_an_address_have_two_placeholders(session: Session) -> None:
    company = make_company(session)

    for _ in range(2):
        _add(session, company.id, "Ann")

    added = session.scalars(select(Customer)).all()
    assert added[0].email != added[1].email
    assert all(is_placeholder_email(customer.email) for customer in added)
    assert all(customer.is_placeholder_email for customer in added)


def test_customers_are_listed_by_name_whatever_its_case(session: Session) -> None:
    company = make_company(session)
    for name in ("bea", "Ann", "ÉMILE", "Zoe", "ann"):
        _add(session, company.id, name)

    names = [row.name for row in list_customers(session, company.id).rows]

    assert names == ["Ann", "ann", "bea", "Zoe", "ÉMILE"]


def test_pages_hold_everybody_once_even_under_one_name(session: Session) -> None:
    company = make_company(session)
    for _ in range(PAGE_ROWS * 2 + 1):
        make_customer(session, company, name="Ann")

    pages = [list_customers(session, company.id)]
    while pages[-1].next_after is not None:
        pages.append(list_customers(session, company.id, after=pages[-1].next_after))

    ids = [row.public_id for page in pages for row in page.rows]
    assert [len(page.rows) for page in pages] == [PAGE_ROWS, PAGE_ROWS, 1]
    assert len(set(ids)) == len(ids) == pages[0].total


def test_a_page_that_is_just_full_has_no_next_one(session: Session) -> None:
    company = make_company(session)
    for _ in range(PAGE_ROWS):
        make_customer(session, company)

    assert list_customers(session, company.id).next_after is None


@pytest.mark.parametrize("after", ["", "nonsense", "0" * 16])
def test_a_page_after_nobody_is_the_first_page(session: Session, after: str) -> None:
    company = make_company(session)
    make_customer(session, company)

    assert len(list_customers(session, company.id, after=after).rows) == 1


def test_zoe_sees_her_own_customers_only(session: Session) -> None:
    harbor, elsewhere = make_company(session), make_company(session)
    theirs = make_customer(session, harbor, name="Ann")
    make_customer(session, elsewhere, name="Ben")

    page = list_customers(session, elsewhere.id, after=theirs.public_id)

    assert [row.name for row in page.rows] == ["Ben"]
    assert page.total == 1


@pytest.mark.parametrize(
    ("query", "name"),
    [("lukasz", "Łukasz Wójcik"), ("GARCÍA", "Garcia & Sons"), ("(312) 555-0142", "Ben")],
)
def test_customers_are_found_without_accents_and_by_any_spelling_of_the_phone(
    session: Session, query: str, name: str
) -> None:
    company = make_company(session)
    for each, phone in (("Łukasz Wójcik", ""), ("Garcia & Sons", ""), ("Ben", "+1 312 555 0142")):
        details = CustomerDetails(each, phone=phone)
        add_customer(session, company.id, details, origin=CustomerOrigin.HAND, now=NOW)

    page = list_customers(session, company.id, query=query)

    assert [row.name for row in page.rows] == [name]
