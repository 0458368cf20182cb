"""Run Alembic inside the application: its engine, its tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine

import models
from models.base import UtcDateTime

# The job engine keeps its own tables in the same schema and migrates them itself.
FOREIGN_TABLES = ("procrastinate_",)


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave tables that are not ours out of comparisons."""
    return kind != "table" or not (name or "").startswith(FOREIGN_TABLES)


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write our own column types as what they are in the database."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    return False


@contextmanager
def without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying it; a cascade would empty the tables that point to it.

    The pragma works only outside a transaction, so it goes to the driver directly.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def run(engine: Engine) -> None:
    with engine.connect() as connection, without_foreign_keys(connection):
        context.configure(
            connection=connection,
            target_metadata=models.Base.metadata,
            include_name=include_name,
            render_item=render_item,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run(current_app.extensions["migrate"].db.engine)
