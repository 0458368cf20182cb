"""What a link fills in: fields that are empty here, never what somebody entered."""

from __future__ import annotations

from models import Customer, RemoteCustomer

#: The e-mail is not among them: a placeholder gives way when the books gain an address.
FILLED_FIELDS = ("company_name", "phone", "address")


def fillings(customer: Customer, remote: RemoteCustomer) -> dict[str, str]:
    """Return what a link would write into the customer, by field."""
    return {
        field: getattr(remote, field)
        for field in FILLED_FIELDS
        if not getattr(customer, field) and getattr(remote, field)
    }
