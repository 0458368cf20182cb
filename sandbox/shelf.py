"""Where an imitation keeps its books over a restart: a table of accounts and one of rows."""

from collections.abc import Iterable, Sequence

from sandbox.store import Store, Value


class Shelf:
    """Two tables of the store whose first column is the account; the second orders the rows."""

    def __init__(self, store: Store, *, books: str, rows: str, account_column: str) -> None:
        self._store = store
        self._books = books
        self._rows = rows
        self._where = f"WHERE {account_column} = ?"

    def book(self, account_id: str) -> tuple[Value, ...] | None:
        """Return what is noted of a book besides its account, if there is one."""
        known = self._store.rows(f"SELECT * FROM {self._books} {self._where}", [account_id])  # noqa: S608 - names of the imitation
        return known[0][1:] if known else None

    def rows(self, account_id: str) -> list[tuple[Value, ...]]:
        """Return the rows of a book in their order, each with its account first."""
        return self._store.rows(
            f"SELECT * FROM {self._rows} {self._where} ORDER BY 2",  # noqa: S608 - names of the imitation
            [account_id],
        )

    def note(self, account_id: str, columns: Sequence[Value]) -> None:
        """Note a book."""
        self._store.run(_insert(self._books, 1 + len(columns)), [account_id, *columns])

    def put(self, rows: Iterable[tuple[Value, ...]], *, columns: int) -> None:
        """Write rows, each with its account first."""
        self._store.run_many(_insert(self._rows, columns), rows)

    def forget(self, account_id: str) -> None:
        """Take a book and all its rows away."""
        with self._store.transaction():
            for table in (self._books, self._rows):
                self._store.run(f"DELETE FROM {table} {self._where}", [account_id])  # noqa: S608 - names of the imitation


def _insert(table: str, columns: int) -> str:
    return f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * columns)})"  # noqa: S608
