"""Customers without an e-mail, to be given one after the other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.audit import AuditAction
from services.customer_details import check_email
from services.customer_lists import CustomerCounts, CustomerFilter, CustomerPage, list_customers
from services.customers import change_customer, lock_customer
from services.sign_ins import SignedIn


class EmailThere(Exception):
    """Somebody else gave the customer an e-mail meanwhile, or the books did."""

    def __init__(self, email: str) -> None:
        super().__init__("the customer has an e-mail by now")
        self.email = email


def list_without_email(
    session: Session,
    company_id: int,
    *,
    after: str | None = None,
    counts: CustomerCounts | None = None,
) -> CustomerPage:
    """Return one page by name of who has no e-mail, with the books each is in and what it owes."""
    return list_customers(
        session, company_id, show=CustomerFilter.NO_EMAIL, after=after, counts=counts
    )


def set_email(session: Session, who: SignedIn, public_id: str, email: str, *, now: datetime) -> str:
    """Replace the placeholder by the address and return it normalised. Commits.

    Raises UnknownCustomer, BadDetails with a sentence for `email`, and EmailThere where the
    customer has another address by now: it is not overwritten from a list that shows none.
    """
    address = check_email(email)
    customer = lock_customer(session, who.company_id, public_id)
    if not customer.is_placeholder_email and customer.email != address:
        raise EmailThere(customer.email)
    values = {"email": address}
    change_customer(session, who, customer, values, action=AuditAction.CUSTOMER_EDITED, now=now)
    session.commit()
    return address
