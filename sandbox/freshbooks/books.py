"""The accounts of the imitation, and their clients."""

from collections.abc import Sequence
from datetime import datetime

from sandbox import book, books
from sandbox.book import Account
from sandbox.clock import Clock
from sandbox.freshbooks.clients import Client, decode, encode
from sandbox.freshbooks.generator import exchanged, generate
from sandbox.shelf import Shelf
from sandbox.store import Store, Value

ACCOUNTS = (Account("LS7Qk2", 214), Account("BV3Wm9", 1050))
TABLES = (
    "CREATE TABLE IF NOT EXISTS freshbooks_books (account_id TEXT PRIMARY KEY,"
    " size INTEGER NOT NULL, seed INTEGER NOT NULL, changes INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS freshbooks_clients (account_id TEXT NOT NULL,"
    " id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account_id, id)) WITHOUT ROWID",
)
# FreshBooks knows neither sub-customers, projects nor suppliers here.
Book = book.Book[Account, Client]


class Books(books.Books[Account, Client, Book]):
    """Opens the book of an account."""

    accounts = ACCOUNTS
    unknown_account = "FreshBooks has no such account here."

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(*TABLES)
        shelf = Shelf(
            store, books="freshbooks_books", rows="freshbooks_clients", account_column="account_id"
        )
        super().__init__(store, shelf, clock)

    def generate(self, account: Account, seed: int) -> list[Client]:
        """Make the clients of an account."""
        return generate(account.size, seed, account.account_id)

    def bind(self, account: Account, seed: int, changes: int, noted: Sequence[Value] = ()) -> Book:
        """Return a book without rows."""
        return Book(account, seed, changes)

    def columns(self, row: Client) -> tuple[Value, ...]:
        """Return what the store keeps."""
        return row.key, encode(row)

    def row(self, columns: Sequence[Value]) -> Client:
        """Return the client that was kept."""
        return decode(str(columns[1]))

    def replaced(self, before: Book, rows: list[Client], moment: datetime) -> list[Client]:
        """Keep those who are gone, as deleted."""
        return exchanged(before.rows(), rows, moment)
