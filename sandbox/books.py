"""All books of one imitation: in memory for reading, in the store for surviving."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sandbox.book import AnyAccount, AnyRow, Book, account_of
from sandbox.clock import Clock
from sandbox.errors import WrongInput
from sandbox.shelf import Shelf
from sandbox.store import Store, Value

DEFAULT_SEED = 1
LARGEST_SIZE = 200_000
AnyBook = TypeVar("AnyBook", bound=Book[Any, Any])


class Books(ABC, Generic[AnyAccount, AnyRow, AnyBook]):
    """Opens the book of an account: from memory, from the store, or freshly generated."""

    accounts: Sequence[AnyAccount]
    unknown_account: str

    def __init__(self, store: Store, shelf: Shelf, clock: Clock) -> None:
        self._store = store
        self._shelf = shelf
        self._clock = clock
        self._lock = threading.RLock()
        self._open: dict[str, AnyBook] = {}

    @abstractmethod
    def generate(self, account: AnyAccount, seed: int) -> list[AnyRow]:
        """Return the customers of a new book, in the order of creation."""

    @abstractmethod
    def bind(
        self, account: AnyAccount, seed: int, changes: int, noted: Sequence[Value] = ()
    ) -> AnyBook:
        """Return a book without rows; `noted` is what else the store knows of it, if it does."""

    @abstractmethod
    def columns(self, row: AnyRow) -> tuple[Value, ...]:
        """Return what the store keeps of a row, its number first."""

    @abstractmethod
    def row(self, columns: Sequence[Value]) -> AnyRow:
        """Return the row that was kept."""

    def noted(self, book: AnyBook) -> Sequence[Value]:
        """Return what the store shall know of a book besides the usual."""
        return ()

    def replaced(self, before: AnyBook, rows: list[AnyRow], moment: datetime) -> list[AnyRow]:
        """Return what a book holds whose customers were exchanged after somebody had read them."""
        return rows

    def account_of(self, account_id: str | None) -> AnyAccount:
        """Return an account, the first one without an id; raise WrongInput if unknown."""
        return account_of(self.accounts, account_id, unknown=self.unknown_account)

    def open(self, account_id: str | None) -> AnyBook:
        """Return the book of an account, of the first one without an id."""
        account = self.account_of(account_id)
        with self._lock:
            if account.account_id not in self._open:
                book = self._load(account) or self._fill(self.bind(account, DEFAULT_SEED, 0))
                self._open[account.account_id] = book
            return self._open[account.account_id]

    def known(self) -> list[AnyBook]:
        """Return the books that somebody opened before, without opening another."""
        with self._lock:
            found = (self._known(account) for account in self.accounts)
            return [book for book in found if book is not None]

    def expected_size(self, account: AnyAccount) -> int:
        """Return how many customers count, without generating anything for it."""
        with self._lock:
            if account.account_id in self._open:
                return sum(row.counted for row in self._open[account.account_id].rows())
            known = self._shelf.book(account.account_id)
        return int(str(known[0])) if known else account.size

    def reset(self, account_id: str | None, size: int | None, seed: int | None) -> None:
        """Start over; without an account everywhere, the size then being that of the first."""
        if size is not None and not 0 <= size <= LARGEST_SIZE:
            raise WrongInput(f"“size” must be from 0 to {LARGEST_SIZE}.")
        chosen = self.account_of(account_id)
        seed = DEFAULT_SEED if seed is None else seed
        with self._lock:
            for account in self.accounts if account_id is None else ():
                if account is not chosen:
                    self._reset_another(account, seed)
            self._exchange(replace(chosen, size=chosen.size if size is None else size), seed)

    @contextmanager
    def changing(self, account_id: str | None) -> Iterator[AnyBook]:
        """Open a book with no other change of any book going on at the same time."""
        with self._lock:
            yield self.open(account_id)

    def save(self, book: AnyBook, rows: list[AnyRow]) -> None:
        """Write changed rows through to the store, then show them to readers."""
        account_id = book.account.account_id
        with self._store.transaction():
            if rows:
                kept = ((account_id, *self.columns(row)) for row in rows)
                self._shelf.put(kept, columns=1 + len(self.columns(rows[0])))
            self._note(book)
        book.put(rows)

    def _note(self, book: AnyBook) -> None:
        usual = (book.account.size, book.seed, book.changes)
        self._shelf.note(book.account.account_id, (*usual, *self.noted(book)))

    def _reset_another(self, account: AnyAccount, seed: int) -> None:
        """Start over with an account that nobody named; whoever was never opened stays so."""
        if self._known(account) is not None:
            self._exchange(account, DEFAULT_SEED)

    def _exchange(self, account: AnyAccount, seed: int) -> None:
        """Put new customers in the place of the old ones, if there were any."""
        moment = self._clock()
        before = self._known(account)
        self._forget(account)
        rows = self.generate(account, seed)
        if before is not None and before.was_read:
            rows = self.replaced(before, rows, moment)
        book = self.bind(account, seed, 0)
        self.save(book, rows)
        self._open[account.account_id] = book

    def _known(self, account: AnyAccount) -> AnyBook | None:
        return self._open.get(account.account_id) or self._load(account)

    def _fill(self, book: AnyBook) -> AnyBook:
        self.save(book, self.generate(book.account, book.seed))
        return book

    def _load(self, account: AnyAccount) -> AnyBook | None:
        known = self._shelf.book(account.account_id)
        if known is None:
            return None
        size, seed, changes = (int(str(value)) for value in known[:3])
        book = self.bind(replace(account, size=size), seed, changes, known[3:])
        book.put(self.row(columns[1:]) for columns in self._shelf.rows(account.account_id))
        book.was_read = True
        return book

    def _forget(self, account: AnyAccount) -> None:
        self._open.pop(account.account_id, None)
        self._shelf.forget(account.account_id)
