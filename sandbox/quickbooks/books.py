"""The companies (realms) of the imitation, and their customers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox import book, books
from sandbox.clock import Clock
from sandbox.quickbooks.generator import generate
from sandbox.quickbooks.resets import Reset, Resets
from sandbox.quickbooks.rows import Row, row_of
from sandbox.shelf import Shelf
from sandbox.store import Store, Value


@dataclass(frozen=True, slots=True)
class Company(book.Account):
    """A company one can choose on the consent page; its account is the realm."""

    name: str


COMPANIES = (
    Company("9341450000000001", 1204, "Harbor Heating & Air LLC"),
    Company("9341450000000002", 4812, "Kestrel Heating & Plumbing Group"),
    Company("9341450000000003", 0, "Empty Company"),
)
TABLES = (
    "CREATE TABLE IF NOT EXISTS quickbooks_books (realm TEXT PRIMARY KEY, size INTEGER NOT NULL,"
    " seed INTEGER NOT NULL, changes INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS quickbooks_customers (realm TEXT NOT NULL,"
    " id INTEGER NOT NULL, body TEXT NOT NULL, stub INTEGER NOT NULL,"
    " PRIMARY KEY (realm, id)) WITHOUT ROWID",
)


class Book(book.Book[Company, Row]):
    """All customers of one company; `reset` is what change data still has to tell."""

    def __init__(self, company: Company, seed: int, changes: int, reset: Reset | None) -> None:
        super().__init__(company, seed, changes)
        self.reset = reset

    def uncounted(self, active: list[Row]) -> Mapping[str, int]:
        """Count the sub-customers and the projects."""
        return {
            "sub_customers": sum(row.job and not row.project for row in active),
            "projects": sum(row.project for row in active),
        }


class Books(books.Books[Company, Row, Book]):
    """Opens the book of a realm."""

    accounts = COMPANIES
    unknown_account = "QuickBooks has no such realm here."

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(*TABLES)
        self._resets = Resets(store)
        shelf = Shelf(
            store, books="quickbooks_books", rows="quickbooks_customers", account_column="realm"
        )
        super().__init__(store, shelf, clock)

    def generate(self, account: Company, seed: int) -> list[Row]:
        """Make the customers of a company."""
        return generate(account.size, seed, account.account_id)

    def bind(self, account: Company, seed: int, changes: int, noted: Sequence[Value] = ()) -> Book:
        """Return a book without rows."""
        return Book(account, seed, changes, self._resets.last(account.account_id))

    def columns(self, row: Row) -> tuple[Value, ...]:
        """Return what the store keeps."""
        return row.key, row.text, row.stub

    def row(self, columns: Sequence[Value]) -> Row:
        """Return the row that was kept."""
        _, body, stub = columns
        return row_of(json.loads(str(body)), stub=bool(stub))

    def replaced(self, before: Book, rows: list[Row], moment: datetime) -> list[Row]:
        """Let change data tell of it."""
        self._resets.record(before.account.account_id, before.rows(), rows, moment)
        return rows
