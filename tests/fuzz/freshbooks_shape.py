"""Clients as FreshBooks sends them; fields after tests/providers/recordings/clients__*.json."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

from services.providers.contract import CustomerRecord, ProviderKey
from services.providers.freshbooks import FreshBooksClient
from tests.fuzz.shapes import ROWS, Fields, Shape, influence, some_words
from tests.providers.freshbooks_books import ACCOUNT_ID, API_URL

_PHONES, _ADDRESSES = influence("phone", "other_phones"), influence("address", "other_addresses")
_MONEY = influence("balance_cents", "currency")
_ADDRESS_PARTS = ("street", "street2", "city", "province", "code", "country")

INFLUENCES = {
    "id": influence("remote_id", "name"),
    "organization": influence("name", "company_name"),
    **dict.fromkeys(("fname", "lname"), influence("name", "person_name")),
    "email": influence("emails_text"),
    **dict.fromkeys(("bus_phone", "mob_phone", "home_phone"), _PHONES),
    **{f"{prefix}_{part}": _ADDRESSES for prefix in "ps" for part in _ADDRESS_PARTS},
    **dict.fromkeys(("currency_code", "outstanding_balance"), _MONEY),
    "vis_state": influence("status"),
    "updated": influence("remote_updated_at"),
    **dict.fromkeys(("accounting_systemid", "fax", "note", "userid", "level"), influence()),
}


def make_row(random: Random, number: int) -> Fields:
    """Make one client; what is not given is empty or null, mixed."""
    code = random.choice(("CAD", "USD"))
    amount = {"amount": {"amount": random.choice(("120.50", "0.00", "-7.25")), "code": code}}
    row: Fields = {
        "id": 700_000 + number,
        "userid": 700_000 + number,
        "accounting_systemid": random.choice((ACCOUNT_ID, ACCOUNT_ID, "", None)),
        "organization": some_words(random, f"Lakeshore {number}", "Inlet Pools", "Łódź Ę"),
        "fname": some_words(random, "Priya", "Tomas"),
        "lname": some_words(random, "Raman"),
        "email": some_words(random, f"priya{number}@lakeshore.example.com", "desk@inlet.example"),
        "currency_code": code,
        "outstanding_balance": random.choice(([amount], [], [amount, {"amount": {}}])),
        "vis_state": random.choice((0, 0, 0, 1, 2)),
        "updated": f"2026-08-22 17:{number % 60:02}:32",
        "note": None,
        "level": 0,
    }
    row |= {name: some_words(random, "416-555-0170") for name in ("bus_phone", "fax", "mob_phone")}
    row["home_phone"] = random.choice((None, "", "416-555-0172"))
    for prefix in "ps":
        row |= {
            f"{prefix}_{part}": some_words(random, f"{part} {number}") for part in _ADDRESS_PARTS
        }
    return row


def envelopes(count: int) -> dict[str, Any]:
    """Answer the list, of everybody, of what changed and of who was deleted."""

    def answer(rows: object, count: int) -> dict[str, Any]:
        pages = {"page": 1, "pages": 1, "per_page": 100, "total": count}
        return {"response": {"result": {"clients": rows, **pages}}}

    whole = answer(ROWS, count)
    gone = {"id": 5, "vis_state": 1, "updated": "2026-08-22 17:21:32"}
    return {
        "list": whole,
        "changes": whole,
        "deleted": answer([gone], 1),
        "past": answer([], count),
    }


def question(_url: str, params: Mapping[str, str], _headers: Mapping[str, str]) -> str:
    """Name what is asked."""
    if params["page"] != "1":
        return "past"
    if "search[vis_state]" in params:
        return "deleted"
    return "changes" if "search[updated_min]" in params else "list"


def remote_id(row: Fields) -> str:
    """Return the id of a row if it has one: up to twenty digits, as a number or as text."""
    value = row.get("id")
    text = str(value).strip() if isinstance(value, int | str) else ""
    return text if 1 <= len(text) <= 20 and set("0123456789") >= set(text) else ""


def refuses(row: Any) -> bool:
    """Say whether the row names another account, which costs the whole answer."""
    named = row.get("accounting_systemid") if isinstance(row, dict) else None
    return isinstance(named, str) and named.strip() not in ("", ACCOUNT_ID)


def is_told_as_changed(record: CustomerRecord, since: datetime) -> bool:
    """Say whether the record belongs to the changes: not known to be older."""
    return record.remote_updated_at is None or record.remote_updated_at >= since


FRESHBOOKS = Shape(
    provider=ProviderKey.FRESHBOOKS,
    make_client=partial(
        FreshBooksClient, api_url=API_URL, account_id=ACCOUNT_ID, tokens=lambda _refused: "token"
    ),
    make_row=make_row,
    influences=INFLUENCES,
    envelopes=envelopes,
    question=question,
    remote_id=remote_id,
    since=datetime(2001, 1, 1, tzinfo=UTC),
    counts_changes=True,
    refuses=refuses,
    is_told_as_changed=is_told_as_changed,
)
