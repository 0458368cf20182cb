"""A customer in comparable parts, and the reasons of a suggestion, as text to be kept in rows."""

from __future__ import annotations

import json
from collections.abc import Iterable

from services.matching.addresses import StreetAddress
from services.matching.cleaned import CleanedParty
from services.matching.names import PersonName
from services.matching.phones import Phones
from services.matching.reasons import Reason, ReasonCode

#: To be raised whenever cleaning or keys change: what was kept under another one is stale.
CLEANING_VERSION = 2


def to_text(cleaned: CleanedParty) -> str:
    """Return the parts as JSON without the id, which the row has."""
    person, address = cleaned.person, cleaned.address
    parts = [
        [person.first_names, person.last_name, person.generation],
        cleaned.is_company,
        cleaned.words,
        cleaned.company_words,
        cleaned.emails,
        [cleaned.phones.numbers, cleaned.phones.extension],
        [address.house_number, address.street, address.unit],
        cleaned.postcode,
        cleaned.city_words,
        cleaned.tax_number,
    ]
    return json.dumps(parts, separators=(",", ":"))


def from_text(party_id: str, text: str) -> CleanedParty:
    """Return the parts that were kept of a customer."""
    person, is_company, words, company_words, emails, phones, address, *rest = json.loads(text)
    postcode, city_words, tax_number = rest
    first_names, last_name, generation = person
    numbers, extension = phones
    return CleanedParty(
        party_id=party_id,
        person=PersonName(tuple(first_names), last_name, generation),
        is_company=is_company,
        words=tuple(words),
        company_words=tuple(company_words),
        emails=tuple(emails),
        phones=Phones(tuple(numbers), extension),
        address=StreetAddress(*address),
        postcode=postcode,
        city_words=tuple(city_words),
        tax_number=tax_number,
    )


def reasons_text(reasons: Iterable[Reason]) -> str:
    """Return the reasons as codes with counts above one, such as "same_name shared_phone:3"."""
    return " ".join(
        reason.code.value if reason.count == 1 else f"{reason.code.value}:{reason.count}"
        for reason in reasons
    )


def reasons_of(text: str) -> tuple[Reason, ...]:
    """Return the reasons that were kept as text; codes of another release are left out."""
    known = {code.value for code in ReasonCode}
    parts = (part.partition(":") for part in text.split())
    return tuple(
        Reason(ReasonCode(code), int(count or 1)) for code, _, count in parts if code in known
    )
