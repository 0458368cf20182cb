"""One list of customers as its tables keep it: loaded whole, or asked for who shares a key."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.database import BATCH_ROWS, in_batches
from services.kept_parties import Side
from services.matching.keeping import from_text
from services.matching.keys import blocking_keys
from services.matching.matcher import KeptParty


class TableList:
    """The customers of a company, or the compared ones of an account; see matcher.KeptList.

    Reads within one session, and remembers whom it has read: make a new one after a change.
    """

    def __init__(self, session: Session, side: Side, owner_id: int) -> None:
        self._session, self._side, self._owner_id = session, side, owner_id
        self._read: dict[int, KeptParty] = {}

    def count_by_key(self, keys: Iterable[int]) -> Mapping[int, int]:
        """Return how many customers have each key."""
        table = self._side.keys
        counts: dict[int, int] = {}
        for batch in in_batches(sorted(keys)):
            rows = self._session.execute(
                select(table.c.key, func.count())
                .where(table.c[self._side.owner] == self._owner_id, table.c.key.in_(batch))
                .group_by(table.c.key)
            )
            counts.update((key, count) for key, count in rows)
        return counts

    def parties_by_key(self, keys: Iterable[int]) -> Iterable[KeptParty]:
        """Return the customers who have any of the keys."""
        return self.parties(self.ids_by_key(keys)).values()

    def ids_by_key(self, keys: Iterable[int]) -> set[int]:
        """Return the row ids of the customers who have any of the keys."""
        table, found = self._side.keys, set[int]()
        for batch in in_batches(sorted(keys)):
            found.update(
                self._session.scalars(
                    select(table.c[self._side.member]).where(
                        table.c[self._side.owner] == self._owner_id, table.c.key.in_(batch)
                    )
                )
            )
        return found

    def parties(self, row_ids: Iterable[int]) -> dict[int, KeptParty]:
        """Return those of the customers who are kept, by row id."""
        wanted, table = set(row_ids), self._side.kept
        for batch in in_batches(sorted(wanted - self._read.keys())):
            rows = self._session.execute(
                select(table.c[self._side.member], table.c.cleaned).where(
                    table.c[self._side.member].in_(batch)
                )
            )
            self._read.update((row_id, _unpacked(row_id, text)) for row_id, text in rows)
        return {row_id: self._read[row_id] for row_id in wanted if row_id in self._read}


def load_list(session: Session, side: Side, owner_id: int) -> list[KeptParty]:
    """Return everybody who is kept, by row id. 100,000 take some five seconds.

    The keys follow from the parts: working them out is as fast as reading two million rows.
    """
    table = side.kept
    rows = session.execute(
        select(table.c[side.member], table.c.cleaned)
        .where(table.c[side.owner] == owner_id)
        .order_by(table.c[side.member]),
        execution_options={"yield_per": BATCH_ROWS},
    )
    return [_unpacked(row_id, text) for row_id, text in rows]


def count_kept(session: Session, side: Side, owner_id: int) -> int:
    """Return how many customers of the list are kept; a millisecond for each 30,000."""
    table = side.kept
    statement = select(func.count()).select_from(table).where(table.c[side.owner] == owner_id)
    return session.scalar(statement) or 0


def _unpacked(row_id: int, text: str) -> KeptParty:
    cleaned = from_text(str(row_id), text)
    # An array takes a fifth of the memory of a tuple of numbers.
    return KeptParty(cleaned, array("q", blocking_keys(cleaned)))
