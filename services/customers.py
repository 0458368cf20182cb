"""Customers of a company: add one, list them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from models import Customer, CustomerOrigin
from models.base import new_public_id
from services.email_addresses import email_key, first_usable_address
from services.placeholder_email import make_placeholder_email
from services.text_keys import search_text, sort_key

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in a list; `email` is None where BlueClerk holds a placeholder."""

    public_id: str
    name: str
    company_name: str
    email: str | None
    phone: str
    origin: CustomerOrigin
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One page of customers by name. `next_after` continues it, None at the end."""

    rows: tuple[CustomerRow, ...]
    total: int
    next_after: str | None


def add_customer(
    session: Session,
    company_id: int,
    *,
    name: str,
    origin: CustomerOrigin,
    company_name: str = "",
    email: str = "",
    phone: str = "",
    now: datetime,
) -> Customer:
    """Create a customer; without a usable address it gets a placeholder. Commits."""
    public_id = new_public_id()
    address = first_usable_address(email)
    placeholder = make_placeholder_email(
        origin.value, company_id=company_id, remote_account_id="", remote_id=public_id
    )
    customer = Customer(
        public_id=public_id,
        company_id=company_id,
        name=name.strip(),
        sort_key=sort_key(name),
        company_name=company_name.strip(),
        email=address or placeholder,
        email_key=email_key(address or placeholder),
        is_placeholder_email=address is None,
        phone=phone.strip(),
        search_text=search_text(name, company_name, address, phone=phone),
        origin=origin,
        created_at=now,
    )
    session.add(customer)
    session.commit()
    return customer


def list_customers(session: Session, company_id: int, *, after: str | None = None) -> CustomerPage:
    """Return one page by name, by key. Two statements."""
    query = select(Customer).where(Customer.company_id == company_id)
    start = _start(session, company_id, after)
    if start is not None:
        query = query.where(tuple_(Customer.sort_key, Customer.id) > start)
    found = session.scalars(
        query.order_by(Customer.sort_key, Customer.id).limit(PAGE_ROWS + 1)
    ).all()
    rows = tuple(_row(customer) for customer in found[:PAGE_ROWS])
    counting = select(func.count()).select_from(Customer).where(Customer.company_id == company_id)
    has_more = len(found) > PAGE_ROWS
    return CustomerPage(
        rows, session.scalar(counting) or 0, rows[-1].public_id if has_more else None
    )


def _start(session: Session, company_id: int, after: str | None) -> tuple[str, int] | None:
    if after is None:
        return None
    row = session.execute(
        select(Customer.sort_key, Customer.id).where(
            Customer.company_id == company_id, Customer.public_id == after
        )
    ).first()
    return (row[0], row[1]) if row else None


def _row(customer: Customer) -> CustomerRow:
    return CustomerRow(
        public_id=customer.public_id,
        name=customer.name,
        company_name=customer.company_name,
        email=None if customer.is_placeholder_email else customer.email,
        phone=customer.phone,
        origin=customer.origin,
        created_at=customer.created_at,
    )
