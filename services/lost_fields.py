"""Notice that a field has vanished from many customers at once, before it is believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import RemoteCustomer
from services.email_addresses import first_usable_address
from services.providers.contract import CustomerRecord

#: More than a fifth of the customers known before lose it in one reading …
LOST_SHARE = 0.2
#: … and not just a few of a small company, who may well have been edited.
LOST_LEAST = 10

WORDS = {
    "name": "a name",
    "email": "an e-mail address",
    "phone": "a phone number",
    "address": "an address",
    "company_name": "a company name",
    "person_name": "a person's name",
    "remote_updated_at": "the date of their last change",
}


class FieldLost(Exception):
    """The provider seems to have renamed a field; nothing may be stored without a person's word."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the field {field} vanished from many customers")
        self.field = field


class LossCounter:
    """Counts, over the batches of one reading, who has lost which field."""

    def __init__(self, known_count: int) -> None:
        self._limit = max(LOST_LEAST, known_count * LOST_SHARE)
        self._lost: Counter[str] = Counter()

    def count(self, session: Session, account_id: int, changed: Iterable[CustomerRecord]) -> None:
        """Compare changed records with their stored rows. Raises FieldLost over the limit."""
        records = {record.remote_id: record for record in changed}
        rows = session.execute(
            select(
                RemoteCustomer.remote_id,
                RemoteCustomer.name,
                RemoteCustomer.email,
                RemoteCustomer.phone,
                RemoteCustomer.address,
                RemoteCustomer.company_name,
                RemoteCustomer.person_name,
                RemoteCustomer.remote_updated_at,
            ).where(RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(records))
        )
        for remote_id, *values in rows:
            had = dict(zip(WORDS, values, strict=True))
            self._lost.update(_lost(had, records[remote_id]))
        for field, number in self._lost.items():
            if number > self._limit:
                raise FieldLost(field)


def _lost(had: Mapping[str, object], record: CustomerRecord) -> list[str]:
    has: dict[str, object] = {
        "name": _has_own_name(record, had),
        "email": first_usable_address(record.emails_text),
        "phone": record.phone,
        "address": record.address,
        "company_name": record.company_name,
        "person_name": record.person_name,
        "remote_updated_at": record.remote_updated_at,
    }
    return [field for field, value in had.items() if value and not has[field]]


def _has_own_name(record: CustomerRecord, had: Mapping[str, object]) -> bool:
    """Say whether the record still has a name of its own.

    Where the provider gives none, an adapter takes that of the company or person, or the id; who
    has become another person altogether has not lost a name.
    """
    is_the_same = (record.company_name, record.person_name) == (
        had["company_name"],
        had["person_name"],
    )
    if record.name == had["name"] or not is_the_same:
        return True
    made_of_id = {f"{noun} {record.remote_id}" for noun in ("Customer", "Contact", "Client")}
    return record.name not in {record.company_name, record.person_name} | made_of_id
