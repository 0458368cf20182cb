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
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.orm import Session

from models import Base

BUSY_TIMEOUT_MS = 10_000
BATCH_ROWS = 500
BUSY_AGAIN_S = 0.2
#: Whoever holds a lock and vanishes without a word, as a machine without current does, is missed by
#: its silence after 20 + 3 x 5 seconds; PostgreSQL's own limit is mostly two hours.
KEEPALIVES = {"idle": 20, "interval": 5, "count": 3}
#: The work rolls back and is right the second time: somebody else was in the way
#: (postgresql.org/docs/current/mvcc-serialization-failure-handling.html, read 2026-11-22).
SERIALIZATION_FAILURE, DEADLOCK, WAITED_TOO_LONG = "40001", "40P01", "55P03"
#: postgresql.org/docs/current/errcodes-appendix.html, read 2026-11-22.
DISK_FULL = "53100"
#: The same page: the server ends, starts or has no connection left; class 08 is a broken line.
AWAY = ("57P01", "57P02", "57P03", "53300")
BROKEN_LINE = "08"
#: SQLite's number for waiting for the disk at a checkpoint only, in WAL mode
#: (sqlite.org/pragma.html#pragma_synchronous, read 2026-11-23).
NORMAL_SYNC = 1
_FORGETTABLE, _USUAL_SYNC = "is_forgettable", "usual_sync"
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
        event.listen(engine, "begin", _begin_on_server)
        event.listen(engine, "connect", _limit_waiting)
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


def forgettable(session: Session) -> None:
    """Let the unit that begins here not wait for the disk: a machine without current may lose it.

    Others see it like any other, and what is committed later is on the disk only together with it.
    """
    session.connection(execution_options={_FORGETTABLE: True})


def _is_forgettable(connection: DatabaseConnection) -> bool:
    return bool(connection.get_execution_options().get(_FORGETTABLE))


def _begin(connection: DatabaseConnection) -> None:
    if _only_reads.get():
        # By itself it locks nothing and cannot fail, so it may do without the engine's care.
        connection.connection.cursor().execute("BEGIN")
        return
    _choose_sync(connection)
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _choose_sync(connection: DatabaseConnection) -> None:
    """Set how SQLite waits for the disk, which nobody can do once a transaction is open."""
    info, cursor = connection.info, connection.connection.cursor()
    if _is_forgettable(connection):
        if _USUAL_SYNC not in info:
            [info[_USUAL_SYNC]] = cursor.execute("PRAGMA synchronous").fetchone()
            cursor.execute(f"PRAGMA synchronous={min(info[_USUAL_SYNC], NORMAL_SYNC)}")
    elif _USUAL_SYNC in info:
        cursor.execute(f"PRAGMA synchronous={info[_USUAL_SYNC]}")
        del info[_USUAL_SYNC]


def _begin_on_server(connection: DatabaseConnection) -> None:
    """Let PostgreSQL show whoever only reads one state, as SQLite does by itself."""
    if _only_reads.get():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    elif _is_forgettable(connection):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _limit_waiting(connection: DBAPIConnection, _record: object) -> None:
    """Have PostgreSQL give up as SQLite does: a page that waits for longer helps nobody."""
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    for name, value in KEEPALIVES.items():  # over a socket of the machine they mean nothing
        cursor.execute(f"SET tcp_keepalives_{name} = {value}")
    cursor.close()
    connection.commit()


def _forget_values(context: ExceptionContext) -> None:
    """Cut an error of PostgreSQL to its first line: the details name the values of a row."""
    words = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if words is not None and context.sqlalchemy_exception is not None:
        kind = type(context.original_exception).__name__
        context.original_exception.args = (words,)
        context.sqlalchemy_exception.args = (f"({kind}) {words}",)


def is_busy(error: BaseException) -> bool:
    """Say whether the database refused only because others use it; trying again helps."""
    sqlite = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    postgresql = (SERIALIZATION_FAILURE, DEADLOCK, WAITED_TOO_LONG)
    return isinstance(error, NoConnectionLeft) or _code(error) in (*sqlite, *postgresql)


def is_away(error: BaseException) -> bool:
    """Say whether PostgreSQL could not be reached, or broke off.

    What was committed in that moment may count or not: whoever tries again has to look.
    """
    if not isinstance(error, DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False
    code = _code(error)
    # Without a code no server has answered.
    is_unanswered = code is None and type(error.orig).__module__.startswith("psycopg")
    is_unanswered = is_unanswered and isinstance(error, OperationalError)
    is_told = isinstance(code, str) and (code in AWAY or code.startswith(BROKEN_LINE))
    return error.connection_invalidated or is_unanswered or is_told


def is_passing(error: BaseException) -> bool:
    """Say whether a unit of work that may be done twice is right to try again."""
    return is_busy(error) or is_away(error)


def word_for(error: BaseException) -> str:
    """Return what the log calls a trouble that passes."""
    return "away" if is_away(error) else "busy"


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
    """Do a whole unit of work, again and again while the database is busy or away.

    Every unit is fenced by a lease or a version: if it was committed when the line broke, the
    second try finds that and changes nothing. `until` is a moment of `monotonic`; no try begins
    after it, and the last error is raised. A try may take as long as the busy timeout. Any other
    error is raised at once.
    """
    while True:
        try:
            return work()
        except SQLAlchemyError as error:
            if not is_passing(error) or monotonic() + BUSY_AGAIN_S > until:
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
