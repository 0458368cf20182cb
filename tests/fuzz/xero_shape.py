"""Contacts as Xero sends them; fields after tests/providers/recordings/xero_contacts__*.json."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from random import Random
from string import hexdigits
from typing import Any

from services.providers.contract import ProviderKey
from services.providers.xero import XeroClient
from tests.fuzz.shapes import ROWS, Fields, Shape, influence, some_words
from tests.providers.xero_books import API_URL, START_S, TENANT_ID, contact_id

_PERSON = influence("name", "company_name", "person_name")

INFLUENCES = {
    "ContactID": influence("remote_id", "name", "merged_into_remote_id"),
    "Name": influence("name", "company_name"),
    **dict.fromkeys(("FirstName", "LastName"), _PERSON),
    "EmailAddress": influence("emails_text"),
    "Phones": influence("phone", "other_phones"),
    "Addresses": influence("address", "other_addresses"),
    "ContactStatus": influence("status"),
    **dict.fromkeys(("IsSupplier", "IsCustomer"), influence("kind")),
    "MergedToContactID": influence("merged_into_remote_id"),
    "Balances": influence("balance_cents"),
    "DefaultCurrency": influence("currency"),
    "UpdatedDateUTC": influence("remote_updated_at"),
    **dict.fromkeys(("ContactPersons", "ContactGroups", "BankAccountDetails"), influence()),
}


def make_row(random: Random, number: int) -> Fields:
    """Make one contact; some were merged, into each other, into themselves, into nobody."""
    row: Fields = {
        "ContactID": contact_id(number),
        "ContactStatus": random.choice(("ACTIVE", "ACTIVE", "ACTIVE", "ARCHIVED", "GDPRREQUEST")),
        "Name": random.choice(("Kauri Electrical", "Walk-in", "Ｔａｓｍａｎ", "Tuī"))
        + f" {number}",
        "Phones": [_phone(kind, random) for kind in ("DDI", "DEFAULT", "FAX", "MOBILE")],
        "Addresses": [_address(kind, number, random) for kind in ("STREET", "POBOX")],
        "UpdatedDateUTC": f"/Date({(START_S + number) * 1000}+0000)/",
        "IsSupplier": random.random() < 0.3,
        "IsCustomer": random.random() < 0.5,
        "ContactGroups": [],
        "ContactPersons": [{"FirstName": "Aroha", "EmailAddress": "aroha@kauri.example"}],
    }
    outstanding = {"Outstanding": random.choice((849.5, 0.0, -3.25)), "Overdue": 0.0}
    optional = {
        "FirstName": "Moana",
        "LastName": "Tui",
        "EmailAddress": f"accounts{number}@kauri.example",
        "BankAccountDetails": "",
        "DefaultCurrency": "NZD",
        "Balances": {"AccountsReceivable": outstanding, "AccountsPayable": outstanding},
    }
    row |= {name: value for name, value in optional.items() if random.random() < 0.7}
    if random.random() < 0.1:
        row["MergedToContactID"] = contact_id(max(number + random.randrange(-2, 3), 0))
    return row


def _phone(kind: str, random: Random) -> Fields:
    number, area = some_words(random, "5550123", "021 555 019"), some_words(random, "06", "021")
    country = some_words(random, "64", "+64", "0064")
    parts = {"PhoneNumber": number, "PhoneAreaCode": area, "PhoneCountryCode": country}
    return {"PhoneType": kind} | parts


def _address(kind: str, number: int, random: Random) -> Fields:
    lines = {"AddressLine1": some_words(random, f"PO Box {number}"), "City": "Napier", "Region": ""}
    return {"AddressType": kind, **lines, "PostalCode": "4110", "Country": "New Zealand"}


def envelopes(count: int) -> dict[str, Any]:
    """Answer the list, of everybody or of what changed."""
    pages = {"page": 1, "pageSize": 1000, "pageCount": 1, "itemCount": count}
    answer = {
        "Status": "OK",
        "DateTimeUTC": f"/Date({(START_S + 86_400) * 1000})/",
        "pagination": pages,
        "Contacts": ROWS,
    }
    return {"list": answer, "changes": answer, "past": answer | {"Contacts": []}}


def question(_url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """Name what is asked."""
    if "If-Modified-Since" in headers:
        return "changes"
    return "list" if params["page"] == "1" else "past"


def remote_id(row: Fields) -> str:
    """Return the id of a row if it has one: a GUID, in small letters."""
    value = row.get("ContactID")
    parts = value.split("-") if isinstance(value, str) else []
    is_id = [len(part) for part in parts] == [8, 4, 4, 4, 12] and set(hexdigits) >= set(
        "".join(parts)
    )
    return value.lower() if is_id else ""


XERO = Shape(
    provider=ProviderKey.XERO,
    make_client=partial(
        XeroClient, api_url=API_URL, tenant_id=TENANT_ID, tokens=lambda _refused: "token"
    ),
    make_row=make_row,
    influences=INFLUENCES,
    envelopes=envelopes,
    question=question,
    remote_id=remote_id,
    since=datetime(2026, 6, 1, tzinfo=UTC),
    counts_changes=True,
)
