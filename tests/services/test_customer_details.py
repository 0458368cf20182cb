"""Adding, changing and finding customers: what can be, what cannot, and whose they are."""

from __future__ import annotations

import csv

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Company, Customer, CustomerOrigin
from services.customer_csv import csv_lines, guard_formula
from services.customer_lists import each_customer, list_customers
from services.customers import (
    BadDetails,
    CustomerDetails,
    UnknownCustomer,
    add_customer,
    edit_customer,
    find_customer,
)
from services.placeholder_email import make_placeholder_email
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
    make_signed_in,
    make_user,
)


def _add(session: Session, company_id: int, details: CustomerDetails) -> str:
    return add_customer(session, company_id, details, origin=CustomerOrigin.HAND, now=NOW)


def _edit(session: Session, company: Company, public_id: str, details: CustomerDetails) -> None:
    who = make_signed_in(session, make_user(session, company))
    edit_customer(session, who, public_id, details, now=NOW)


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (CustomerDetails("  "), "name"),
        (CustomerDetails("n" * 501), "name"),
        (CustomerDetails("Nell", email="not an address"), "email"),
        (CustomerDetails("Nell", email="a@example.com, b@example.com"), "email"),
        (CustomerDetails("Nell", email="a@example.com\r\nBcc: b@example.com"), "email"),
        (CustomerDetails("Nell", email="x@PLACEHOLDER.LOCAL"), "email"),
        (CustomerDetails("Nell", phone="5" * 101), "phone"),
        (CustomerDetails("Nell", company_name="c" * 501), "company_name"),
        (CustomerDetails("Nell", address="a" * 501), "address"),
        (CustomerDetails("\u200b"), "name"),
        (CustomerDetails("\u200c\u200d"), "name"),
        (CustomerDetails("\u3164\u2800"), "name"),
        (CustomerDetails("\u0301\ufe0f"), "name"),
        (CustomerDetails("\u202e\u2066\x07\n"), "name"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    session: Session, details: CustomerDetails, field: str
) -> None:
    company = make_company(session)

    with pytest.raises(BadDetails) as refused:
        _add(session, company.id, details)

    assert set(refused.value.errors) == {field}
    assert session.scalars(select(Customer)).all() == []


def test_marks_that_mislead_the_eye_are_not_stored(session: Session) -> None:
    company = make_company(session)

    public_id = _add(
        session,
        company.id,
        CustomerDetails(
            "\u202egnp.exe",
            company_name="Har\u2066bor\x07",
            phone="\u202d555\u202c",
            address="1\u2028Quay\x00",
        ),
    )

    found = find_customer(session, company.id, public_id)
    assert (found.name, found.company_name) == ("gnp.exe", "Harbor")
    assert (found.phone, found.address) == ("555", "1 Quay")


@pytest.mark.parametrize("name", ["می\u200cخواهم", "👩\u200d🔧", "Zoë", "7", "!"])
def test_a_name_in_any_script_is_stored_as_it_is_written(session: Session, name: str) -> None:
    company = make_company(session)

    public_id = _add(session, company.id, CustomerDetails(name))

    assert find_customer(session, company.id, public_id).name == name


def test_an_email_replaces_the_placeholder_and_keeps_the_signup_day(session: Session) -> None:
    company = make_company(session)
    public_id = _add(session, company.id, CustomerDetails("Nell Harrow"))

    _edit(session, company, public_id, CustomerDetails("Nell Harrow", email="nell@example.com"))

    customer = session.scalars(select(Customer)).one()
    assert (customer.email, customer.is_placeholder_email) == ("nell@example.com", False)
    assert customer.created_at == NOW


def test_taking_the_email_away_brings_the_placeholder_back(session: Session) -> None:
    company = make_company(session)
    public_id = _add(session, company.id, CustomerDetails("Nell", email="nell@example.com"))

    _edit(session, company, public_id, CustomerDetails("Nell"))

    assert find_customer(session, company.id, public_id).email is None


