"""Customers as QuickBooks sends them; fields after tests/providers/recordings/query__*.json."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

from services.providers.contract import ProviderKey
from services.providers.quickbooks import QuickBooksClient
from tests.fuzz.shapes import EVERYTHING, ROWS, Fields, Shape, influence
from tests.providers.support import API_URL, REALM_ID

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_ANSWERED = "2026-11-22T08:00:00.123-08:00"
_NAMES, _PERSON = influence("name", "company_name"), influence("name", "person_name")
_PHONES, _ADDRESSES = influence("phone", "other_phones"), influence("address", "other_addresses")

INFLUENCES = {
    "Id": influence("remote_id", "name"),
    "DisplayName": influence("name"),
    "CompanyName": _NAMES,
    **dict.fromkeys(("GivenName", "MiddleName", "FamilyName"), _PERSON),
    "PrimaryEmailAddr": influence("emails_text"),
    **dict.fromkeys(("PrimaryPhone", "Mobile", "AlternatePhone"), _PHONES),
    **dict.fromkeys(("BillAddr", "ShipAddr"), _ADDRESSES),
    "Active": influence("status", "name"),
    **dict.fromkeys(("Job", "IsProject"), influence("kind")),
    "ParentRef": influence("kind", "parent_remote_id"),
    "Balance": influence("balance_cents"),
    "CurrencyRef": influence("currency"),
    "MetaData": influence("remote_updated_at"),
    "status": EVERYTHING,
    **dict.fromkeys(("Notes", "SyncToken", "Fax", "FullyQualifiedName", "Level"), influence()),
}


def make_row(random: Random, number: int) -> Fields:
    """Make one customer; a third are sub-customers, of each other, of themselves, of nobody."""
    row: Fields = {
        "Id": str(1_000 + number),
        "SyncToken": "3",
        "DisplayName": random.choice(("Okafor Marine", "Dock 7", "Café Ánh", "Hanlon"))
        + f" {number}",
        "Active": random.random() < 0.8,
        "Balance": random.choice((0, 310.25, -12.5, 1_000_000)),
        "CurrencyRef": {"value": random.choice(("USD", "CAD"))},
        "MetaData": {
            "CreateTime": "2026-02-11T09:12:45-08:00",
            "LastUpdatedTime": f"2026-11-21T16:{number % 60:02}:10-08:00",
        },
    }
    optional = {
        "CompanyName": f"Company {number}",
        "GivenName": "Nadia",
        "MiddleName": "B.",
        "FamilyName": "Okafor",
        "PrimaryEmailAddr": {"Address": f"nadia{number}@okafor.example, ap@okafor.example"},
        "PrimaryPhone": {"FreeFormNumber": f"(814) 555-{number:04}"},
        "Mobile": {"FreeFormNumber": "814.555.0199 x2"},
        "AlternatePhone": {"FreeFormNumber": "814 555 0111"},
        "BillAddr": _address(number),
        "ShipAddr": _address(number + 1),
        "Notes": "gate code 4471",
        "Job": False,
        "IsProject": random.random() < 0.1,
    }
    row |= {name: value for name, value in optional.items() if random.random() < 0.7}
    if random.random() < 0.33:
        row |= {"Job": True, "ParentRef": {"value": str(1_000 + number + random.randrange(-2, 3))}}
    return row


def _address(number: int) -> Fields:
    lines = {"Line1": f"{number} Harbor Rd", "Line2": "Unit 4", "City": "Erie"}
    return lines | {"CountrySubDivisionCode": "PA", "PostalCode": "16507", "Country": "USA"}


def envelopes(count: int) -> dict[str, Any]:
    """Answer the count, the list and the change feed."""
    result = {"Customer": ROWS, "startPosition": 1, "maxResults": max(count, 1)}
    return {
        "count": {"QueryResponse": {"totalCount": count}, "time": _ANSWERED},
        "list": {"QueryResponse": result, "time": _ANSWERED},
        "changes": {"CDCResponse": [{"QueryResponse": [result]}], "time": _ANSWERED},
        "past": {"QueryResponse": {}, "time": _ANSWERED},
    }


def question(url: str, params: Mapping[str, str], _headers: Mapping[str, str]) -> str:
    """Name what is asked."""
    if url.endswith("/cdc"):
        return "changes"
    if "COUNT(*)" in params["query"]:
        return "count"
    return "list" if "STARTPOSITION 1 " in params["query"] else "past"


def remote_id(row: Fields) -> str:
    """Return the id of a row if it has one: text of visible ASCII."""
    value = row.get("Id")
    is_id = isinstance(value, str) and len(value) <= 64 and all("!" <= c <= "~" for c in value)
    return value if is_id else ""


QUICKBOOKS = Shape(
    provider=ProviderKey.QUICKBOOKS,
    make_client=partial(
        QuickBooksClient,
        api_url=API_URL,
        realm_id=REALM_ID,
        tokens=lambda _refused: "token",
        now=lambda: _NOW,
    ),
    make_row=make_row,
    influences=INFLUENCES,
    envelopes=envelopes,
    question=question,
    remote_id=remote_id,
    since=datetime(2026, 11, 20, tzinfo=UTC),
    counts_changes=False,
)
