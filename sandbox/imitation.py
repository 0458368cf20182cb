"""What the control room does alike with every imitated provider; see sandbox.provider."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from sandbox.books import Books
from sandbox.clock import Clock
from sandbox.grant_tables import GrantTables
from sandbox.life import Life

AnyBooks = TypeVar("AnyBooks", bound=Books[Any, Any, Any])
AnyGrants = TypeVar("AnyGrants", bound=GrantTables)


class Imitation(ABC, Generic[AnyBooks, AnyGrants]):
    """Books whose life goes on, and grants that end."""

    change_kinds: tuple[str, ...]

    def __init__(
        self,
        clock: Clock,
        books: AnyBooks,
        grants: AnyGrants,
        life: Callable[[Any, datetime], Life[Any]],
    ) -> None:
        self._clock = clock
        self._books = books
        self._grants = grants
        self._life = life

    @abstractmethod
    def listed_key(self, row: Mapping[str, object]) -> int | str:
        """Return what the book calls a customer that an answer lists."""

    @abstractmethod
    def record(self, row: Any) -> Mapping[str, object]:
        """Return what a program is told of a customer."""

    def find(self, remote_id: str) -> Mapping[str, object] | None:
        """Return what a program is told of the customer, of the first account that has it."""
        rows = (row for book in self._books.known() for row in book.rows())
        return next((self.record(row) for row in rows if str(row.key) == remote_id), None)

    def census(self, account: str | None = None) -> dict[str, int]:
        """Count the customers of an account by kind."""
        counted: dict[str, int] = self._books.open(account).census()
        return counted

    def reset(self, account: str | None, size: int | None, seed: int | None) -> None:
        """Make new customers, which is news to whoever read before; grants stay as they are."""
        self._books.reset(account, size, seed)

    def change(self, account: str | None, wishes: Mapping[str, int]) -> dict[str, object]:
        """Let life go on in an account."""
        with self._books.changing(account) as book:
            life = self._life(book, self._clock())
            done = life.run(wishes)
            self._books.save(book, life.changed)
        return {
            "realm": book.account.account_id,
            **{kind: done[kind] for kind in self.change_kinds},
        }

    def expire_access_tokens(self) -> None:
        """Make every access token answer 401 until it is refreshed."""
        self._grants.expire_access_tokens()

    def end_grants(self) -> None:
        """Make refreshing answer invalid_grant as well."""
        self._grants.end_all()

    def delete_listed(self, account: str, row: Mapping[str, object]) -> bool:
        """Delete a customer that a page just showed; only counted ones can be."""
        with self._books.changing(account) as book:
            changed = self._life(book, self._clock()).delete(self.listed_key(row))
            self._books.save(book, changed)
        return bool(changed)