def test_a_placeholder_from_the_books_survives_an_edit(session: Session) -> None:
    company = make_company(session)
    address = "quickbooks-0123456789abcdef@placeholder.local"
    customer = make_customer(
        session,
        company,
        email=address,
        is_placeholder_email=True,
        origin=CustomerOrigin.IMPORT,
    )

    _edit(session, company, customer.public_id, CustomerDetails("Nell", phone="1"))

    assert customer.email == address
    assert customer.is_placeholder_email


@pytest.mark.parametrize("provider", ["quickbooks", "xero"])
def test_taking_the_email_of_an_imported_customer_away_brings_the_books_placeholder_back(
    session: Session, provider: str
) -> None:
    company = make_company(session)
    account = make_account(session, company, provider=provider)
    reading = make_reading(session, make_connection(session, account))
    remote = make_remote_customer(session, reading, email=None)
    customer = make_customer(session, company, email="n@example.com", origin=CustomerOrigin.IMPORT)
    make_link(session, remote, customer)

    _edit(session, company, customer.public_id, CustomerDetails("Nell"))

    assert customer.is_placeholder_email
    assert customer.email == make_placeholder_email(
        provider,
        company_id=company.id,
        remote_account_id=account.remote_account_id,
        remote_id=remote.remote_id,
    )


def test_another_company_finds_nobody(session: Session) -> None:
    company, elsewhere = make_company(session), make_company(session)
    public_id = _add(session, company.id, CustomerDetails("Nell"))

    with pytest.raises(UnknownCustomer):
        find_customer(session, elsewhere.id, public_id)

    assert list_customers(session, elsewhere.id).total == 0


@pytest.mark.parametrize(
    "query", ["okafor", "MARINE ltd", "n@okafor", "5550142", "(814) 555", "Ｏｋａｆｏｒ"]
)
def test_search_finds_by_name_company_email_and_phone(session: Session, query: str) -> None:
    company = make_company(session)
    _add(
        session,
        company.id,
        CustomerDetails(
            "Nadia Okafor",
            company_name="Okafor Marine Ltd",
            email="n@okafor.example.com",
            phone="(814) 555-0142",
        ),
    )
    _add(session, company.id, CustomerDetails("Somebody else"))

    page = list_customers(session, company.id, query=query)

    assert [row.name for row in page.rows] == ["Nadia Okafor"]
    assert page.total == 1


@pytest.mark.parametrize("query", ["%", "_", "\\", "'", "x" * 10_000])
def test_search_takes_every_character_literally(session: Session, query: str) -> None:
    company = make_company(session)
    _add(session, company.id, CustomerDetails("Nell"))

    assert list_customers(session, company.id, query=query).total == 0


def test_the_file_has_an_empty_cell_where_there_is_a_placeholder(session: Session) -> None:
    company = make_company(session)
    _add(session, company.id, CustomerDetails("Nell, Harrow", phone="+1 814"))

    text = "".join(csv_lines(each_customer(session, company.id)))

    assert text.startswith('\ufeff"Name","Company","E-mail","Phone"')
    assert text.splitlines()[1] == '"Nell, Harrow","","","\'+1 814","","2026-11-20 14:00"'
    assert "placeholder" not in text


@pytest.mark.parametrize("hidden", [";=1+1", 'x; "=1+1', ";;@SUM(1)", 'x";"";-1+1', "x\t+1"])
def test_no_cell_is_a_formula_where_something_else_separates(session: Session, hidden: str) -> None:
    company = make_company(session)
    make_customer(session, company, name=hidden, company_name=hidden, phone=hidden)

    lines = "".join(csv_lines(each_customer(session, company.id))).splitlines()

    for separator in ",;\t":
        [cells] = csv.reader(lines[1:], delimiter=separator)
        assert not [cell for cell in cells if cell.lstrip(' "').startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert guard_formula(f"{start}HYPERLINK()").startswith("'")
