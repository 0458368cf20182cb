"""Carry all rows into an empty database with the same tables: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    exists,
    func,
    insert,
    literal_column,
    make_url,
    select,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from models import Base
from services.database import BATCH_ROWS, only_reading, prepare_engine
from services.heartbeat import TICK, last_beat_at
from services.schema import current_schema, newest_schema

#: A server beats every minute.
BEATING = timedelta(minutes=2)
#: Parents first. Rows of one table that point to each other point to earlier ones.
TABLES: tuple[Table, ...] = tuple(Base.metadata.sorted_tables)


class MoveImpossible(Exception):
    """No row was copied; the message says why and what to do instead."""


@contextmanager
def open_target(address: str) -> Iterator[Engine]:
    """Yield the engine of a database that `parse_database_url` has read; connects to nothing."""
    engine = create_engine(make_url(address))
    prepare_engine(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def is_served(session: Session, *, now: datetime) -> bool:
    """Say whether a server has worked on this database in the last two minutes."""
    beat_at = last_beat_at(session, name=TICK)
    return beat_at is not None and beat_at > now - BEATING


def move(source: Engine, target: Engine) -> Mapping[str, int]:
    """Copy every row, with its id, in one transaction there; return how many, by table.

    The source is read as of one moment and not changed. Raises MoveImpossible. 100,000 customers
    with all that belongs to them are a matter of minutes.
    """
    _compare_addresses(source, target)
    try:
        with source.connect() as there, target.connect() as here:
            with only_reading():
                there.begin()
            _check_tables(there, "here")
            with here.begin():
                _check_tables(here, "there")
                _check_empty(here)
                copied = {table.name: _copy_whole(table, there, here) for table in TABLES}
                _compare_counts(here, copied)
    except DBAPIError as error:
        raise MoveImpossible(f"Nothing was copied: {_words(error)}") from error
    return copied


def _compare_addresses(source: Engine, target: Engine) -> None:
    if source.url == target.url:
        raise MoveImpossible("That is the database that is used now. Name another one.")


def _check_tables(connection: Connection, place: str) -> None:
    with Session(connection) as session, suppress(SQLAlchemyError):
        if current_schema(session) == newest_schema():
            return
    raise MoveImpossible(
        f"The tables {place} are not those of this release. With BLUECLERK_DATABASE_URL set to "
        "that database, run: flask --app app db upgrade"
    )


def _check_empty(target: Connection) -> None:
    for table in TABLES:
        if target.scalar(select(exists(select(literal_column("1")).select_from(table)))):
            raise MoveImpossible(
                f"The database there is not empty ({table.name.replace('_', ' ')}). Name one in "
                "which only flask --app app db upgrade was run."
            )


def _copy_whole(table: Table, source: Connection, target: Connection) -> int:
    try:
        return _copy(table, source, target)
    except DBAPIError as error:
        words = f"{_words(error)} (in a row of {table.name.replace('_', ' ')})"
        raise MoveImpossible(f"Nothing was copied: {words}.") from error


def _copy(table: Table, source: Connection, target: Connection) -> int:
    rows = source.execution_options(yield_per=BATCH_ROWS).execute(
        select(table).order_by(*table.primary_key)
    )
    count = 0
    for batch in rows.partitions():
        target.execute(insert(table), [row._asdict() for row in batch])
        count += len(batch)
    _continue_ids(table, target)
    return count


def _continue_ids(table: Table, target: Connection) -> None:
    """Let the next id of PostgreSQL follow the largest one; SQLite does that by itself."""
    column = table.autoincrement_column
    if target.dialect.name == "sqlite" or column is None:
        return
    largest = target.scalar(select(func.max(column)))
    if largest is not None:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        target.execute(select(func.setval(sequence, largest)))


def _compare_counts(target: Connection, copied: Mapping[str, int]) -> None:
    for table in TABLES:
        count = target.scalar(select(func.count()).select_from(table))
        if count != copied[table.name]:
            raise MoveImpossible(f"Nothing was copied: {table.name} would not be complete there.")


def _words(error: DBAPIError) -> str:
    """Return what the database said, without the values of a row."""
    diagnosis: Any = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "message_primary", None) or str(error.orig).splitlines()[0]
