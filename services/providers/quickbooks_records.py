"""Turn one customer of QuickBooks into a CustomerRecord. Pure.

Field names and meanings: the Customer type in intuit/QuickBooks-V3-Java-SDK,
ipp-v3-java-data/src/main/xsd, and recorded answers in ruckus/quickbooks-ruby, spec/fixtures
(both read 2026-11-22). A value that is not given is a missing key there, never null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from services.providers.cleaning import (
    ADDRESS_MAX_CHARACTERS,
    PHONE_MAX_CHARACTERS,
    cents,
    clean_emails,
    clean_text,
    currency_code,
    is_false,
    is_true,
    utc_moment,
)
from services.providers.contract import (
    CustomerRecord,
    RemoteKind,
    RemoteStatus,
    UnreadableAnswer,
)

ADDRESS_LINES = ("Line1", "Line2", "Line3", "Line4", "Line5", "City")
#: Of phones and addresses the first one given is used, the others are kept. A fax is no phone.
ADDRESS_FIELDS = ("BillAddr", "ShipAddr")
PHONE_FIELDS = ("PrimaryPhone", "Mobile", "AlternatePhone")

_REMOTE_ID = re.compile(r"[\x21-\x7e]{1,64}")
#: QuickBooks never removes a customer: it deactivates and renames it (recorded in
#: deleted_customer.xml of ruckus/quickbooks-ruby, read 2026-11-22).
_DELETED_MARK = re.compile(r"\s*\(deleted\)$", re.IGNORECASE)

Fields = Mapping[str, object]


def customer_record(customer: object) -> CustomerRecord:
    """Clean and cap one customer. Raises UnreadableAnswer only for one without an id."""
    if not isinstance(customer, dict):
        raise UnreadableAnswer("A customer in the list is not an object.")
    remote_id = _remote_id(customer.get("Id"))
    phones, addresses = _phones(customer), _addresses(customer)
    status = RemoteStatus.ARCHIVED if is_false(customer.get("Active")) else RemoteStatus.ACTIVE
    return CustomerRecord(
        remote_id=remote_id,
        name=_name(customer, status) or f"Customer {remote_id}",
        company_name=clean_text(customer.get("CompanyName")),
        person_name=_person_name(customer),
        emails_text=clean_emails(_part(customer, "PrimaryEmailAddr").get("Address")),
        phone=phones[0],
        other_phones=phones[1:],
        address=addresses[0],
        other_addresses=addresses[1:],
        status=status,
        kind=_kind(customer),
        parent_remote_id=_parent_remote_id(customer),
        balance_cents=cents(customer.get("Balance")),
        currency=currency_code(_part(customer, "CurrencyRef").get("value")),
        remote_updated_at=_updated_at(customer),
    )


def changed_record(customer: object) -> CustomerRecord:
    """Read one object of the change feed, which tells of deleted ones hardly more than the id.

    Raises UnreadableAnswer only for one without an id.
    """
    if not isinstance(customer, dict) or customer.get("status") != "Deleted":
        return customer_record(customer)
    remote_id = _remote_id(customer.get("Id"))
    return CustomerRecord(
        remote_id=remote_id,
        name=f"Customer {remote_id}",
        status=RemoteStatus.DELETED,
        remote_updated_at=_updated_at(customer),
    )


def _updated_at(customer: Fields) -> datetime | None:
    return utc_moment(_part(customer, "MetaData").get("LastUpdatedTime"))


def _remote_id(value: object) -> str:
    if isinstance(value, str) and _REMOTE_ID.fullmatch(value):
        return value
    raise UnreadableAnswer("A customer in the list has no id.")


def _part(customer: Fields, name: str) -> Fields:
    part = customer.get(name)
    return part if isinstance(part, dict) else {}


def _name(customer: Fields, status: RemoteStatus) -> str:
    name = clean_text(customer.get("DisplayName"))
    if status is RemoteStatus.ARCHIVED:
        name = _DELETED_MARK.sub("", name)
    return name or clean_text(customer.get("CompanyName")) or _person_name(customer)


def _person_name(customer: Fields) -> str:
    parts = (clean_text(customer.get(key)) for key in ("GivenName", "MiddleName", "FamilyName"))
    return clean_text(" ".join(filter(None, parts)))


def _phones(customer: Fields) -> tuple[str, ...]:
    parts = (_part(customer, name).get("FreeFormNumber") for name in PHONE_FIELDS)
    return _given(clean_text(number, PHONE_MAX_CHARACTERS) for number in parts)


def _addresses(customer: Fields) -> tuple[str, ...]:
    return _given(_address(_part(customer, name)) for name in ADDRESS_FIELDS)


def _given(texts: Iterable[str]) -> tuple[str, ...]:
    """Return what is given, each once and in order; one empty text if nothing is."""
    return tuple(dict.fromkeys(filter(None, texts))) or ("",)


def _address(address: Fields) -> str:
    if not address:
        return ""
    lines = [clean_text(address.get(name)) for name in ADDRESS_LINES]
    region = (clean_text(address.get(key)) for key in ("CountrySubDivisionCode", "PostalCode"))
    lines += [" ".join(filter(None, region)), clean_text(address.get("Country"))]
    return clean_text(", ".join(filter(None, lines)), ADDRESS_MAX_CHARACTERS)


def _kind(customer: Fields) -> RemoteKind:
    # A project is a job as well, so it is asked first.
    if is_true(customer.get("IsProject")):
        return RemoteKind.PROJECT
    if is_true(customer.get("Job")) or "ParentRef" in customer:
        return RemoteKind.SUB_CUSTOMER
    return RemoteKind.CUSTOMER


def _parent_remote_id(customer: Fields) -> str | None:
    value = _part(customer, "ParentRef").get("value")
    return value if isinstance(value, str) and _REMOTE_ID.fullmatch(value) else None
