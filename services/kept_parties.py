"""Customers of either list as rows in comparable parts: read, cleaned, written beside them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Row, Table, delete, insert, select
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerKey,
    KeptCustomer,
    KeptRemote,
    RemoteCustomer,
    RemoteKey,
    RemoteState,
)
from services.matching.keeping import to_text
from services.matching.matcher import KeptParty, prepare
from services.matching.party import Party, party_of_texts

#: The kept revision of who has been compared, but has to be again: somebody it met has changed.
COMPARE_AGAIN = 2_000_000_000
#: Remote customers in these states are compared.
COMPARED_STATES = (RemoteState.UNSYNCED, RemoteState.LINKED, RemoteState.IGNORED)
#: As much as the columns were made for; SQLite would keep more, and cleaning all of it is slow.
MAX_CHARACTERS = 500
MAX_PHONES = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Side:
    """The tables of one list. `owner` is whose list it is, `member` the row of a customer."""

    source: Table
    kept: Table
    keys: Table
    owner: str
    member: str


def _table(model: type[Any]) -> Table:
    return cast(Table, model.__table__)


OURS = Side(
    _table(Customer), _table(KeptCustomer), _table(CustomerKey), "company_id", "customer_id"
)
THEIRS = Side(
    _table(RemoteCustomer),
    _table(KeptRemote),
    _table(RemoteKey),
    "account_id",
    "remote_customer_id",
)


@dataclass(frozen=True, slots=True)
class UnkeptRow:
    """A row whose kept parts may be stale; without a party it is in no list any more."""

    row_id: int
    revision: int
    kept_revision: int
    party: Party | None


def read_unkept(
    session: Session,
    side: Side,
    owner_id: int,
    *,
    limit: int,
    after: int = 0,
    even_kept: bool = False,
) -> list[UnkeptRow]:
    """Return rows that are to be compared, by id; found through the partial index."""
    table = side.source.c
    conditions = [table[side.owner] == owner_id, table.id > after]
    if not even_kept:
        conditions.append(table.kept_revision != table.revision)
    rows = session.execute(
        select(side.source).where(*conditions).order_by(table.id).limit(limit)
    ).all()
    read = _our_party if side is OURS else _their_party
    return [UnkeptRow(row.id, row.revision, row.kept_revision, read(row)) for row in rows]


def keep(row: UnkeptRow, *, region: str) -> KeptParty | None:
    """Return what is kept of a row, None if it is in no list.

    A row that cannot be cleaned is kept as somebody like nobody, and told: it must not stop the
    others.
    """
    if row.party is None:
        return None
    try:
        return prepare(row.party, region=region)
    # The edge of a row: whatever a text does must not stop the list, nor stand in a log.
    except Exception as error:  # noqa: BLE001
        name = type(error).__name__
        logger.error("a customer could not be cleaned: %s, row %s", name, row.row_id)
        return prepare(Party(row.party.party_id), region=region)


def write_kept(
    session: Session, side: Side, owner_id: int, kept: Mapping[int, KeptParty | None]
) -> None:
    """Replace what is kept of these rows, in the caller's transaction."""
    connection = session.connection()
    for table in (side.kept, side.keys):
        connection.execute(delete(table).where(table.c[side.member].in_(kept)))
    owner = {side.owner: owner_id}
    present = {row_id: one for row_id, one in kept.items() if one is not None}
    parts = [
        {**owner, side.member: row_id, "cleaned": to_text(one.cleaned)}
        for row_id, one in present.items()
    ]
    keys = [
        {**owner, side.member: row_id, "key": key}
        for row_id, one in present.items()
        for key in one.keys
    ]
    for table, rows in ((side.kept, parts), (side.keys, keys)):
        if rows:
            connection.execute(insert(table), rows)


def _our_party(row: Row[Any]) -> Party | None:
    return party_of_texts(
        str(row.id),
        _bounded(row.name),
        company_name=_bounded(row.company_name),
        # A placeholder is no address; nothing may be concluded from it.
        email_text="" if row.is_placeholder_email else _bounded(row.email),
        phones=(_bounded(row.phone),),
        address=_bounded(row.address),
    )


def _their_party(row: Row[Any]) -> Party | None:
    if row.state not in COMPARED_STATES:
        return None
    return party_of_texts(
        str(row.id),
        _bounded(row.name),
        company_name=_bounded(row.company_name),
        person_name=_bounded(row.person_name),
        email_text=row.emails_text or row.email or "",
        phones=_phones((row.phone, *row.other_phones.splitlines())),
        address=_bounded(row.address),
    )


def _phones(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_bounded, filter(None, texts)))[:MAX_PHONES]


def _bounded(text: str) -> str:
    return text[:MAX_CHARACTERS]


def row_ids(kept: Iterable[KeptParty]) -> set[int]:
    """Return the row ids of kept customers; their party ids are these as text."""
    return {int(one.cleaned.party_id) for one in kept}


def changed_parts(
    rows: Sequence[UnkeptRow],
    now: Mapping[int, KeptParty | None],
    before: Mapping[int, KeptParty],
) -> list[UnkeptRow]:
    """Return the rows that changed themselves, not only somebody they met."""
    return [
        row
        for row in rows
        if row.kept_revision != COMPARE_AGAIN or not _is_same(now[row.row_id], before, row.row_id)
    ]


def _is_same(now: KeptParty | None, before: Mapping[int, KeptParty], row_id: int) -> bool:
    known = before.get(row_id)
    return (now is None and known is None) or (
        now is not None and known is not None and now.cleaned == known.cleaned
    )
