"""Compare what a reading brought with what is stored; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter

from services.providers.contract import CustomerRecord, RemoteKind, RemoteStatus

_ALL_FIELDS = attrgetter(*(field.name for field in fields(CustomerRecord)))


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of one remote customer: enough to see whether it changed."""

    fingerprint: str
    is_vanished: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What a reading changes. `vanished` holds remote ids."""

    added: tuple[CustomerRecord, ...]
    changed: tuple[CustomerRecord, ...]
    vanished: tuple[str, ...]


def fingerprint(record: CustomerRecord) -> str:
    """Return a short digest of everything the record says."""
    text = "\x1f".join(map(str, _ALL_FIELDS(record)))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def is_counted(record: CustomerRecord, *, includes_sub_customers: bool) -> bool:
    """Say whether the record belongs to Y: active and top-level.

    Sub-customers belong to it when the admin includes them; projects and suppliers never do.
    """
    if record.status is not RemoteStatus.ACTIVE:
        return False
    is_included = includes_sub_customers and record.kind is RemoteKind.SUB_CUSTOMER
    return record.kind is RemoteKind.CUSTOMER or is_included


def compare(
    records: Iterable[CustomerRecord], stored: Mapping[str, Stored], *, is_whole: bool
) -> Difference:
    """Sort the records of one reading into added and changed, and name the vanished.

    The last record of an id wins. `is_whole` says that the reading listed everybody, so whoever
    is stored and was not listed is gone there; otherwise only who was told to be deleted is.
    """
    latest = {record.remote_id: record for record in records}
    added, changed = [], []
    vanished = list(missing(latest, stored)) if is_whole else []
    for remote_id, record in latest.items():
        known = stored.get(remote_id)
        if record.status is RemoteStatus.DELETED:
            vanished += [remote_id] if known and not known.is_vanished else []
        elif known is None:
            added.append(record)
        elif known.is_vanished or known.fingerprint != fingerprint(record):
            changed.append(record)
    return Difference(tuple(added), tuple(changed), tuple(vanished))


def missing(listed: Container[str], stored: Mapping[str, Stored]) -> tuple[str, ...]:
    """Name the stored customers that a whole list does not hold any more."""
    return tuple(
        remote_id
        for remote_id, known in stored.items()
        if not known.is_vanished and remote_id not in listed
    )
