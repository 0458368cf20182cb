"""Where the sandbox keeps what has to survive a kill: one SQLite database, written through."""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

Value = str | int | float | bytes | None


class Store:
    """One connection behind one lock; without a file everything lives in memory."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            _create_private(path)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None
        )
        # NORMAL is enough here: a killed process loses nothing, only a power cut might.
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")

    def define(self, *statements: str) -> None:
        """Create the tables of one room, unless they are there."""
        with self.transaction():
            for statement in statements:
                self._connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes inside one step; the lock keeps other threads out until it ends."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def run(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Write; return the id of the row inserted last."""
        with self._lock:
            return self._connection.execute(statement, values).lastrowid or 0

    def run_many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Write many rows in one transaction."""
        with self.transaction():
            self._connection.executemany(statement, rows)

    def rows(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Value, ...]]:
        """Read all rows of a query."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()


def _create_private(path: Path) -> None:
    """Create the file readable by its owner only, because it holds tokens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
