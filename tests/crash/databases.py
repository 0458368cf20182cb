"""The database of a round: begun from a saved one, looked at from outside, checked."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from tests.postgresql import PostgresqlServer

Rows = list[tuple[Any, ...]]
ALONE_MAX_S = 20.0
#: As SQLite keeps it; PostgreSQL reads it in the zone of the session, which is long ago as well.
LONG_AGO = "2026-01-01 00:00:00.000000"
LEASES = (
    ("import_run", "lease_until_at"),
    ("reading", "lease_until_at"),
    ("remote_account", "match_lease_until_at"),
    ("connection", "lease_until_at"),
)


class Database(Protocol):
    """One database at a fixed address; `save` and `restore` need everybody else to be gone."""

    @property
    def url(self) -> URL: ...

    def save(self, name: str) -> None: ...

    def restore(self, name: str) -> None: ...

    def wait_alone(self) -> None: ...

    def faults(self) -> list[str]: ...


class SqliteDatabase:
    """A file; the saved ones are copies in a folder that all lanes share."""

    def __init__(self, folder: Path, saved: Path) -> None:
        self.path, self.saved = folder / "crash.db", saved

    @property
    def url(self) -> URL:
        return URL.create("sqlite", database=str(self.path))

    def save(self, name: str) -> None:
        with (
            closing(sqlite3.connect(self.path)) as from_,
            closing(sqlite3.connect(self.saved / f"{name}.db")) as to,
        ):
            from_.backup(to)

    def restore(self, name: str) -> None:
        for journal in ("-wal", "-shm"):
            Path(f"{self.path}{journal}").unlink(missing_ok=True)
        shutil.copy(self.saved / f"{name}.db", self.path)

    def wait_alone(self) -> None:
        """Return at once: a killed process writes nothing any more."""

    def faults(self) -> list[str]:
        """Return what SQLite itself finds wrong: in the pages, the indexes, the references."""
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            astray = connection.execute("PRAGMA foreign_key_check").fetchall()
        return [each for each in found if each != "ok"] + [f"astray: {row}" for row in astray]


class PostgresqlDatabase:
    """A database of a server that all lanes share; the saved ones are its templates."""

    def __init__(self, server: PostgresqlServer, name: str) -> None:
        self.server, self.name = server, name
        self.drop(name)
        server.run(f"CREATE DATABASE {name}")

    @property
    def url(self) -> URL:
        return self.server.own_url.set(database=self.name)

    def save(self, name: str) -> None:
        self.drop(name)
        self.server.run(f"CREATE DATABASE {name} TEMPLATE {self.name}")

    def restore(self, name: str) -> None:
        self.drop(self.name)
        self.server.run(f"CREATE DATABASE {self.name} TEMPLATE {name}")

    def drop(self, name: str) -> None:
        self.server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def wait_alone(self) -> None:
        """Wait until the server has ended what killed processes had asked for last."""
        others = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        give_up_at = time.monotonic() + ALONE_MAX_S
        while look(self.url, others)[0][0]:
            assert time.monotonic() < give_up_at, "the session of a killed process goes on"
            time.sleep(0.02)

    def faults(self) -> list[str]:
        """Return the references that lead nowhere; each constraint is asked anew."""
        query = (
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype IN ('f', 'c') AND NOT convalidated"
        )
        return [f"not valid: {row}" for row in look(self.url, query)]


def look(url: URL, query: str, **values: Any) -> Rows:
    """Return the rows that somebody from outside sees now."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def look_at_rows(url: URL, query: str) -> list[Mapping[str, Any]]:
    """Return the rows with the names of their columns."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def end_leases(url: URL) -> None:
    """Pretend that the killed process has been gone for as long as its leases last."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for table, column in LEASES:
            statement = f"UPDATE {table} SET {column} = '{LONG_AGO}' WHERE {column} IS NOT NULL"
            connection.execute(text(statement))
