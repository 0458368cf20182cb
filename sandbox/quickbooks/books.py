"""The companies (realms) of the imitation: in memory for reading, in the store for surviving."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sandbox.email_kind import EmailKind
from sandbox.errors import WrongInput
from sandbox.quickbooks.generator import generate
from sandbox.quickbooks.resets import Reset, Resets
from sandbox.quickbooks.rows import Row, row_of
from sandbox.store import Store

DEFAULT_SEED = 1
LARGEST_SIZE = 200_000
REMEMBERED_SELECTIONS = 32


@dataclass(frozen=True, slots=True)
class Company:
    """A company one can choose on the consent page, and how large it is at first."""

    realm: str
    name: str
    size: int


COMPANIES = (
    Company("9341450000000001", "Harbor Heating & Air LLC", 1204),
    Company("9341450000000002", "Kestrel Heating & Plumbing Group", 4812),
    Company("9341450000000003", "Empty Company", 0),
)
DEFAULT_REALM = COMPANIES[0].realm
TABLES = (
    "CREATE TABLE IF NOT EXISTS quickbooks_books (realm TEXT PRIMARY KEY, size INTEGER NOT NULL,"
    " seed INTEGER NOT NULL, changes INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS quickbooks_customers (realm TEXT NOT NULL,"
    " id INTEGER NOT NULL, body TEXT NOT NULL, stub INTEGER NOT NULL,"
    " PRIMARY KEY (realm, id)) WITHOUT ROWID",
)


class Book:
    """All customers of one company. Rows are replaced, never changed in place."""

    def __init__(
        self,
        company: Company,
        seed: int,
        changes: int,
        *,
        rows: Iterable[Row] = (),
        reset: Reset | None = None,
    ) -> None:
        self.company = company
        self.reset = reset
        # Whether somebody might notice that all customers were exchanged.
        self.was_read = reset is not None
        self.seed = seed
        self.changes = changes
        self._lock = threading.RLock()
        self._rows = {row.customer_id: row for row in rows}
        self._selections: dict[object, list[Row]] = {}

    def rows(self) -> list[Row]:
        """Return all rows, ascending by id."""
        with self._lock:
            return list(self._rows.values())

    def counted(self) -> list[Row]:
        """Return the active, top-level customers, ascending by id."""
        return [row for row in self.rows() if row.counted]

    def put(self, rows: Iterable[Row]) -> None:
        """Replace or append rows; appended ones have the highest ids."""
        with self._lock:
            self._rows |= {row.customer_id: row for row in rows}
            self._selections.clear()

    def selection(self, question: object, select: Callable[[list[Row]], list[Row]]) -> list[Row]:
        """Return what `select` chooses, remembered until a row changes.

        Pages of one listing ask the same question, so only the first has to look at all rows.
        """
        with self._lock:
            self.was_read = True
            known = self._selections.get(question)
            if known is None:
                known = select(list(self._rows.values()))
                if len(self._selections) >= REMEMBERED_SELECTIONS:
                    self._selections.clear()
                self._selections[question] = known
            return known

    def census(self) -> dict[str, int]:
        """Count by kind; the first five kinds share no customer."""
        rows = self.rows()
        active = [row for row in rows if row.active]
        counted = [row for row in active if row.counted]
        return {
            "counted": len(counted),
            "sub_customers": sum(row.job and not row.project for row in active),
            "projects": sum(row.project for row in active),
            "supplier_only": 0,
            "inactive": len(rows) - len(active),
            "without_email": sum(row.email_kind is EmailKind.ABSENT for row in counted),
            "with_unusable_email": sum(row.email_kind is EmailKind.UNUSABLE for row in counted),
        }


class Books:
    """Opens the book of a realm: from memory, from the store, or freshly generated."""

    def __init__(self, store: Store) -> None:
        store.define(*TABLES)
        self._store = store
        self._resets = Resets(store)
        self._lock = threading.RLock()
        self._open: dict[str, Book] = {}

    def open(self, realm: str | None) -> Book:
        """Return the book of a realm, of the first one without a realm."""
        company = company_of(realm)
        with self._lock:
            if company.realm not in self._open:
                self._open[company.realm] = self._load(company) or self._fill(company)
            return self._open[company.realm]

    def expected_size(self, company: Company) -> int:
        """Return how many customers count, without generating anything for it."""
        with self._lock:
            if company.realm in self._open:
                return len(self._open[company.realm].counted())
            known = self._store.rows(
                "SELECT size FROM quickbooks_books WHERE realm = ?", [company.realm]
            )
        return int(str(known[0][0])) if known else company.size

    def reset(
        self, realm: str | None, size: int | None, seed: int | None, *, moment: datetime
    ) -> None:
        """Start over; without a realm everywhere, the size then being that of the first."""
        if size is not None and not 0 <= size <= LARGEST_SIZE:
            raise WrongInput(f"“size” must be from 0 to {LARGEST_SIZE}.")
        chosen = company_of(realm)
        wanted = chosen.size if size is None else size
        with self._lock:
            for company in COMPANIES if realm is None else ():
                if company.realm != chosen.realm and self._known(company) is not None:
                    self._exchange(company, DEFAULT_SEED, moment)
            company = Company(chosen.realm, chosen.name, wanted)
            self._exchange(company, DEFAULT_SEED if seed is None else seed, moment)

    @contextmanager
    def changing(self, realm: str | None) -> Iterator[Book]:
        """Open a book with no other change of any book going on at the same time."""
        with self._lock:
            yield self.open(realm)

    def save(self, book: Book, rows: list[Row]) -> None:
        """Write changed rows through to the store, then show them to readers."""
        realm = book.company.realm
        with self._store.transaction():
            self._store.run_many(
                "INSERT OR REPLACE INTO quickbooks_customers VALUES (?, ?, ?, ?)",
                ((realm, row.customer_id, row.text, row.stub) for row in rows),
            )
            self._store.run(
                "INSERT OR REPLACE INTO quickbooks_books VALUES (?, ?, ?, ?)",
                [realm, book.company.size, book.seed, book.changes],
            )
        book.put(rows)

    def _exchange(self, company: Company, seed: int, moment: datetime) -> None:
        """Put new customers in the place of the old ones, if there were any."""
        before = self._known(company)
        self._forget(company)
        after = self._fill(company, seed)
        if before is not None and before.was_read:
            self._resets.record(company.realm, before.rows(), after.rows(), moment)
            after.reset = self._resets.last(company.realm)
        self._open[company.realm] = after

    def _known(self, company: Company) -> Book | None:
        return self._open.get(company.realm) or self._load(company)

    def _fill(self, company: Company, seed: int = DEFAULT_SEED) -> Book:
        rows = generate(company.size, seed, company.realm)
        book = Book(company, seed, 0)
        self.save(book, rows)
        return book

    def _load(self, company: Company) -> Book | None:
        known = self._store.rows(
            "SELECT size, seed, changes FROM quickbooks_books WHERE realm = ?", [company.realm]
        )
        if not known:
            return None
        size, seed, changes = (int(str(value)) for value in known[0])
        rows = self._store.rows(
            "SELECT body, stub FROM quickbooks_customers WHERE realm = ? ORDER BY id",
            [company.realm],
        )
        kept = (row_of(json.loads(str(body)), stub=bool(stub)) for body, stub in rows)
        reset = self._resets.last(company.realm)
        company = Company(company.realm, company.name, size)
        book = Book(company, seed, changes, rows=kept, reset=reset)
        book.was_read = True
        return book

    def _forget(self, company: Company) -> None:
        self._open.pop(company.realm, None)
        with self._store.transaction():
            self._store.run("DELETE FROM quickbooks_books WHERE realm = ?", [company.realm])
            self._store.run("DELETE FROM quickbooks_customers WHERE realm = ?", [company.realm])


def company_of(realm: str | None) -> Company:
    """Return the company of a realm, the first one without; raise WrongInput if unknown."""
    for company in COMPANIES:
        if realm in (None, company.realm):
            return company
    raise WrongInput("QuickBooks has no such realm here.")
