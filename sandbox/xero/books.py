"""The organisations of the imitation, and their contacts."""

from collections.abc import Mapping, Sequence

from sandbox import book, books
from sandbox.clock import Clock
from sandbox.shelf import Shelf
from sandbox.store import Store, Value
from sandbox.xero.generator import generate
from sandbox.xero.rows import Row, row_from
from sandbox.xero.tenants import ORGANISATIONS, Tenant
from sandbox.xero.times import milliseconds

TABLES = (
    "CREATE TABLE IF NOT EXISTS xero_books (tenant_id TEXT PRIMARY KEY, size INTEGER NOT NULL,"
    " seed INTEGER NOT NULL, changes INTEGER NOT NULL, reset_ms INTEGER NOT NULL,"
    " is_filled INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS xero_contacts (tenant_id TEXT NOT NULL, number INTEGER NOT NULL,"
    " body BLOB NOT NULL, PRIMARY KEY (tenant_id, number)) WITHOUT ROWID",
)


class Book(book.Book[Tenant, Row]):
    """All contacts of one organisation.

    `reset_ms` is the moment the data were made anew, 0 for the first ones: whatever is older
    counts as modified then, as in an organisation that was set up again. Until it is filled,
    only the seed and the size of what is to be generated are known.
    """

    def __init__(self, tenant: Tenant, seed: int, changes: int, reset_ms: int) -> None:
        super().__init__(tenant, seed, changes)
        self.reset_ms = reset_ms
        self.is_filled = True

    def uncounted(self, active: list[Row]) -> Mapping[str, int]:
        """Count those for whom only bills were entered."""
        return {"supplier_only": sum(row.supplier_only for row in active)}


class Books(books.Books[Tenant, Row, Book]):
    """Opens the book of an organisation.

    A reset only notes what is to be generated, which happens when somebody looks.
    """

    accounts = ORGANISATIONS
    unknown_account = "Xero has no such organisation here."

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(*TABLES)
        shelf = Shelf(store, books="xero_books", rows="xero_contacts", account_column="tenant_id")
        super().__init__(store, shelf, clock)

    def generate(self, account: Tenant, seed: int) -> list[Row]:
        """Make the contacts of an organisation."""
        return generate(account.size, seed, account.account_id)

    def bind(self, account: Tenant, seed: int, changes: int, noted: Sequence[Value] = ()) -> Book:
        """Return a book without rows."""
        reset_ms, is_filled = noted or (0, True)
        book = Book(account, seed, changes, int(str(reset_ms)))
        book.is_filled = bool(is_filled)
        return book

    def noted(self, book: Book) -> Sequence[Value]:
        """Return when it was reset, and whether its contacts were made."""
        return book.reset_ms, book.is_filled

    def columns(self, row: Row) -> tuple[Value, ...]:
        """Return what the store keeps."""
        return row.number, row.body

    def row(self, columns: Sequence[Value]) -> Row:
        """Return the contact that was kept."""
        number, body = columns
        assert isinstance(body, bytes)
        return row_from(int(str(number)), body)

    def _reset_another(self, account: Tenant, seed: int) -> None:
        self._exchange(account, seed)

    def _exchange(self, account: Tenant, seed: int) -> None:
        self._forget(account)
        self._note(self.bind(account, seed, 0, (milliseconds(self._clock()), False)))

    def _load(self, account: Tenant) -> Book | None:
        book = super()._load(account)
        if book is not None and not book.is_filled:
            book.is_filled = True
            self._fill(book)
        return book
