"""What a link fills in: fields that are empty here, never what somebody entered."""

from __future__ import annotations

from collections.abc import Mapping

from models import Customer, RemoteCustomer
from services.email_addresses import email_key
from services.text_keys import search_text

FILLED_FIELDS = ("company_name", "phone", "address")


def fillings(customer: Customer, remote: RemoteCustomer) -> dict[str, str]:
    """Return what a link would write into the customer, by field.

    A placeholder is an empty e-mail.
    """
    found = {
        field: getattr(remote, field)
        for field in FILLED_FIELDS
        if not getattr(customer, field) and getattr(remote, field)
    }
    if customer.is_placeholder_email and remote.email:
        found["email"] = remote.email
    return found


def fill(customer: Customer, values: Mapping[str, str]) -> None:
    """Write what was found into the customer, in the caller's transaction."""
    for field, value in values.items():
        setattr(customer, field, value)
    if "email" in values:
        customer.email_key = email_key(customer.email)
        customer.is_placeholder_email = False
    customer.revision += bool(values)
    email = None if customer.is_placeholder_email else customer.email
    customer.search_text = search_text(
        customer.name, customer.company_name, email, phone=customer.phone
    )
