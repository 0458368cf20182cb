"""The accounts of the imitation: in memory for reading, in the store for surviving."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sandbox.clock import Clock
from sandbox.email_kind import EmailKind
from sandbox.errors import WrongInput
from sandbox.freshbooks.clients import Client, decode, encode
from sandbox.freshbooks.generator import exchanged, generate
from sandbox.store import Store

DEFAULT_SEED = 1
LARGEST_SIZE = 200_000
REMEMBERED_SELECTIONS = 32


@dataclass(frozen=True, slots=True)
class Account:
    """An account with clients, and how many it counts at first."""

    account_id: str
    size: int


ACCOUNTS = (Account("LS7Qk2", 214), Account("BV3Wm9", 1050))
TABLES = (
    "CREATE TABLE IF NOT EXISTS freshbooks_books (account_id TEXT PRIMARY KEY,"
    " size INTEGER NOT NULL, seed INTEGER NOT NULL, changes INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS freshbooks_clients (account_id TEXT NOT NULL,"
    " id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account_id, id)) WITHOUT ROWID",
)


class Book:
    """All clients of one account. Clients are replaced, never changed in place."""

    def __init__(self, account: Account, seed: int, changes: int, rows: Iterable[Client]) -> None:
        self.account = account
        self.seed = seed
        self.changes = changes
        # Whether somebody might notice that all clients were exchanged.
        self.was_read = False
        self._lock = threading.RLock()
        self._rows = {row.client_id: row for row in rows}
        self._selections: dict[object, list[Client]] = {}

    def rows(self) -> list[Client]:
        """Return all clients, ascending by id."""
        with self._lock:
            return list(self._rows.values())

    def find(self, client_id: int) -> Client | None:
        """Return one client, in whatever state it is."""
        with self._lock:
            self.was_read = True
            return self._rows.get(client_id)

    def put(self, rows: Iterable[Client]) -> None:
        """Replace or append clients; appended ones have the highest ids."""
        with self._lock:
            self._rows |= {row.client_id: row for row in rows}
            self._selections.clear()

    def selection(
        self, question: object, select: Callable[[list[Client]], list[Client]]
    ) -> list[Client]:
        """Return what `select` chooses, remembered until a client changes.

        Pages of one listing ask the same question, so only the first has to look at all clients.
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
        """Count by kind; FreshBooks knows neither sub-customers, projects nor suppliers here."""
        rows = self.rows()
        kinds = [row.email_kind for row in rows if row.counted]
        return {
            "counted": len(kinds),
            "sub_customers": 0,
            "projects": 0,
            "supplier_only": 0,
            "inactive": len(rows) - len(kinds),
            "without_email": kinds.count(EmailKind.ABSENT),
            "with_unusable_email": kinds.count(EmailKind.UNUSABLE),
        }


class Books:
    """Opens the book of an account: from memory, from the store, or freshly generated."""

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(*TABLES)
        self._store = store
        self._clock = clock
        self._lock = threading.RLock()
        self._open: dict[str, Book] = {}

    def open(self, account_id: str | None) -> Book:
        """Return the book of an account, of the first one without."""
        account = account_of(account_id)
        with self._lock:
            if account.account_id not in self._open:
                self._open[account.account_id] = self._load(account) or self._fill(
                    account,
                    DEFAULT_SEED,
                    generate(account.size, DEFAULT_SEED, account.account_id),
                )
            return self._open[account.account_id]

    def reset(self, account_id: str | None, size: int | None, seed: int | None) -> None:
        """Start over; without an account everywhere, the size then being that of the first."""
        if size is not None and not 0 <= size <= LARGEST_SIZE:
            raise WrongInput(f"“size” must be from 0 to {LARGEST_SIZE}.")
        chosen = account_of(account_id)
        with self._lock:
            for account in ACCOUNTS if account_id is None else ():
                if account is not chosen and self._known(account) is not None:
                    self._exchange(account, DEFAULT_SEED)
            wanted = replace(chosen, size=chosen.size if size is None else size)
            self._exchange(wanted, DEFAULT_SEED if seed is None else seed)

    @contextmanager
    def changing(self, account_id: str | None) -> Iterator[Book]:
        """Open a book with no other change of any book going on at the same time."""
        with self._lock:
            yield self.open(account_id)

    def save(self, book: Book, rows: list[Client]) -> None:
        """Write changed clients through to the store, then show them to readers."""
        account = book.account
        with self._store.transaction():
            self._store.run_many(
                "INSERT OR REPLACE INTO freshbooks_clients VALUES (?, ?, ?)",
                ((account.account_id, row.client_id, encode(row)) for row in rows),
            )
            self._store.run(
                "INSERT OR REPLACE INTO freshbooks_books VALUES (?, ?, ?, ?)",
                [account.account_id, account.size, book.seed, book.changes],
            )
        book.put(rows)

    def _exchange(self, account: Account, seed: int) -> None:
        """Put new clients in the place of the old ones, if there were any."""
        before = self._known(account)
        self._forget(account)
        rows = generate(account.size, seed, account.account_id)
        if before is not None and before.was_read:
            rows = exchanged(before.rows(), rows, self._clock())
        self._open[account.account_id] = self._fill(account, seed, rows)

    def _known(self, account: Account) -> Book | None:
        return self._open.get(account.account_id) or self._load(account)

    def _fill(self, account: Account, seed: int, rows: list[Client]) -> Book:
        book = Book(account, seed, 0, ())
        self.save(book, rows)
        return book

    def _load(self, account: Account) -> Book | None:
        known = self._store.rows(
            "SELECT size, seed, changes FROM freshbooks_books WHERE account_id = ?",
            [account.account_id],
        )
        if not known:
            return None
        size, seed, changes = (int(str(value)) for value in known[0])
        rows = self._store.rows(
            "SELECT body FROM freshbooks_clients WHERE account_id = ? ORDER BY id",
            [account.account_id],
        )
        kept = (decode(str(body)) for (body,) in rows)
        book = Book(replace(account, size=size), seed, changes, kept)
        book.was_read = True
        return book

    def _forget(self, account: Account) -> None:
        self._open.pop(account.account_id, None)
        with self._store.transaction():
            for table in ("freshbooks_books", "freshbooks_clients"):
                self._store.run(
                    f"DELETE FROM {table} WHERE account_id = ?",  # noqa: S608 - names from above
                    [account.account_id],
                )


def account_of(account_id: str | None) -> Account:
    """Return an account, the first one without; raise WrongInput if unknown."""
    for account in ACCOUNTS:
        if account_id in (None, account.account_id):
            return account
    raise WrongInput("FreshBooks has no such account here.")
