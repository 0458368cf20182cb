"""Many rows handed to the driver as tuples, ready as they are.

SQLAlchemy's own way makes a dict of each row and converts each value, which takes longer than the
database does (benchmarks/importing.py). What is the same for all rows is converted once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

from models import Base

_MARKS = {"qmark": "?", "format": "%s", "pyformat": "%s"}


def insert_tuples(
    session: Session,
    model: type[Base],
    columns: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
    *,
    same: Mapping[str, Any],
    converted: Collection[str] = (),
) -> None:
    """Insert rows with these columns, in the caller's transaction; `same` is added to each.

    The values of the rows are text, numbers, booleans and None, but for the `converted` columns,
    whose type says how the driver takes them. No default of the model applies.
    """
    constants, mark = _ready(session, model, same)
    for name in converted:
        rows = _convert(session, model, name, rows, at=columns.index(name))
    names = ", ".join((*columns, *same))
    marks = ", ".join([mark] * (len(columns) + len(same)))
    # The names are those of our tables, and every value is marked.
    statement = f"INSERT INTO {model.__tablename__} ({names}) VALUES ({marks})"  # noqa: S608
    _execute(session, statement, [row + constants for row in rows])


def update_tuples(
    session: Session,
    model: type[Base],
    column: str,
    rows: Iterable[tuple[Any, int]],
    *,
    same: Mapping[str, Any],
) -> None:
    """Write a value of each row into the column, and `same`, where the id is the second value."""
    constants, mark = _ready(session, model, same)
    written = ", ".join(f"{name} = {mark}" for name in (*same, column))
    statement = f"UPDATE {model.__tablename__} SET {written} WHERE id = {mark}"  # noqa: S608
    _execute(session, statement, [constants + row for row in rows])


def _ready(
    session: Session, model: type[Base], same: Mapping[str, Any]
) -> tuple[tuple[Any, ...], str]:
    """Return the values as the driver takes them, and how it marks a value."""
    converted = []
    for name, value in same.items():
        convert = _converter(session, model, name)
        converted.append(convert(value) if convert else value)
    return tuple(converted), _MARKS[session.connection().dialect.paramstyle]


def _convert(
    session: Session,
    model: type[Base],
    name: str,
    rows: Iterable[tuple[Any, ...]],
    *,
    at: int,
) -> Iterable[tuple[Any, ...]]:
    convert = _converter(session, model, name)
    if convert is None:
        return rows
    return [(*row[:at], convert(row[at]), *row[at + 1 :]) for row in rows]


def _converter(session: Session, model: type[Base], name: str) -> Callable[[Any], Any] | None:
    dialect = session.connection().dialect
    table: Table = model.__table__  # type: ignore[assignment]
    return table.c[name].type.dialect_impl(dialect).bind_processor(dialect)


def _execute(session: Session, statement: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        session.connection().exec_driver_sql(statement, rows)
