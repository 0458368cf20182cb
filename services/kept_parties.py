"""Customers of either list as rows in comparable parts: read, cleaned, written beside them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, Table, and_, select
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


def is_unkept(side: Side) -> ColumnElement[bool]:
    """Return the condition that a row waits to be kept, of a list that the statement names."""
    table = side.source.c
    # Every revision is positive. Naming it makes SQLite, which does not know how few they are,
    # take the partial index that begins with owner and revision.
    return and_(table.kept_revision != table.revision, table.revision > 0)


@dataclass(frozen=True, slots=True)
class UnkeptRow:
    """A row whose kept parts may be stale; without a party it is in no list any more."""

    row_id: int
    revision: int
    kept_revision: int
    party: Party | None


def read_unkept(session: Session, side: Side, owner_id: int, *, limit: int) -> list[UnkeptRow]:
    """Return some of the rows that are to be compared; found through the partial index."""
    table = side.source.c
    statement = select(side.source).where(table[side.owner] == owner_id, is_unkept(side))
    return _rows(session, side, statement.order_by(table.revision, table.id).limit(limit))


def read_rows(session: Session, side: Side, row_ids: Sequence[int]) -> list[UnkeptRow]:
    """Return these rows, up to some hundred, as they are now."""
    return _rows(session, side, select(side.source).where(side.source.c.id.in_(row_ids)))


def unkept_ids(session: Session, side: Side, owner_id: int, *, even_kept: bool) -> list[int]:
    """Return the row ids of all that are to be compared, or of everybody in the tables."""
    table = side.source.c
    statement = select(table.id).where(table[side.owner] == owner_id)
    return sorted(session.scalars(statement if even_kept else statement.where(is_unkept(side))))


def _rows(session: Session, side: Side, statement: Select[Any]) -> list[UnkeptRow]:
    read = _our_party if side is OURS else _their_party
    return [
        UnkeptRow(row.id, row.revision, row.kept_revision, read(row))
        for row in session.execute(statement)
    ]


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
    if row.state not in COMPARED_STATES or row.erased_at is not None:
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
