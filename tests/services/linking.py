"""A customer here that is linked to one in the books, each as a test wants it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import (
    Company,
    Connection,
    Customer,
    CustomerEvent,
    CustomerLink,
    RemoteAccount,
    RemoteCustomer,
)
from tests.factories import (
    make_connection,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
)
from tests.services.support import Place, rows

PLACEHOLDER = "quickbooks-0123456789abcdef@placeholder.local"
NO_EMAIL = {"email": PLACEHOLDER, "is_placeholder_email": True}


def make_linked(
    session: Session, place: Place, *, ours: dict[str, Any], theirs: dict[str, Any]
) -> Customer:
    """Link a customer to the remote customer "1" of the place, unless `theirs` says another."""
    company = session.get_one(Company, place.company_id)
    connection = session.get_one(Connection, place.connection_id)
    remote = make_remote_customer(
        session, make_reading(session, connection), **{"remote_id": "1"} | theirs
    )
    customer = make_customer(session, company, **ours)
    make_link(session, remote, customer)
    return customer


def link_elsewhere(
    session: Session, customer: Customer, *, provider: str = "xero", **theirs: Any
) -> RemoteCustomer:
    """Link the customer in the books of another provider as well."""
    account = RemoteAccount(
        company_id=customer.company_id, provider=provider, remote_account_id="x1", name="Harbor"
    )
    session.add(account)
    session.flush()
    reading = make_reading(session, make_connection(session, account))
    remote = make_remote_customer(session, reading, **theirs)
    make_link(session, remote, customer)
    return remote


def events(sessions: sessionmaker[Session]) -> list[tuple[str, str, str, str]]:
    """Return action, field, before and after of every event, in their order."""
    query = select(
        CustomerEvent.action, CustomerEvent.field, CustomerEvent.before, CustomerEvent.after
    ).order_by(CustomerEvent.id)
    return [(action.value, *others) for action, *others in rows(sessions, query)]


def differing(sessions: sessionmaker[Session]) -> dict[str, str]:
    """Return what differs of each link, by remote id."""
    query = select(CustomerLink.remote_id, CustomerLink.differing)
    return {remote_id: fields for remote_id, fields in rows(sessions, query)}
