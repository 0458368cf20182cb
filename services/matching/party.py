"""What is known of one customer of either list, as written there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.providers.contract import CustomerRecord

_POSTCODE = re.compile(
    r"\b(\d{5}(?:-\d{4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4})\b",
    re.IGNORECASE,
)
_ADDRESS_LINES = re.compile(r"[\n,]+")


@dataclass(frozen=True, slots=True)
class Party:
    """A customer of one list. Empty text means "not given"; nothing has to be given.

    `email_text` and `phone_text` may hold several, separated as people do. `country` is a code
    of two letters or anything else, which is ignored.
    """

    party_id: str
    display_name: str = ""
    first_name: str = ""
    last_name: str = ""
    company_name: str = ""
    email_text: str = ""
    phone_text: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    tax_id: str = ""


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address in the parts that are compared."""

    street: str = ""
    city: str = ""
    postcode: str = ""


def party_from_record(record: CustomerRecord) -> Party:
    """Return the party of a customer as the provider holds it."""
    return party_of_texts(
        record.remote_id,
        record.name,
        company_name=record.company_name,
        person_name=record.person_name,
        email_text=record.emails_text,
        phones=(record.phone, *record.other_phones),
        address=record.address,
    )


def party_of_texts(
    party_id: str,
    name: str,
    *,
    company_name: str = "",
    person_name: str = "",
    email_text: str = "",
    phones: tuple[str, ...] = (),
    address: str = "",
) -> Party:
    """Return the party of a row that keeps one text for the person and one for the address."""
    first, _, last = person_name.strip().partition(" ")
    postal = read_address(address)
    return Party(
        party_id,
        display_name=name,
        first_name=first if last else "",
        last_name=last.strip(),
        company_name=company_name,
        email_text=email_text,
        phone_text="; ".join(filter(None, phones)),
        street=postal.street,
        city=postal.city,
        postcode=postal.postcode,
    )


def read_address(text: str) -> PostalAddress:
    """Return the parts of an address written in one text, lines or commas between its parts.

    The street is the first part with a number, the postcode the last thing that looks like one,
    and the town stands before it: a guess that holds for how our adapters write addresses. What
    is guessed wrong only fails to support a suggestion.
    """
    lines = [line.strip() for line in _ADDRESS_LINES.split(text) if line.strip()]
    if not lines:
        return PostalAddress()
    at = next((i for i, line in enumerate(lines) if any(map(str.isdigit, line))), 0)
    for i in range(len(lines) - 1, at, -1):
        found = _POSTCODE.search(lines[i])
        if found:
            before = lines[i][: found.start()].strip()
            is_region = len(before) <= 3 and i - 1 > at
            city = lines[i - 1] if is_region else before
            return PostalAddress(lines[at], city, found.group())
    return PostalAddress(lines[at], lines[at + 1] if len(lines) > at + 1 else "", "")
