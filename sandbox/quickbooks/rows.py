"""One customer as the imitation holds it: the JSON to send, and what is asked for most."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.email_kind import EmailKind, email_kind
from sandbox.quickbooks.times import read_time

DELETED_SUFFIX = " (deleted)"


@dataclass(frozen=True, slots=True)
class Row:
    """A customer. `stub` marks one that change data capture reports as deleted."""

    key: int
    text: str
    display_name: str
    active: bool
    job: bool
    project: bool
    email_kind: EmailKind
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
        key=int(customer["Id"]),
        text=json.dumps(customer, ensure_ascii=False, separators=(",", ":")),
        display_name=customer["DisplayName"],
        active=customer["Active"],
        job=customer["Job"],
        project=customer["IsProject"],
        email_kind=email_kind(address, takes_several=True),
        created_at=read_time(customer["MetaData"]["CreateTime"]).timestamp(),
        updated_at=read_time(customer["MetaData"]["LastUpdatedTime"]).timestamp(),
        stub=stub,
    )
