"""One customer as the imitation holds it: the JSON to send, and what is asked for most."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.quickbooks.times import read_time

DELETED_SUFFIX = " (deleted)"
_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")


class EmailKind(StrEnum):
    """What the e-mail field is worth."""

    ABSENT = "absent"
    UNUSABLE = "unusable"
    USABLE = "usable"


@dataclass(frozen=True, slots=True)
class Row:
    """A customer. `stub` marks one that change data capture reports as deleted."""

    customer_id: int
    text: str
    display_name: str
    active: bool
    job: bool
    project: bool
    email: EmailKind
    created_at: float
    updated_at: float
    stub: bool

    @property
    def counted(self) -> bool:
        """Tell whether it is active and top-level."""
        return self.active and not self.job and not self.project

    def customer(self) -> dict[str, Any]:
        """Decode the whole customer."""
        decoded: dict[str, Any] = json.loads(self.text)
        return decoded


def row_of(customer: Mapping[str, Any], *, stub: bool = False) -> Row:
    """Encode a customer."""
    address = customer.get("PrimaryEmailAddr", {}).get("Address")
    return Row(
        customer_id=int(customer["Id"]),
        text=json.dumps(customer, ensure_ascii=False, separators=(",", ":")),
        display_name=customer["DisplayName"],
        active=customer["Active"],
        job=customer["Job"],
        project=customer["IsProject"],
        email=_email_kind(address),
        created_at=read_time(customer["MetaData"]["CreateTime"]).timestamp(),
        updated_at=read_time(customer["MetaData"]["LastUpdatedTime"]).timestamp(),
        stub=stub,
    )


def _email_kind(field: str | None) -> EmailKind:
    if field is None:
        return EmailKind.ABSENT
    parts = re.split(r"[,;\s]+", field)
    usable = any(_ADDRESS.fullmatch(part) for part in parts)
    return EmailKind.USABLE if usable else EmailKind.UNUSABLE
