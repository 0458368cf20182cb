"""Customers of a company: add, change, find, list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from models import Customer, CustomerLink, CustomerOrigin, RemoteAccount, RemoteCustomer
from models.base import new_public_id
from services.database import BATCH_ROWS
from services.email_addresses import UnusableAddress, email_key, normalise_address
from services.placeholder_email import is_placeholder_email, make_placeholder_email
from services.plain_text import has_visible, plain_line
from services.providers.contract import ProviderKey
from services.text_keys import search_text, sort_key
from services.text_search import holds_text

PAGE_ROWS = 50
MAX_NAME_CHARACTERS = 500
MAX_PHONE_CHARACTERS = 100
MAX_SEARCH_CHARACTERS = 200
#: What matching compares; whoever changes it raises the revision.
_COMPARED = attrgetter("name", "company_name", "email", "phone", "address")


class UnknownCustomer(Exception):
    """The company has no such customer."""


class BadDetails(Exception):
    """What was entered cannot be a customer; `errors` holds a sentence for each field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("the details of a customer cannot be")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What a person enters about a customer. An empty e-mail is none."""

    name: str
    company_name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class LinkView:
    """Where else a customer is: which remote customer, in whose books."""

    provider: ProviderKey
    account_name: str
    remote_id: str
    remote_name: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer as pages show it; `email` is None where BlueClerk holds a placeholder."""

    public_id: str
    name: str
    company_name: str
    email: str | None
    phone: str
    address: str
    origin: CustomerOrigin
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One page of customers by name. `next_after` continues it, None at the end."""

    rows: tuple[CustomerView, ...]
    total: int
    next_after: str | None


def add_customer(
    session: Session,
    company_id: int,
    details: CustomerDetails,
    *,
    origin: CustomerOrigin,
    now: datetime,
) -> str:
    """Create a customer and return its public id; without an e-mail it gets a placeholder.

    Commits. Raises BadDetails.
    """
    details = check_details(details)
    customer = Customer(
        public_id=new_public_id(), company_id=company_id, origin=origin, created_at=now
    )
    _write(customer, details, placeholder=_own_placeholder(customer))
    session.add(customer)
    session.commit()
    return customer.public_id


def edit_customer(
    session: Session, company_id: int, public_id: str, details: CustomerDetails
) -> None:
    """Change a customer; an e-mail replaces the placeholder, the signup day stays. Commits.

    Raises UnknownCustomer and BadDetails.
    """
    details = check_details(details)
    customer = _require(session, company_id, public_id)
    _write(customer, details, placeholder=_placeholder(session, customer))
    session.commit()


def find_customer(session: Session, company_id: int, public_id: str) -> CustomerView:
    """Return one customer of the company. Raises UnknownCustomer."""
    return _view(_require(session, company_id, public_id))


def list_links(session: Session, company_id: int, public_id: str) -> tuple[LinkView, ...]:
    """Return where else the customer is, by provider. One statement."""
    rows = session.execute(
        select(RemoteAccount, CustomerLink, RemoteCustomer.name)
        .join(CustomerLink, CustomerLink.account_id == RemoteAccount.id)
        .join(Customer, Customer.id == CustomerLink.customer_id)
        .join(
            RemoteCustomer,
            (RemoteCustomer.account_id == CustomerLink.account_id)
            & (RemoteCustomer.remote_id == CustomerLink.remote_id),
        )
        .where(Customer.company_id == company_id, Customer.public_id == public_id)
        .order_by(RemoteAccount.provider, CustomerLink.id)
    )
    return tuple(
        LinkView(
            provider=ProviderKey(account.provider),
            account_name=account.name,
            remote_id=link.remote_id,
            remote_name=name,
            linked_at=link.linked_at,
        )
        for account, link, name in rows
    )


def list_customers(
    session: Session, company_id: int, *, query: str = "", after: str | None = None
) -> CustomerPage:
    """Return one page by name, by key, of those whose name, company, e-mail or phone has the text.

    Two statements, three from the second page on.
    """
    matching = _matching(company_id, query)
    page = matching
    start = _start(session, company_id, after)
    if start is not None:
        page = page.where(tuple_(Customer.sort_key, Customer.id) > start)
    found = session.scalars(
        page.order_by(Customer.sort_key, Customer.id).limit(PAGE_ROWS + 1)
    ).all()
    rows = tuple(_view(customer) for customer in found[:PAGE_ROWS])
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    return CustomerPage(rows, total, rows[-1].public_id if len(found) > PAGE_ROWS else None)


def each_customer(session: Session, company_id: int, *, query: str = "") -> Iterator[CustomerView]:
    """Yield all customers the list would show, by name, without holding them all."""
    rows = session.scalars(
        _matching(company_id, query).order_by(Customer.sort_key, Customer.id),
        execution_options={"yield_per": BATCH_ROWS},
    )
    for customer in rows:
        yield _view(customer)


def check_details(details: CustomerDetails) -> CustomerDetails:
    """Return the details tidied, the address normalised; changes nothing. Raises BadDetails."""
    name, company_name, phone, address = (
        plain_line(text, len(text))
        for text in (details.name, details.company_name, details.phone, details.address)
    )
    errors = {
        field: f"{noun} has at most {most} characters."
        for field, noun, text, most in (
            ("name", "A name", name, MAX_NAME_CHARACTERS),
            ("company_name", "A company name", company_name, MAX_NAME_CHARACTERS),
            ("phone", "A phone number", phone, MAX_PHONE_CHARACTERS),
            ("address", "An address", address, MAX_NAME_CHARACTERS),
        )
        if len(text) > most
    }
    if not has_visible(name):
        errors["name"] = "Enter a name."
    email = details.email.strip()
    try:
        email = normalise_address(email) if email else ""
    except UnusableAddress:
        errors["email"] = "This is not an e-mail address that mail could reach."
    if errors:
        raise BadDetails(errors)
    return CustomerDetails(name, company_name, email, phone, address)


def _matching(company_id: int, query: str) -> Select[Any]:
    return select(Customer).where(
        Customer.company_id == company_id, *holds_text(Customer.search_text, query)
    )


def _write(customer: Customer, details: CustomerDetails, *, placeholder: str) -> None:
    before = _COMPARED(customer)
    customer.name = details.name
    customer.sort_key = sort_key(details.name)
    customer.company_name = details.company_name
    customer.phone = details.phone
    customer.address = details.address
    customer.is_placeholder_email = not details.email
    customer.email = details.email or placeholder
    customer.email_key = email_key(customer.email)
    customer.search_text = search_text(
        details.name, details.company_name, details.email, phone=details.phone
    )
    if _COMPARED(customer) != before:
        customer.revision = (customer.revision or 0) + 1


def _placeholder(session: Session, customer: Customer) -> str:
    """Return the placeholder the customer has, else that of the books it is in, else its own."""
    if is_placeholder_email(customer.email):
        return customer.email
    found = session.execute(
        select(RemoteAccount, CustomerLink.remote_id)
        .join(CustomerLink, CustomerLink.account_id == RemoteAccount.id)
        .where(CustomerLink.customer_id == customer.id)
        .order_by(CustomerLink.id)
        .limit(1)
    ).first()
    if found is None:
        return _own_placeholder(customer)
    account, remote_id = found
    return make_placeholder_email(
        account.provider,
        company_id=account.company_id,
        remote_account_id=account.remote_account_id,
        remote_id=remote_id,
    )


def _own_placeholder(customer: Customer) -> str:
    """Return the placeholder of a customer who came without the books."""
    return make_placeholder_email(
        customer.origin.value,
        company_id=customer.company_id,
        remote_account_id="",
        remote_id=customer.public_id,
    )


def _require(session: Session, company_id: int, public_id: str) -> Customer:
    customer = session.scalar(
        select(Customer).where(Customer.company_id == company_id, Customer.public_id == public_id)
    )
    if customer is None:
        raise UnknownCustomer
    return customer


def _start(session: Session, company_id: int, after: str | None) -> tuple[str, int] | None:
    if after is None:
        return None
    row = session.execute(
        select(Customer.sort_key, Customer.id).where(
            Customer.company_id == company_id, Customer.public_id == after
        )
    ).first()
    return (row[0], row[1]) if row else None


def _view(customer: Customer) -> CustomerView:
    return CustomerView(
        public_id=customer.public_id,
        name=customer.name,
        company_name=customer.company_name,
        email=None if customer.is_placeholder_email else customer.email,
        phone=customer.phone,
        address=customer.address,
        origin=customer.origin,
        created_at=customer.created_at,
    )
