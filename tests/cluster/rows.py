"""The rows of a prepared demo, brought to PostgreSQL, kept there, and put back before each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sqlalchemy import URL, Connection, Table, insert, select, text
from sqlalchemy.exc import OperationalError

from models import Base
from services.database import BATCH_ROWS, is_busy
from tests.system.database import open_database

#: The schema that holds every table as it was prepared.
KEPT = "prepared"
#: Whoever takes locks in another order is in the way, and the database ends one of the two.
MOST_TRIES = 20
#: Rows come in any order: what they refer to comes along.
NO_TRIGGERS = "SET LOCAL session_replication_role = replica"


def copy_rows(source: URL, target: URL) -> None:
    """Fill the tables of `target`, which exist and are empty, from another database."""
    with open_database(source) as from_, open_database(target) as to:
        if to.dialect.name == "postgresql":
            to.execute(text(NO_TRIGGERS))
        else:
            to.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table in _tables():
            rows = (row._asdict() for row in from_.execute(select(table)))
            while batch := list(islice(rows, BATCH_ROWS)):
                to.execute(insert(table), batch)
        if to.dialect.name == "postgresql":
            _set_sequences(to)


def keep_rows(url: URL) -> None:
    """Remember all rows as they are now, for `put_back`."""
    with open_database(url) as database:
        database.execute(text(f"DROP SCHEMA IF EXISTS {KEPT} CASCADE"))
        database.execute(text(f"CREATE SCHEMA {KEPT}"))
        for table in _tables():
            kept = f"CREATE TABLE {KEPT}.{_name(table)} AS SELECT * FROM {_name(table)}"
            database.execute(text(kept))
    with open_database(url) as database:
        database.execute(text("ANALYZE"))


def put_back(url: URL) -> None:
    """Bring every table back to what was kept, under the processes that work with them."""
    for _ in range(MOST_TRIES):
        try:
            _put_back(url)
        except OperationalError as error:
            if not is_busy(error):
                raise
        else:
            return
    raise AssertionError("the rows could not be put back: somebody was always in the way")


def _put_back(url: URL) -> None:
    names = ", ".join(map(_name, _tables()))
    with open_database(url) as database:
        # All locks at once and before anything else: who is in the middle of something ends first.
        database.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
        database.execute(text(NO_TRIGGERS))
        database.execute(text(f"TRUNCATE {names}"))
        for table in _tables():
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            database.execute(
                text(
                    f"INSERT INTO {_name(table)} ({columns})"
                    f" SELECT {columns} FROM {KEPT}.{_name(table)}"
                )
            )
        _set_sequences(database)


def clear_rows(url: URL) -> None:
    """Empty every table of a SQLite file."""
    with open_database(url) as database:
        database.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table in reversed(list(_tables())):
            database.execute(table.delete())


def _tables() -> Iterator[Table]:
    yield from Base.metadata.sorted_tables


def _name(table: Table) -> str:
    return f'"{table.name}"'


def _set_sequences(database: Connection) -> None:
    """Let new rows be numbered after those that are there."""
    for table in _tables():
        if table.autoincrement_column is not None:
            sequence = f"pg_get_serial_sequence('{_name(table)}', 'id')"
            database.execute(
                text(
                    f"SELECT setval({sequence}, coalesce(max(id), 0) + 1, false)"
                    f" FROM {_name(table)}"
                )
            )
