"""What change data capture has to say when all customers of a company were exchanged at once.

A reset while somebody reads is what a person does who purges a company and imports it anew:
every customer that is not exactly as before is new at that moment, and the ids that are gone
are reported as deleted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sandbox.quickbooks.rows import Row
from sandbox.store import Store

TABLES = (
    "CREATE TABLE IF NOT EXISTS quickbooks_resets (realm TEXT PRIMARY KEY, at REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS quickbooks_exchanged (realm TEXT NOT NULL, id INTEGER NOT NULL,"
    " PRIMARY KEY (realm, id)) WITHOUT ROWID",
)


@dataclass(frozen=True, slots=True)
class Reset:
    """When customers were exchanged, and the ids of those who are others now or gone."""

    at: float
    ids: frozenset[int]


class Resets:
    """The last exchange of each company, kept over restarts."""

    def __init__(self, store: Store) -> None:
        store.define(*TABLES)
        self._store = store

    def record(
        self, realm: str, before: Iterable[Row], after: Iterable[Row], moment: datetime
    ) -> None:
        """Remember an exchange, unless it left everything as it was."""
        old = {row.key: row.text for row in before}
        new = {row.key: row.text for row in after}
        if old == new:
            return
        known = self.last(realm)
        exchanged = {one for one in old.keys() | new.keys() if old.get(one) != new.get(one)}
        exchanged |= known.ids if known else set()
        with self._store.transaction():
            self._store.run(
                "INSERT OR REPLACE INTO quickbooks_resets VALUES (?, ?)",
                [realm, moment.timestamp()],
            )
            self._store.run_many(
                "INSERT OR IGNORE INTO quickbooks_exchanged VALUES (?, ?)",
                ((realm, customer_id) for customer_id in exchanged),
            )

    def last(self, realm: str) -> Reset | None:
        """Return the last exchange of a company."""
        known = self._store.rows("SELECT at FROM quickbooks_resets WHERE realm = ?", [realm])
        if not known:
            return None
        ids = self._store.rows("SELECT id FROM quickbooks_exchanged WHERE realm = ?", [realm])
        exchanged = frozenset(int(str(customer_id)) for (customer_id,) in ids)
        return Reset(float(str(known[0][0])), exchanged)
