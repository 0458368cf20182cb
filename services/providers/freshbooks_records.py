"""Turn one client of FreshBooks into a CustomerRecord. Pure.

Field names and values: the client fixtures of freshbooks-sdk 1.3.0 and freshbooks.com/api,
"clients" and "active_deleted"; the shape of a balance: "includes" in the README of
freshbooks/freshbooks-python-sdk (all read 2026-11-22). What is not given is "" or null there,
mixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.providers.cleaning import (
    ADDRESS_MAX_CHARACTERS,
    PHONE_MAX_CHARACTERS,
    cents,
    clean_emails,
    clean_text,
    currency_code,
)
from services.providers.contract import CustomerRecord, RemoteStatus

#: In the order in which one of them is chosen; the fax number is nobody's phone.
PHONE_FIELDS = ("bus_phone", "mob_phone", "home_phone")
#: The primary address, then the secondary one.
ADDRESS_PREFIXES = ("p", "s")
#: Only sent where asked for.
BALANCE = "outstanding_balance"
#: `updated` is written in this zone and does not say so (freshbooks-sdk 1.3.0, parse_datetime of
#: accounting results, read 2026-11-22).
EASTERN = ZoneInfo("America/New_York")

_REMOTE_ID = re.compile(r"[0-9]{1,20}")
_EASTERN_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}")
# An old page of the documentation had 0 and 1 swapped; the VisState of the SDK is right.
_STATUSES = {"1": RemoteStatus.DELETED, "2": RemoteStatus.ARCHIVED}

Fields = Mapping[str, object]


def customer_record(client: object) -> CustomerRecord | None:
    """Clean and cap one client; None for a row that is no object or has no id."""
    if not isinstance(client, dict):
        return None
    remote_id = _remote_id(client.get("id"))
    if not remote_id:
        return None
    company, person = clean_text(client.get("organization")), _person_name(client)
    phones, addresses = tuple(_phones(client)), tuple(_addresses(client))
    balance_cents, currency = _open_balance(client)
    return CustomerRecord(
        remote_id=remote_id,
        name=company or person or f"Client {remote_id}",
        company_name=company,
        person_name=person,
        emails_text=clean_emails(client.get("email")),
        phone=next(iter(phones), ""),
        other_phones=phones[1:],
        address=next(iter(addresses), ""),
        other_addresses=addresses[1:],
        status=_STATUSES.get(_as_text(client.get("vis_state")), RemoteStatus.ACTIVE),
        balance_cents=balance_cents,
        currency=currency,
        remote_updated_at=eastern_moment(client.get("updated")),
    )


def eastern_moment(value: object) -> datetime | None:
    """Read a time of the Eastern zone, None if it is none.

    01:30 on the switch day of November happened twice; the earlier one is returned.
    """
    if not isinstance(value, str) or not _EASTERN_TIME.fullmatch(value.strip()):
        return None
    try:
        local = datetime.fromisoformat(value.strip()).replace(tzinfo=EASTERN, fold=0)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def latest_reading(moment: datetime) -> datetime:
    """Return the latest moment that the same Eastern time can mean."""
    return moment.astimezone(EASTERN).replace(fold=1).astimezone(UTC)


def _remote_id(value: object) -> str:
    text = _as_text(value)
    return text if _REMOTE_ID.fullmatch(text) else ""


def _as_text(value: object) -> str:
    """Return a whole number, given as number or as text, as text."""
    return str(value).strip() if isinstance(value, int | str) else ""


def _person_name(client: Fields) -> str:
    parts = (clean_text(client.get(key)) for key in ("fname", "lname"))
    return clean_text(" ".join(filter(None, parts)))


def _phones(client: Fields) -> Iterator[str]:
    numbers = (clean_text(client.get(name), PHONE_MAX_CHARACTERS) for name in PHONE_FIELDS)
    yield from dict.fromkeys(filter(None, numbers))


def _addresses(client: Fields) -> Iterator[str]:
    addresses = (_address(client, prefix) for prefix in ADDRESS_PREFIXES)
    yield from dict.fromkeys(filter(None, addresses))


def _address(client: Fields, prefix: str) -> str:
    def part(name: str) -> str:
        return clean_text(client.get(f"{prefix}_{name}"))

    region = " ".join(filter(None, (part("province"), part("code"))))
    lines = (part("street"), part("street2"), part("city"), region, part("country"))
    return clean_text(", ".join(filter(None, lines)), ADDRESS_MAX_CHARACTERS)


def _open_balance(client: Fields) -> tuple[int | None, str]:
    """Return the open balance in cents and its currency: the client's own, or the only one.

    Nothing open is an empty list; that it means zero is a guess, no source shows one.
    """
    currency, balances = currency_code(client.get("currency_code")), client.get(BALANCE)
    if not isinstance(balances, list):
        return None, currency
    sums = [_sum(balance) for balance in balances]
    own = [amount for amount, code in sums if code == currency]
    if len(own) == 1:
        return own[0], currency
    if len(sums) == 1 and sums[0][1]:
        return sums[0]
    return None if sums else 0, currency


def _sum(balance: object) -> tuple[int | None, str]:
    amount = balance.get("amount") if isinstance(balance, dict) else None
    fields = amount if isinstance(amount, dict) else {}
    return cents(fields.get("amount")), currency_code(fields.get("code"))
