"""Life going on in one account: what happens in a batch of changes, and in which order."""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic

from sandbox.book import AnyRow, Book
from sandbox.errors import WrongInput
from sandbox.people import PartyMaker


class Life(ABC, Generic[AnyRow]):
    """One batch of changes; each customer is touched at most once."""

    provider: str
    customers: str

    def __init__(self, book: Book[Any, AnyRow]) -> None:
        book.changes += 1
        batch = f"{book.account.account_id} {book.seed} change {book.changes}"
        self._dice = random.Random(f"{self.provider} {batch}")
        rows = book.rows()
        self._maker = PartyMaker(self._dice, map(self._name, rows))
        self._free = [row for row in rows if row.counted]
        self.changed: list[AnyRow] = []

    def run(self, wishes: Mapping[str, int]) -> dict[str, object]:
        """Do everything wished for; return the ids by kind, pairs for merges."""
        merges = wishes.get("merge", 0)
        needed = sum(wishes.get(kind, 0) for kind in ("update", "archive", "delete")) + 2 * merges
        if needed > len(self._free):
            raise WrongInput(f"Only {len(self._free)} {self.customers} are left to change.")
        self._dice.shuffle(self._free)
        self._arrange()
        return {
            "archive": [self._archive() for _ in range(wishes.get("archive", 0))],
            "delete": [self._delete() for _ in range(wishes.get("delete", 0))],
            "merge": [self._merge() for _ in range(merges)],
            "update": [self._update(turn) for turn in range(wishes.get("update", 0))],
            "create": [self._create() for _ in range(wishes.get("create", 0))],
        }

    def delete(self, key: int | str) -> list[AnyRow]:
        """Delete this customer as the provider does, if it counts; return what changed."""
        self._free = [row for row in self._free if row.key == key]
        if self._free:
            self._delete()
        return self.changed

    def _arrange(self) -> None:
        """Put those first who shall be left alone: the last are taken first."""

    @abstractmethod
    def _name(self, row: AnyRow) -> str:
        """Return the name nobody else may get."""

    @abstractmethod
    def _archive(self) -> str:
        """Put a free one away."""

    @abstractmethod
    def _delete(self) -> str:
        """Delete a free one."""

    @abstractmethod
    def _merge(self) -> dict[str, str]:
        """Make one of two free ones."""

    @abstractmethod
    def _update(self, turn: int) -> str:
        """Change a free one."""

    @abstractmethod
    def _create(self) -> str:
        """Let somebody come."""
