"""The plain words under which a column stands in a customer's file, and its values there; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

#: What JSON can say.
Told = str | int | float | bool | None

CUSTOMER: Mapping[str, str] = MappingProxyType(
    {
        "public_id": "number in addresses",
        "name": "name",
        "company_name": "company",
        "email": "e-mail",
        "is_placeholder_email": "e-mail is only a stand-in",
        "phone": "phone",
        "address": "address",
        "origin": "came by",
        "created_at": "customer since",
        "sort_key": "name for sorting",
        "email_key": "e-mail for comparing",
        "search_text": "text for searching",
        "revision": "version",
        "kept_revision": "version that was compared with the accounting software",
    }
)
REMOTE: Mapping[str, str] = MappingProxyType(
    {
        "remote_id": "number there",
        "name": "name",
        "company_name": "company",
        "person_name": "person",
        "email": "e-mail",
        "emails_text": "e-mails as written there",
        "has_email": "has a usable e-mail",
        "phone": "phone",
        "other_phones": "other phones",
        "address": "address",
        "other_addresses": "other addresses",
        "balance_cents": "open balance in cents",
        "currency": "currency",
        "status": "status there",
        "kind": "kind there",
        "parent_remote_id": "number of the parent there",
        "merged_into_remote_id": "number it was merged into there",
        "remote_updated_at": "last changed there",
        "state": "how it stands here",
        "is_counted": "is counted",
        "bin": "what an import would do, if it is not linked",
        "why": "why it is not here, if it is not linked",
        "why_text": "why, in words",
        "why_at": "why, since",
        "decided_at": "decided at",
        "ignore_reason": "why it is ignored",
        "erased_at": "erased at",
        "public_id": "number in addresses",
        "decision_batch": "number of the decision",
        "fingerprint": "digest of what was read",
        "sort_key": "name for sorting",
        "email_key": "e-mail for comparing",
        "search_text": "text for searching",
        "revision": "version",
        "kept_revision": "version that was compared with the customers here",
    }
)
#: Numbers of rows and of people who work with it; no page shows these either.
LEFT_OUT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "customer": frozenset({"id", "company_id"}),
        "remote_customer": frozenset(
            {"id", "company_id", "account_id", "first_reading_id", "decided_by_id"}
        ),
    }
)
#: What a person may ask beside the data themselves (GDPR, article 15).
ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "why it is held": "To serve the customer, and to match invoices with the customer in the "
        "accounting software.",
        "where it came from": "See 'came by' and 'history': the public sign-up page, entered by "
        "hand, or read in the accounting software. BlueClerk never writes there.",
        "who receives it": "People of the company who sign in to BlueClerk, and the recipients of "
        "its daily signup report on the day after the sign-up.",
        "how long": "Until the customer is erased here.",
        "what is not in this file": "Mailed reports are stored as counts only, so no list tells in "
        "which mails the customer stood. Who of the company did something is left out: that is "
        "about other people. What the accounting software itself holds is asked for there. "
        "Backups hold older versions of the same until they are deleted.",
    }
)


def tell_row(row: Any, words: Mapping[str, str], zone: ZoneInfo) -> dict[str, Told]:
    """Return the columns of a row under their words, in their order."""
    return {text: tell(getattr(row, name), zone) for name, text in words.items()}


def tell(value: Any, zone: ZoneInfo) -> Told:
    """Return a value as the file says it: moments with the zone, closed sets as their word."""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value.replace("_", " ")
    told: Told = value
    return told
