"""Writes what is kept of customers: their parts by row, their keys in the order of the keys."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam, delete, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from services.kept_lists import TableList
from services.kept_parties import Side
from services.matching.keeping import to_text
from services.matching.matcher import KeptParty

#: A key, and the row id of a customer who has it.
KeyRow = tuple[int, int]


class KeyRows:
    """Millions of keys with their customers, sixteen bytes each."""

    def __init__(self) -> None:
        self._keys, self._row_ids = array("q"), array("q")

    def add(self, row_id: int, keys: Collection[int]) -> None:
        """Add the keys of a customer."""
        self._keys.extend(keys)
        self._row_ids.extend([row_id] * len(keys))

    def batches(self, size: int) -> Iterator[list[KeyRow]]:
        """Yield them in the order of the keys."""
        import numpy as np

        if not self._keys:
            return
        keys, row_ids = np.frombuffer(self._keys, np.int64), np.frombuffer(self._row_ids, np.int64)
        order = np.lexsort((row_ids, keys))
        for start in range(0, len(order), size):
            at = order[start : start + size]
            yield list(zip(keys[at].tolist(), row_ids[at].tolist(), strict=True))


def write_kept(
    session: Session, side: Side, owner_id: int, kept: Mapping[int, KeptParty | None]
) -> None:
    """Replace what is kept of a few rows, in the caller's transaction."""
    before = TableList(session, side, owner_id).parties(kept)
    gone, new = list[KeyRow](), list[KeyRow]()
    for row_id, one in kept.items():
        gone_keys, new_keys = differing_keys(before.get(row_id), one)
        gone += ((key, row_id) for key in gone_keys)
        new += ((key, row_id) for key in new_keys)
    delete_keys(session, side, owner_id, sorted(gone))
    insert_keys(session, side, owner_id, sorted(new))
    texts = {row_id: text_of(one) for row_id, one in kept.items()}
    write_parts(session, side, owner_id, texts)


def text_of(one: KeptParty | None) -> str | None:
    """Return the parts as they are written, None for nobody."""
    return None if one is None else to_text(one.cleaned)


def differing_keys(before: KeptParty | None, now: KeptParty | None) -> tuple[set[int], set[int]]:
    """Return the keys that are gone, and those that are new."""
    old = set(before.keys) if before else set[int]()
    new = set(now.keys) if now else set[int]()
    return old - new, new - old


def write_parts(
    session: Session, side: Side, owner_id: int, texts: Mapping[int, str | None]
) -> None:
    """Replace the parts of these rows, in the caller's transaction; None is kept of nobody."""
    connection = session.connection()
    connection.execute(delete(side.kept).where(side.kept.c[side.member].in_(texts)))
    rows = [
        {side.owner: owner_id, side.member: row_id, "cleaned": text}
        for row_id, text in texts.items()
        if text is not None
    ]
    if rows:
        connection.execute(insert(side.kept), rows)


def delete_keys(session: Session, side: Side, owner_id: int, rows: Iterable[KeyRow]) -> None:
    """Delete keys, in the caller's transaction."""
    table = side.keys
    statement = delete(table).where(
        table.c[side.owner] == bindparam("b_owner"),
        table.c.key == bindparam("b_key"),
        table.c[side.member] == bindparam("b_member"),
    )
    values = [{"b_owner": owner_id, "b_key": key, "b_member": row_id} for key, row_id in rows]
    if values:
        session.connection().execute(statement, values)


def insert_keys(session: Session, side: Side, owner_id: int, rows: Iterable[KeyRow]) -> None:
    """Insert keys, in the caller's transaction; a process that died may have left some."""
    connection = session.connection()
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = [{side.owner: owner_id, "key": key, side.member: row_id} for key, row_id in rows]
    if values:
        connection.execute(dialect.insert(side.keys).on_conflict_do_nothing(), values)
