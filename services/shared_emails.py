"""Who of a company has an e-mail already; two may share one, but a person should know."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Customer
from services.customer_details import CustomerDetails, check_details
from services.customers import CustomerView, view_customer
from services.email_addresses import email_key


def find_sharer(
    session: Session, company_id: int, email: str, *, but_id: str = ""
) -> CustomerView | None:
    """Return the first customer who has this address, the one with `but_id` (public) left out."""
    found = session.scalar(
        select(Customer)
        .where(
            Customer.company_id == company_id,
            Customer.email_key == email_key(email),
            Customer.public_id != but_id,
        )
        .order_by(Customer.id)
        .limit(1)
    )
    return view_customer(found) if found else None


def find_unmentioned(
    session: Session, company_id: int, details: CustomerDetails, *, confirmed_email: str
) -> CustomerView | None:
    """Return who has the e-mail of somebody to be added, unless a person was told of that address.

    Raises BadDetails, as adding them would.
    """
    email = check_details(details).email
    if not email or email_key(email) == email_key(confirmed_email):
        return None
    return find_sharer(session, company_id, email)
