"""How an engine is opened: no values in errors, one state for whoever only reads.

SQLite with WAL, full sync and writers that queue politely.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Engine, ExceptionContext, FromClause, event, insert
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import Base

BUSY_TIMEOUT_MS = 10_000
BATCH_ROWS = 500
BUSY_AGAIN_S = 0.2
#: The work rolls back and is right the second time: somebody else was in the way
#: (postgresql.org/docs/current/mvcc-serialization-failure-handling.html, read 2026-11-22).
SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"
#: postgresql.org/docs/current/errcodes-appendix.html, read 2026-11-22.
DISK_FULL = "53100"
Item = TypeVar("Item")

_only_reads: ContextVar[bool] = ContextVar("only_reads", default=False)


@contextmanager
def only_reading() -> Iterator[None]:
    """Let the units inside see one state of the database, without asking for SQLite's write lock.

    Everything else begins IMMEDIATE there: a unit that reads first and writes later would otherwise
    lose updates, or fail at once when somebody wrote in between, whatever the busy timeout.
    """
    token = _only_reads.set(True)
    try:
        yield
    finally:
        _only_reads.reset(token)


class _HintingCompiler(SQLiteCompiler):
    """Writes the hints of a statement ("INDEXED BY …"); the dialect leaves them out in silence."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


def prepare_engine(engine: Engine) -> None:
    """Keep values out of errors, and install the rules of the database for how units begin."""
    # Errors are logged, and the values of a statement are names and addresses of customers.
    engine.hide_parameters = True
    if engine.dialect.name != "sqlite":
        event.listen(engine, "handle_error", _forget_values)
        event.listen(engine, "begin", _begin_reading)
        return
    engine.dialect.statement_compiler = _HintingCompiler
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)


def shorten_log(session: Session) -> None:
    """Move SQLite's log into the file and empty it, as far as nobody reads; no unit may be open."""
    engine = session.get_bind()
    if isinstance(engine, Engine) and engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        # What is deleted is overwritten, also where rows only move: what a page keeps of them
        # would not be found when they are deleted.
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: DatabaseConnection) -> None:
    connection.exec_driver_sql("BEGIN" if _only_reads.get() else "BEGIN IMMEDIATE")


def _begin_reading(connection: DatabaseConnection) -> None:
    """Let PostgreSQL show whoever only reads one state, as SQLite does by itself."""
    if _only_reads.get():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _forget_values(context: ExceptionContext) -> None:
    """Cut an error of PostgreSQL to its first line: the details name the values of a row."""
    words = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if words is not None and context.sqlalchemy_exception is not None:
        kind = type(context.original_exception).__name__
        context.original_exception.args = (words,)
        context.sqlalchemy_exception.args = (f"({kind}) {words}",)


def is_busy(error: BaseException) -> bool:
    """Say whether the database refused only because somebody else writes; trying again helps."""
    busy = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, SERIALIZATION_FAILURE, DEADLOCK)
    return _code(error) in busy


def is_full(error: BaseException) -> bool:
    """Say whether the database refused because its disk has no room left."""
    return _code(error) in (sqlite3.SQLITE_FULL, DISK_FULL)


def _code(error: BaseException) -> int | str | None:
    """Return SQLite's kind of error or PostgreSQL's state, None for any other error."""
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        # The low byte is the kind; the rest of an extended code tells how it came about.
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return getattr(error.orig, "sqlstate", None)


def retry_while_busy(
    work: Callable[[], Item],
    *,
    until: float,
    sleep: Callable[[float], object] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Item:
    """Do a whole unit of work, again and again while others keep the database from writing.

    `until` is a moment of `monotonic`; no try begins after it, and the last error is raised. A
    try may take as long as the busy timeout. Any other error is raised at once.
    """
    while True:
        try:
            return work()
        except DBAPIError as error:
            if not is_busy(error) or monotonic() + BUSY_AGAIN_S > until:
                raise
        sleep(BUSY_AGAIN_S)


def insert_rows(session: Session, model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows with equal keys in the caller's transaction, in batches.

    The table is addressed directly: the ORM's bulk insert leaves None out and so falls apart
    into a statement per pattern of missing values.
    """
    statement = insert(model.__table__)  # type: ignore[arg-type]
    for batch in in_batches(rows):
        session.connection().execute(statement, [dict(row) for row in batch])


def in_batches(items: Iterable[Item], size: int = BATCH_ROWS) -> Iterator[list[Item]]:
    """Yield the items in lists of at most `size`."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
