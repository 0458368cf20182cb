"""Turn one contact of Xero into a CustomerRecord. Pure.

Field names and meanings: the Contact type of XeroAPI/Xero-OpenAPI e952d0b, xero_accounting.yaml
(read 2026-11-22). A value that is not given is a missing key, null or an empty text there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice

from services.providers.cleaning import (
    ADDRESS_MAX_CHARACTERS,
    PHONE_MAX_CHARACTERS,
    cents,
    clean_emails,
    clean_text,
    currency_code,
    is_true,
)
from services.providers.contract import (
    CustomerRecord,
    RemoteKind,
    RemoteStatus,
    UnreadableAnswer,
)

#: In the order in which one of them is chosen. A fax answers nobody, so FAX is left out.
PHONE_TYPES = ("DEFAULT", "MOBILE", "DDI", "OFFICE")
ADDRESS_TYPES = ("STREET", "POBOX", "DELIVERY")
ADDRESS_LINES = ("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City")
#: Xero keeps one phone and one address of each type; an answer with more is not stored whole.
PHONES_MAX = ADDRESSES_MAX = 10

_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
#: Milliseconds in UTC; the offset behind them only says that the writer meant local time
#: (learn.microsoft.com, "Stand-Alone JSON Serialization", read 2026-11-22).
_DOTNET_DATE = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CALLING_CODE = re.compile(r"[1-9][0-9]{0,2}")

Fields = Mapping[str, object]


def contact_record(contact: object) -> CustomerRecord:
    """Clean and cap one contact. Raises UnreadableAnswer only for one without an id."""
    if not isinstance(contact, dict):
        raise UnreadableAnswer("A contact in the list is not an object.")
    remote_id = guid(contact.get("ContactID"))
    if not remote_id:
        raise UnreadableAnswer("A contact in the list has no id.")
    name, person_name = clean_text(contact.get("Name")), _person_name(contact)
    phone, *other_phones = [*_phones(contact), ""]
    address, *other_addresses = [*_addresses(contact), ""]
    return CustomerRecord(
        remote_id=remote_id,
        name=name or person_name or f"Contact {remote_id}",
        company_name=name if person_name and name != person_name else "",
        person_name=person_name,
        # The addresses of ContactPersons stay out: they are people at the firm, not the firm.
        emails_text=clean_emails(contact.get("EmailAddress")),
        phone=phone,
        other_phones=tuple(filter(None, other_phones)),
        address=address,
        other_addresses=tuple(filter(None, other_addresses)),
        status=_status(contact.get("ContactStatus")),
        kind=_kind(contact),
        merged_into_remote_id=_successor(contact, remote_id),
        balance_cents=cents(_receivable(contact).get("Outstanding")),
        currency=currency_code(contact.get("DefaultCurrency")),
        remote_updated_at=dotnet_moment(contact.get("UpdatedDateUTC")),
    )


def guid(value: object) -> str:
    """Return an id of Xero in small letters, so that one id is one text, or ""."""
    return value.lower() if isinstance(value, str) and _GUID.fullmatch(value) else ""


def dotnet_moment(value: object) -> datetime | None:
    """Read a time such as /Date(1793000000000+0000)/, None for everything else."""
    found = _DOTNET_DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        return None


def _person_name(contact: Fields) -> str:
    parts = (clean_text(contact.get(key)) for key in ("FirstName", "LastName"))
    return clean_text(" ".join(filter(None, parts)))


def _status(value: object) -> RemoteStatus:
    """Return ARCHIVED for ARCHIVED, GDPRREQUEST (erased on request) and any word to come."""
    word = clean_text(value).upper()
    return RemoteStatus.ARCHIVED if word not in ("", "ACTIVE") else RemoteStatus.ACTIVE


def _kind(contact: Fields) -> RemoteKind:
    # Both are false for a fresh contact: they say who has been billed, not who is who.
    is_only_supplier = is_true(contact.get("IsSupplier")) and not is_true(contact.get("IsCustomer"))
    return RemoteKind.SUPPLIER if is_only_supplier else RemoteKind.CUSTOMER


def _successor(contact: Fields, remote_id: str) -> str | None:
    successor = guid(contact.get("MergedToContactID"))
    return successor if successor not in ("", remote_id) else None


def _receivable(contact: Fields) -> Fields:
    return _part(_part(contact, "Balances"), "AccountsReceivable")


def _part(fields: Fields, name: str) -> Fields:
    part = fields.get(name)
    return part if isinstance(part, dict) else {}


def _phones(contact: Fields) -> list[str]:
    numbers = (_number(phone) for phone in _in_order(contact, "Phone", PHONE_TYPES))
    return list(islice(dict.fromkeys(filter(None, numbers)), PHONES_MAX))


def _number(phone: Fields) -> str:
    number = clean_text(phone.get("PhoneNumber"), PHONE_MAX_CHARACTERS)
    if not number:
        return ""
    country = clean_text(phone.get("PhoneCountryCode"), PHONE_MAX_CHARACTERS)
    if _CALLING_CODE.fullmatch(country):
        country = f"+{country}"
    area = clean_text(phone.get("PhoneAreaCode"), PHONE_MAX_CHARACTERS)
    return clean_text(" ".join(filter(None, (country, area, number))), PHONE_MAX_CHARACTERS)


def _addresses(contact: Fields) -> list[str]:
    lines = (_address(address) for address in _in_order(contact, "Address", ADDRESS_TYPES))
    return list(islice(dict.fromkeys(filter(None, lines)), ADDRESSES_MAX))


def _address(address: Fields) -> str:
    lines = [clean_text(address.get(name)) for name in ADDRESS_LINES]
    region = (clean_text(address.get(key)) for key in ("Region", "PostalCode"))
    lines += [" ".join(filter(None, region)), clean_text(address.get("Country"))]
    return clean_text(", ".join(filter(None, lines)), ADDRESS_MAX_CHARACTERS)


def _in_order(contact: Fields, noun: str, types: tuple[str, ...]) -> Iterator[Fields]:
    """Yield the parts of the known types, in the order of the types."""
    parts = contact.get({"Phone": "Phones", "Address": "Addresses"}[noun])
    for wanted in types:
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict) and part.get(f"{noun}Type") == wanted:
                yield part
