"""What a reading will change, worked out before anything is written, and packed small.

Working it out takes longer than writing it, and SQLite has one writer at a time.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import RemoteCustomer
from services.customer_diff import Difference, Stored, compare, fingerprint, is_counted, missing
from services.database import in_batches
from services.email_addresses import email_key, first_usable_address
from services.lost_fields import LossCounter
from services.providers.contract import CustomerRecord
from services.reading_pages import PACKING_LEVEL, ReadingPages
from services.remote_counts import VANISHED_FINGERPRINT
from services.text_keys import search_text, sort_key

Row = dict[str, object]
#: Whether a row counts is known when it is written: without and with sub-customers.
COUNTED = "is_counted"


@dataclass(frozen=True, slots=True)
class Batch:
    """Columns of some hundred rows, with the remote id in each, and ids that are gone there."""

    added: list[Row]
    changed: list[Row]
    vanished: tuple[str, ...]

    @property
    def known_ids(self) -> list[str]:
        """Return the ids of who was known before and is not what it was."""
        return [*(str(row["remote_id"]) for row in self.changed), *self.vanished]

    def settle(self, *, includes_sub_customers: bool) -> None:
        """Decide which rows count; until then each holds both answers."""
        for row in (*self.added, *self.changed):
            answers = cast(tuple[bool, bool], row[COUNTED])
            row[COUNTED] = answers[includes_sub_customers]


@dataclass(slots=True)
class PreparedDifference:
    """The batches of one reading, and who was merged into whom."""

    merges: dict[str, str] = field(default_factory=dict)
    _packed: list[bytes] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Keep a batch; a hundred thousand rows as dicts would need some 300 MB."""
        if batch.added or batch.changed or batch.vanished:
            parts = (batch.added, batch.changed, batch.vanished)
            self._packed.append(zlib.compress(pickle.dumps(parts), PACKING_LEVEL))

    def compare(
        self, records: Iterable[CustomerRecord], stored: Mapping[str, Stored]
    ) -> Difference:
        """Work out what these records change, keep it, and return it as it was found."""
        difference = compare(records, stored, is_whole=False)
        self.merges |= _merges(difference)
        self.add(Batch(_rows(difference.added), _rows(difference.changed), difference.vanished))
        return difference

    def batches(self) -> Iterator[Batch]:
        """Yield the batches in their order, unpacking one at a time."""
        for packed in self._packed:
            # Packed by this object a moment ago, never by anybody else.
            yield Batch(*pickle.loads(zlib.decompress(packed)))  # noqa: S301


def prepare_difference(
    session: Session,
    *,
    account_id: int,
    pages: ReadingPages,
    is_whole: bool,
    accepts_loss: bool = False,
    first: PreparedDifference | None = None,
) -> PreparedDifference:
    """Compare what was read with what is stored; only reads, so that nobody waits for it.

    What is stored changes under a claimed reading only, so whoever holds the claim may write
    the result later. Raises FieldLost, unless `accepts_loss`, when a field vanished from more
    than a fifth of the customers known before. `first` is the same worked out already, for an
    account of which nothing is stored.
    """
    if not is_whole and not len(pages):
        # The usual end of checking again; knowing everybody would take longer than all the rest.
        return PreparedDifference()
    stored = stored_customers(session, account_id)
    if first is not None and not stored:
        return first
    losses = LossCounter(sum(not known.is_vanished for known in stored.values()))
    prepared = PreparedDifference()
    for records in in_batches(pages.records()):
        difference = prepared.compare(records, stored)
        if not accepts_loss:
            losses.count(session, account_id, difference.changed)
    if is_whole:
        for gone in in_batches(missing(pages, stored)):
            prepared.add(Batch([], [], tuple(gone)))
    return prepared


def _merges(difference: Difference) -> dict[str, str]:
    return {
        record.remote_id: record.merged_into_remote_id
        for record in (*difference.added, *difference.changed)
        if record.merged_into_remote_id
    }


def stored_customers(session: Session, account_id: int) -> dict[str, Stored]:
    """Return what is stored of every remote customer of the account, by remote id."""
    rows = session.execute(
        select(RemoteCustomer.remote_id, RemoteCustomer.fingerprint).where(
            RemoteCustomer.account_id == account_id
        )
    )
    return {
        remote_id: Stored(digest, is_vanished=digest == VANISHED_FINGERPRINT)
        for remote_id, digest in rows
    }


def _rows(records: Iterable[CustomerRecord]) -> list[Row]:
    return [columns_of(record) for record in records]


def columns_of(record: CustomerRecord) -> Row:
    """Return what is stored of a record, by column; whether it counts is not decided yet."""
    email = first_usable_address(record.emails_text)
    return {
        "remote_id": record.remote_id,
        COUNTED: (
            is_counted(record, includes_sub_customers=False),
            is_counted(record, includes_sub_customers=True),
        ),
        "fingerprint": fingerprint(record),
        "name": record.name,
        "sort_key": sort_key(record.name),
        "company_name": record.company_name,
        "person_name": record.person_name,
        "email": email,
        "email_key": email_key(email) if email else None,
        "has_email": email is not None,
        "emails_text": record.emails_text,
        "phone": record.phone,
        "other_phones": "\n".join(record.other_phones),
        "address": record.address,
        "other_addresses": "\n".join(record.other_addresses),
        "search_text": search_text(
            record.name,
            record.company_name,
            record.person_name,
            record.emails_text,
            phone=record.phone,
            other_phones=record.other_phones,
        ),
        "status": record.status.value,
        "kind": record.kind.value,
        "parent_remote_id": record.parent_remote_id,
        "merged_into_remote_id": record.merged_into_remote_id,
        "balance_cents": record.balance_cents or 0,
        "currency": record.currency[:8],
        "remote_updated_at": record.remote_updated_at,
    }
