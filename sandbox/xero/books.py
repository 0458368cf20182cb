"""The organisations of the imitation: in memory for reading, in the store for surviving."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sandbox.clock import Clock
from sandbox.email_kind import EmailKind
from sandbox.errors import WrongInput
from sandbox.store import Store
from sandbox.xero.generator import generate
from sandbox.xero.rows import Row, row_from
from sandbox.xero.tenants import ORGANISATIONS, Tenant, organisation_of
from sandbox.xero.times import milliseconds

DEFAULT_SEED = 1
LARGEST_SIZE = 200_000
REMEMBERED_SELECTIONS = 32
TABLES = (
    "CREATE TABLE IF NOT EXISTS xero_books (tenant_id TEXT PRIMARY KEY, size INTEGER NOT NULL,"
    " seed INTEGER NOT NULL, changes INTEGER NOT NULL, reset_ms INTEGER NOT NULL,"
    " is_filled INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS xero_contacts (tenant_id TEXT NOT NULL, number INTEGER NOT NULL,"
    " body BLOB NOT NULL, PRIMARY KEY (tenant_id, number)) WITHOUT ROWID",
)


class Book:
    """All contacts of one organisation. Rows are replaced, never changed in place.

    `reset_ms` is the moment the data were made anew, 0 for the first ones: whatever is older
    counts as modified then, as in an organisation that was set up again.
    """

    def __init__(self, tenant: Tenant, seed: int, changes: int, reset_ms: int) -> None:
        self.tenant = tenant
        self.seed = seed
        self.changes = changes
        self.reset_ms = reset_ms
        self._lock = threading.RLock()
        self._rows: dict[str, Row] = {}
        self._selections: dict[object, list[Row]] = {}

    def rows(self) -> list[Row]:
        """Return all rows, in the order of creation."""
        with self._lock:
            return list(self._rows.values())

    def row(self, contact_id: str) -> Row | None:
        """Return one contact, whatever its status."""
        with self._lock:
            return self._rows.get(contact_id)

    def put(self, rows: Iterable[Row]) -> None:
        """Replace or append rows."""
        with self._lock:
            self._rows |= {row.contact_id: row for row in rows}
            self._selections.clear()

    def selection(self, question: object, select: Callable[[list[Row]], list[Row]]) -> list[Row]:
        """Return what `select` chooses, remembered until a row changes.

        Pages of one listing ask the same question, so only the first has to look at all rows.
        """
        with self._lock:
            known = self._selections.get(question)
            if known is None:
                known = select(list(self._rows.values()))
                if len(self._selections) >= REMEMBERED_SELECTIONS:
                    self._selections.clear()
                self._selections[question] = known
            return known

    def census(self) -> dict[str, int]:
        """Count by kind; the first five kinds share no contact."""
        rows = self.rows()
        active = [row for row in rows if row.active]
        counted = [row for row in active if row.counted]
        return {
            "counted": len(counted),
            "sub_customers": 0,
            "projects": 0,
            "supplier_only": len(active) - len(counted),
            "inactive": len(rows) - len(active),
            "without_email": sum(row.email_kind is EmailKind.ABSENT for row in counted),
            "with_unusable_email": sum(row.email_kind is EmailKind.UNUSABLE for row in counted),
        }


class Books:
    """Opens the book of an organisation: from memory, from the store, or freshly generated.

    A reset only notes what is to be generated, which happens when somebody looks.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(*TABLES)
        self._store = store
        self._clock = clock
        self._lock = threading.RLock()
        self._open: dict[str, Book] = {}

    def open(self, tenant_id: str | None) -> Book:
        """Return the book of an organisation, of the first one without an id."""
        tenant = organisation_of(tenant_id)
        with self._lock:
            if tenant.tenant_id not in self._open:
                self._open[tenant.tenant_id] = self._load(tenant)
            return self._open[tenant.tenant_id]

    def expected_size(self, tenant: Tenant) -> int:
        """Return how many contacts count, without generating anything for it."""
        with self._lock:
            if tenant.tenant_id in self._open:
                return self._open[tenant.tenant_id].census()["counted"]
            known = self._store.rows(
                "SELECT size FROM xero_books WHERE tenant_id = ?", [tenant.tenant_id]
            )
        return int(str(known[0][0])) if known else tenant.size

    def reset(self, tenant_id: str | None, size: int | None, seed: int | None) -> None:
        """Start over; without an id everywhere, the size then being that of the first."""
        if size is not None and not 0 <= size <= LARGEST_SIZE:
            raise WrongInput(f"“size” must be from 0 to {LARGEST_SIZE}.")
        chosen = organisation_of(tenant_id)
        with self._lock:
            for tenant in ORGANISATIONS if tenant_id is None else (chosen,):
                self._forget(tenant)
                wanted = size if size is not None and tenant is chosen else tenant.size
                empty = Book(
                    replace(tenant, size=wanted),
                    DEFAULT_SEED if seed is None else seed,
                    changes=0,
                    reset_ms=milliseconds(self._clock()),
                )
                self._remember(empty, is_filled=False)

    @contextmanager
    def changing(self, tenant_id: str | None) -> Iterator[Book]:
        """Open a book with no other change of any book going on at the same time."""
        with self._lock:
            yield self.open(tenant_id)

    def save(self, book: Book, rows: list[Row]) -> None:
        """Write changed rows through to the store, then show them to readers."""
        tenant_id = book.tenant.tenant_id
        with self._store.transaction():
            self._store.run_many(
                "INSERT OR REPLACE INTO xero_contacts VALUES (?, ?, ?)",
                ((tenant_id, row.number, row.body) for row in rows),
            )
            self._remember(book, is_filled=True)
        book.put(rows)

    def _remember(self, book: Book, *, is_filled: bool) -> None:
        tenant = book.tenant
        self._store.run(
            "INSERT OR REPLACE INTO xero_books VALUES (?, ?, ?, ?, ?, ?)",
            [tenant.tenant_id, tenant.size, book.seed, book.changes, book.reset_ms, is_filled],
        )

    def _fill(self, book: Book) -> Book:
        self.save(book, generate(book.tenant.size, book.seed, book.tenant.tenant_id))
        return book

    def _load(self, tenant: Tenant) -> Book:
        known = self._store.rows(
            "SELECT size, seed, changes, reset_ms, is_filled FROM xero_books WHERE tenant_id = ?",
            [tenant.tenant_id],
        )
        if not known:
            return self._fill(Book(tenant, DEFAULT_SEED, changes=0, reset_ms=0))
        size, seed, changes, reset_ms, is_filled = (int(str(value)) for value in known[0])
        book = Book(replace(tenant, size=size), seed, changes, reset_ms)
        if not is_filled:
            return self._fill(book)
        rows = self._store.rows(
            "SELECT number, body FROM xero_contacts WHERE tenant_id = ? ORDER BY number",
            [tenant.tenant_id],
        )
        book.put(row_from(int(str(number)), _bytes(body)) for number, body in rows)
        return book

    def _forget(self, tenant: Tenant) -> None:
        self._open.pop(tenant.tenant_id, None)
        with self._store.transaction():
            self._store.run("DELETE FROM xero_books WHERE tenant_id = ?", [tenant.tenant_id])
            self._store.run("DELETE FROM xero_contacts WHERE tenant_id = ?", [tenant.tenant_id])


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
