"""One contact as the imitation holds it: the JSON to send, and what is asked for most."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.email_kind import EmailKind, email_kind

ACTIVE, ARCHIVED, GDPR_REQUEST = "ACTIVE", "ARCHIVED", "GDPRREQUEST"
_MILLISECONDS = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Row:
    """A contact. `number` is the order of creation, which Xero does not show."""

    number: int
    key: str
    body: bytes
    name: str
    status: str
    is_customer: bool
    is_supplier: bool
    email_kind: EmailKind
    updated_ms: int

    @property
    def active(self) -> bool:
        """Tell whether it is neither archived nor redacted."""
        return self.status == ACTIVE

    @property
    def supplier_only(self) -> bool:
        """Tell whether only bills were ever entered for it."""
        return self.is_supplier and not self.is_customer

    @property
    def counted(self) -> bool:
        """Tell whether it is active and not only a supplier."""
        return self.active and not self.supplier_only

    def contact(self) -> dict[str, Any]:
        """Decode the whole contact."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded


def row_of(number: int, contact: Mapping[str, Any]) -> Row:
    """Encode a contact."""
    return _row(number, contact, encoded(contact))


def row_from(number: int, body: bytes) -> Row:
    """Return the contact that was encoded before."""
    return _row(number, json.loads(body), body)


def _row(number: int, contact: Mapping[str, Any], body: bytes) -> Row:
    return Row(
        number=number,
        key=contact["ContactID"],
        body=body,
        name=contact["Name"],
        status=contact["ContactStatus"],
        is_customer=contact["IsCustomer"],
        is_supplier=contact["IsSupplier"],
        email_kind=email_kind(contact.get("EmailAddress")),
        updated_ms=int(_MILLISECONDS.findall(contact["UpdatedDateUTC"])[0]),
    )


def encoded(value: object) -> bytes:
    """Write JSON as Xero does, with the slashes of dates escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace('"/Date(', r'"\/Date(').replace(')/"', r')\/"').encode()
