"""All customers of one imitated account, in memory; knows neither a provider nor the store."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sandbox.email_kind import EmailKind
from sandbox.errors import WrongInput

REMEMBERED_SELECTIONS = 32


@dataclass(frozen=True, slots=True)
class Account:
    """A realm, tenant or account with customers, and how many of them count at first."""

    account_id: str
    size: int


class Row(Protocol):
    """One customer, as far as every imitation knows it."""

    @property
    def key(self) -> int | str:
        """What the provider calls it by."""

    @property
    def active(self) -> bool:
        """Whether it has neither left nor been put away."""

    @property
    def counted(self) -> bool:
        """Whether it is one of those a program should find."""

    @property
    def email_kind(self) -> EmailKind:
        """What its e-mail field is worth."""


AnyAccount = TypeVar("AnyAccount", bound=Account)
AnyRow = TypeVar("AnyRow", bound=Row)


class Book(Generic[AnyAccount, AnyRow]):
    """All customers of one account. Rows are replaced, never changed in place."""

    def __init__(self, account: AnyAccount, seed: int, changes: int) -> None:
        self.account = account
        self.seed = seed
        self.changes = changes
        # Whether somebody might notice that all customers were exchanged.
        self.was_read = False
        self._lock = threading.RLock()
        self._rows: dict[int | str, AnyRow] = {}
        self._selections: dict[object, list[AnyRow]] = {}

    def rows(self) -> list[AnyRow]:
        """Return all rows, in the order of creation."""
        with self._lock:
            return list(self._rows.values())

    def find(self, key: int | str) -> AnyRow | None:
        """Return one row, in whatever state it is."""
        with self._lock:
            self.was_read = True
            return self._rows.get(key)

    def put(self, rows: Iterable[AnyRow]) -> None:
        """Replace or append rows; appended ones are the youngest."""
        with self._lock:
            self._rows |= {row.key: row for row in rows}
            self._selections.clear()

    def selection(
        self, question: object, select: Callable[[list[AnyRow]], list[AnyRow]]
    ) -> list[AnyRow]:
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
        kinds = [row.email_kind for row in active if row.counted]
        return {
            "counted": len(kinds),
            "sub_customers": 0,
            "projects": 0,
            "supplier_only": 0,
            **self.uncounted(active),
            "inactive": len(rows) - len(active),
            "without_email": kinds.count(EmailKind.ABSENT),
            "with_unusable_email": kinds.count(EmailKind.UNUSABLE),
        }

    def uncounted(self, active: list[AnyRow]) -> Mapping[str, int]:
        """Count the active customers of those kinds which do not count; here there are none."""
        return {}


def account_of(
    accounts: Iterable[AnyAccount], account_id: str | None, *, unknown: str
) -> AnyAccount:
    """Return an account, the first one without an id; raise WrongInput(unknown) for a stranger."""
    for account in accounts:
        if account_id in (None, account.account_id):
            return account
    raise WrongInput(unknown)
