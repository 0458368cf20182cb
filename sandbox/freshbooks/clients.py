"""One client as the imitation holds it, and the JSON FreshBooks makes of it."""

import hashlib
import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass, fields
from enum import IntEnum
from operator import attrgetter
from typing import Any

from sandbox.email_kind import EmailKind, email_kind
from sandbox.people import slug


class VisState(IntEnum):
    """Whether a client is shown; source: freshbooks-sdk 1.3.0, models.py, read 2026-11-22."""

    ACTIVE = 0
    DELETED = 1
    ARCHIVED = 2


@dataclass(frozen=True, slots=True)
class Client:
    """What differs from client to client; the rest is added when it is sent.

    `signup_date` is UTC and `updated` Eastern, both as FreshBooks writes them, so that they
    compare as the real columns do.
    """

    key: int
    vis_state: int
    organization: str
    fname: str
    lname: str
    email: str | None
    bus_phone: str | None
    home_phone: str | None
    mob_phone: str | None
    street: str
    street2: str
    city: str
    province: str
    code: str
    country: str
    currency: str
    note: str | None
    owed_cents: int
    owed_usd_cents: int
    signup_date: str
    updated: str

    @property
    def counted(self) -> bool:
        """Tell whether it is active."""
        return self.vis_state == VisState.ACTIVE

    @property
    def active(self) -> bool:
        """Tell the same: there is no kind of client that does not count."""
        return self.counted

    @property
    def email_kind(self) -> EmailKind:
        """Judge the e-mail field."""
        return email_kind(self.email)


_values = attrgetter(*(field.name for field in fields(Client)))


def encode(client: Client) -> str:
    """Write a client for the store."""
    return json.dumps(_values(client), ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Client:
    """Read a client from the store."""
    return Client(*json.loads(text))


def shown(client: Client, account_id: str, includes: Collection[str] = ()) -> dict[str, Any]:
    """Return the JSON of a client; numbers are numbers, and "" stands beside null.

    Source: tests/fixtures/list_clients_response.json of amcintosh/freshbooks-python-sdk,
    read 2026-11-22.
    """
    number = client.key
    return {
        "accounting_systemid": account_id,
        **_ALWAYS,
        "bus_phone": client.bus_phone,
        "currency_code": client.currency,
        "email": client.email,
        "fname": client.fname,
        "home_phone": client.home_phone,
        "id": number,
        "lname": client.lname,
        "mob_phone": client.mob_phone,
        "note": client.note,
        "organization": client.organization,
        "p_city": client.city,
        "p_code": client.code,
        "p_country": client.country,
        "p_province": client.province,
        "p_street": client.street,
        "p_street2": client.street2,
        "signup_date": client.signup_date,
        "updated": client.updated,
        "userid": number,
        "username": slug(f"{client.fname}{client.lname}") or f"client{number}",
        "uuid": _uuid(account_id, number),
        "vis_state": client.vis_state,
        **({"outstanding_balance": _owed(client)} if "outstanding_balance" in includes else {}),
    }


def _owed(client: Client) -> list[dict[str, dict[str, str]]]:
    """Return what is owed per currency.

    Source: README of amcintosh/freshbooks-python-sdk, read 2026-11-22. That it is an empty list
    when nothing is owed is a guess.
    """
    owed = ((client.owed_cents, client.currency), (client.owed_usd_cents, "USD"))
    return [
        {"amount": {"amount": f"{cents / 100:.2f}", "code": code}} for cents, code in owed if cents
    ]


def _uuid(account_id: str, number: int) -> str:
    digest = hashlib.sha256(f"{account_id} {number}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


_ALWAYS: dict[str, Any] = {
    "allow_email_include_pdf": False,
    "allow_late_fees": True,
    "allow_late_notifications": True,
    "company_industry": None,
    "company_size": None,
    "direct_link_token": None,
    "exceeds_client_limit": 0,
    "fax": "",
    "has_retainer": None,
    "language": "en",
    "last_activity": None,
    "last_login": None,
    "level": 0,
    "notified": False,
    "num_logins": 0,
    "number_format": None,
    "pref_email": True,
    "pref_gmail": False,
    "retainer_id": None,
    "role": "client",
    "s_city": "",
    "s_code": "",
    "s_country": "",
    "s_province": "",
    "s_street": "",
    "s_street2": "",
    "statement_token": None,
    "subdomain": None,
    "vat_name": None,
    "vat_number": None,
}
