"""What a link fills in: fields that are empty here, never what somebody entered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models import Customer, CustomerAction, CustomerEvent, RemoteCustomer
from services.database import insert_rows
from services.email_addresses import email_key
from services.placeholder_email import is_placeholder_email
from services.text_keys import search_text, sort_key

FILLED_FIELDS = ("company_name", "phone", "address")


def fillings(customer: Customer, remote: RemoteCustomer | Row[*tuple[Any, ...]]) -> dict[str, str]:
    """Return what a link would write into the customer, by field.

    A placeholder is an empty e-mail. Of a row only the columns of FILLED_FIELDS and the e-mail
    are needed.
    """
    found = {
        field: getattr(remote, field)
        for field in FILLED_FIELDS
        if not getattr(customer, field) and getattr(remote, field)
    }
    if customer.is_placeholder_email and remote.email:
        found["email"] = remote.email
    return found


def fill(
    session: Session,
    customer: Customer,
    values: Mapping[str, str],
    *,
    account_id: int | None,
    run_id: int | None,
    user_id: int | None = None,
    action: CustomerAction = CustomerAction.FILLED,
    now: datetime,
) -> None:
    """Write the values into the customer and its history, in the caller's transaction.

    `account_id` is in whose books they stand, `run_id` by which import or undo they come, `user_id`
    who wanted it. A value may be empty, and an e-mail a placeholder: an undo puts it back.
    """
    if not values:
        return
    whose = {"account_id": account_id, "run_id": run_id, "user_id": user_id}
    rows = event_rows(customer, values)
    insert_rows(
        session, CustomerEvent, (row | whose | {"action": action, "at": now} for row in rows)
    )
    write_values(customer, values)


def event_rows(customer: Customer, values: Mapping[str, str]) -> list[dict[str, object]]:
    """Return a row of the history for each value that is about to be written."""
    return [
        {
            "company_id": customer.company_id,
            "customer_id": customer.id,
            "field": field,
            "before": getattr(customer, field),
            "after": value,
        }
        for field, value in values.items()
    ]


def write_values(customer: Customer, values: Mapping[str, str]) -> None:
    """Write the values into the row, with all that follows from them."""
    for field, value in values.items():
        setattr(customer, field, value)
    if "name" in values:
        customer.sort_key = sort_key(customer.name)
    if "email" in values:
        customer.email_key = email_key(customer.email)
        customer.is_placeholder_email = is_placeholder_email(customer.email)
    customer.revision += 1
    email = None if customer.is_placeholder_email else customer.email
    customer.search_text = search_text(
        customer.name, customer.company_name, email, phone=customer.phone
    )
