"""Customers of a company: add, change, find one. Lists are in customer_lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerAction,
    CustomerLink,
    CustomerOrigin,
    RemoteAccount,
)
from models.base import new_public_id
from services.audit import AuditAction, record_event
from services.company_lock import lock_company
from services.customer_details import BadDetails as BadDetails
from services.customer_details import CustomerDetails as CustomerDetails
from services.customer_details import check_details
from services.differences import refresh_differing_of
from services.filling import fill, write_values
from services.placeholder_email import is_placeholder_email, make_placeholder_email
from services.sign_ins import SignedIn


class UnknownCustomer(Exception):
    """The company has no such customer."""


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


def add_customer(
    session: Session,
    company_id: int,
    details: CustomerDetails,
    *,
    origin: CustomerOrigin,
    added_by_id: int | None = None,
    now: datetime,
) -> str:
    """Create a customer and return its public id; without an e-mail it gets a placeholder.

    With `added_by_id` the audit tells who added it. Commits. Raises BadDetails.
    """
    details = check_details(details)
    lock_company(session, company_id)
    customer = Customer(
        public_id=new_public_id(), company_id=company_id, origin=origin, created_at=now, revision=0
    )
    values = asdict(details)
    write_values(customer, values | {"email": details.email or own_placeholder(customer)})
    session.add(customer)
    if added_by_id is not None:
        record_event(
            session,
            company_id=company_id,
            user_id=added_by_id,
            action=AuditAction.CUSTOMER_ADDED,
            subject=customer.public_id,
            now=now,
        )
    session.commit()
    return customer.public_id


def edit_customer(
    session: Session, who: SignedIn, public_id: str, details: CustomerDetails, *, now: datetime
) -> None:
    """Change a customer; an e-mail replaces the placeholder, the signup day stays. Commits.

    Each field that changes leaves an event. Raises UnknownCustomer and BadDetails.
    """
    details = check_details(details)
    customer = lock_customer(session, who.company_id, public_id)
    email = details.email or _placeholder(session, customer)
    values = asdict(details) | {"email": email}
    change_customer(session, who, customer, values, action=AuditAction.CUSTOMER_EDITED, now=now)
    session.commit()


def change_customer(
    session: Session,
    who: SignedIn,
    customer: Customer,
    values: Mapping[str, str],
    *,
    action: AuditAction,
    account: RemoteAccount | None = None,
    now: datetime,
) -> tuple[str, ...]:
    """Write the values that are others than before, and return their fields.

    With history, audit and what differs from the books, in the caller's transaction. `account` is
    in whose books a person found them, None where they were typed.
    """
    changed = {field: value for field, value in values.items() if getattr(customer, field) != value}
    if not changed:
        return ()
    fill(
        session,
        customer,
        changed,
        account_id=account.id if account else None,
        run_id=None,
        user_id=who.user_id,
        action=CustomerAction.TAKEN if account else CustomerAction.EDITED,
        now=now,
    )
    refresh_differing_of(session, [customer.id])
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=action,
        subject=customer.public_id,
        detail=", ".join(changed),
        now=now,
    )
    return tuple(changed)


def find_customer(session: Session, company_id: int, public_id: str) -> CustomerView:
    """Return one customer of the company. Raises UnknownCustomer."""
    return view_customer(require_customer(session, company_id, public_id))


def require_customer(session: Session, company_id: int, public_id: str) -> Customer:
    """Return the row of one customer of the company, to read it. Raises UnknownCustomer."""
    return _require(session, _one(company_id, public_id))


def lock_customer(session: Session, company_id: int, public_id: str) -> Customer:
    """Return the row of one customer of the company, to change it. Raises UnknownCustomer.

    Nobody else writes it until the caller's transaction ends, so the history tells what was there.
    """
    lock_company(session, company_id)
    return _require(session, _one(company_id, public_id).with_for_update())


def view_customer(customer: Customer) -> CustomerView:
    """Return the row as pages show it."""
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


def _one(company_id: int, public_id: str) -> Select[Customer]:
    return select(Customer).where(
        Customer.company_id == company_id, Customer.public_id == public_id
    )


def _require(session: Session, one: Select[Customer]) -> Customer:
    customer = session.scalar(one)
    if customer is None:
        raise UnknownCustomer
    return customer


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
        return own_placeholder(customer)
    account, remote_id = found
    return books_placeholder(account, remote_id)


def books_placeholder(account: RemoteAccount, remote_id: str) -> str:
    """Return the placeholder of whoever came from these books without an e-mail."""
    return make_placeholder_email(
        account.provider,
        company_id=account.company_id,
        remote_account_id=account.remote_account_id,
        remote_id=remote_id,
    )


def own_placeholder(customer: Customer) -> str:
    """Return the placeholder of a customer who came without the books."""
    return make_placeholder_email(
        customer.origin.value,
        company_id=customer.company_id,
        remote_account_id="",
        remote_id=customer.public_id,
    )
