"""Fill one organisation with contacts: the same ones for the same seed, on every machine."""

import random
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.people import EmailWish, Party, PartyMaker
from sandbox.population import SPREAD, ages, email_wishes, mixed_kinds, with_first
from sandbox.xero.places import Place, localised, no_phone, phone, some_place
from sandbox.xero.rows import ARCHIVED, GDPR_REQUEST, Row, row_of
from sandbox.xero.times import date_text, milliseconds

# Nothing generated is younger than this day, so that the data never depend on the clock.
LAST_DAY = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
# Of an organisation with 640 counted contacts; others get as many in proportion.
MODEL = {"counted": 640, "supplier": 58, "archived": 26, "redacted": 2, "merged": 3}
PHONE_KINDS = ("DDI", "DEFAULT", "FAX", "MOBILE")
REDACTED_NAME = "Redacted"


def generate(size: int, seed: int, tenant_id: str) -> list[Row]:
    """Return `size` counted contacts and, in proportion, the other kinds; oldest first."""
    dice = random.Random(f"xero {tenant_id} {seed} {size}")
    maker = PartyMaker(dice)
    wishes = email_wishes(size, dice)
    # A counted one comes first, to merge into.
    kinds = with_first("counted", mixed_kinds(size, MODEL, dice))
    ages_ms = ages(len(kinds), int(SPREAD.total_seconds() * 1000), dice)
    rows: list[Row] = []
    winner = ""
    for number, (kind, age_ms) in enumerate(zip(kinds, ages_ms, strict=True), start=1):
        wish = next(wishes) if kind == "counted" else EmailWish.USUAL
        updated = milliseconds(LAST_DAY) - int(age_ms * dice.random() ** 0.5)
        contact = contact_from(maker.make(wish), new_contact_id(dice), updated, dice)
        contact |= _relations(kind, owes="Balances" in contact, dice=dice)
        if kind == "supplier":
            contact["Balances"] = _payable(dice)
        elif kind != "counted":
            contact = _gone(kind, contact, winner)
        else:
            winner = contact["ContactID"]
        rows.append(row_of(number, contact))
    return rows


def new_contact_id(dice: random.Random) -> str:
    """Return the next GUID of a stream of chance."""
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def contact_from(
    party: Party, contact_id: str, updated_ms: int, dice: random.Random
) -> dict[str, Any]:
    """Return an active contact for whom no invoice and no bill was entered yet."""
    place = some_place(dice)
    owed = party.open_balance_cents
    has_offset = dice.random() < 0.9
    contact = {
        "ContactID": contact_id,
        "ContactStatus": "ACTIVE",
        "Name": localised(party.display_name),
        "FirstName": party.given_name,
        "LastName": party.family_name,
        "EmailAddress": _email(party, dice),
        "BankAccountDetails": "",
        "Addresses": _addresses(party, place, dice),
        "Phones": _phones(party, place, dice),
        "UpdatedDateUTC": date_text(updated_ms, has_offset=has_offset),
        "ContactGroups": [],
        "IsSupplier": False,
        "IsCustomer": False,
        "DefaultCurrency": "AUD" if place.country == "Australia" else "NZD",
        "SalesDefaultLineAmountType": "INCLUSIVE" if dice.random() < 0.2 else None,
        "Balances": _receivable(owed, dice) if owed else None,
        "ContactPersons": _persons(party),
        "HasAttachments": False,
        "HasValidationErrors": False,
    }
    return {key: value for key, value in contact.items() if value is not None}


def archived(contact: dict[str, Any]) -> dict[str, Any]:
    """Return the contact as it looks after being archived; its name stays."""
    return {**contact, "ContactStatus": ARCHIVED}


def _gone(kind: str, contact: dict[str, Any], winner: str) -> dict[str, Any]:
    contact = archived({key: value for key, value in contact.items() if key != "Balances"})
    if kind == "merged":
        return {**contact, "MergedToContactID": winner}
    return _redacted(contact) if kind == "redacted" else contact


def _redacted(contact: dict[str, Any]) -> dict[str, Any]:
    """Take the person out; that the name is replaced like this is a guess.

    Source: the status GDPRREQUEST in XeroAPI/Xero-OpenAPI e952d0b; Xero devblog 2018.
    """
    personal = {"FirstName", "LastName", "EmailAddress", "SalesDefaultLineAmountType"}
    return {
        **{key: value for key, value in contact.items() if key not in personal},
        "ContactStatus": GDPR_REQUEST,
        "Name": f"{REDACTED_NAME} {contact['ContactID'][:8]}",
        "Addresses": [],
        "Phones": [],
        "ContactPersons": [],
    }


def _relations(kind: str, *, owes: bool, dice: random.Random) -> dict[str, bool]:
    """Tell who was ever invoiced or billed; a sixth of the customers never was."""
    if kind == "supplier":
        return {"IsCustomer": False, "IsSupplier": True}
    is_customer = owes or dice.random() < 0.83
    return {"IsCustomer": is_customer, "IsSupplier": is_customer and dice.random() < 0.06}


def _email(party: Party, dice: random.Random) -> str | None:
    """Return one address, as the field holds only one; none is "" or left out."""
    if party.email is None:
        return "" if dice.random() < 0.5 else None
    return re.split(r"[,;]\s*| (?=\S+@)", party.email)[0]


def _addresses(party: Party, place: Place, dice: random.Random) -> list[dict[str, str]]:
    known = {
        "City": place.city,
        "Region": place.region,
        "PostalCode": place.postal_code,
        "Country": place.country,
    }
    street, box = (
        {"AddressType": kind, **dict.fromkeys(known, "")} for kind in ("STREET", "POBOX")
    )
    if party.address is not None and dice.random() < 0.8:
        second = party.address.second_line
        lines = {"AddressLine1": party.address.line} | ({"AddressLine2": second} if second else {})
        street = {"AddressType": "STREET", **lines, **known}
    elif party.address is not None:
        line = {"AddressLine1": f"PO Box {dice.randrange(1, 9000)}"}
        box = {"AddressType": "POBOX", **line, **known}
    return [street, box]


def _phones(party: Party, place: Place, dice: random.Random) -> list[dict[str, str]]:
    wanted = {"DEFAULT": party.phone, "MOBILE": party.mobile}
    return [
        phone(kind, place, dice) if wanted.get(kind) else no_phone(kind) for kind in PHONE_KINDS
    ]


def _persons(party: Party) -> list[dict[str, object]]:
    if party.company_name is None or party.given_name is None or party.email is None:
        return []
    names = {"FirstName": party.given_name, "LastName": party.family_name}
    parts = party.email.split("@")
    if len(parts) != 2:
        return []
    return [{**names, "EmailAddress": f"office@{parts[1].lower()}", "IncludeInEmails": False}]


def _receivable(cents: int, dice: random.Random) -> dict[str, object]:
    overdue = cents if dice.random() < 0.3 else 0
    return {"AccountsReceivable": {"Outstanding": cents / 100, "Overdue": overdue / 100}}


def _payable(dice: random.Random) -> dict[str, object]:
    return {"AccountsPayable": {"Outstanding": dice.randrange(90_000) / 100, "Overdue": 0.0}}
