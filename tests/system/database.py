"""The database of a demo, SQLite or PostgreSQL, changed beside the processes that work with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, make_url, update
from sqlalchemy.pool import NullPool

from models import Reading, SignIn
from services.database import prepare_engine
from services.env_file import read_env_file
from services.runtime import utc_now

SQLITE = "sqlite"
TWO_MINUTES = timedelta(minutes=2)
ONE_MINUTE = timedelta(minutes=1)


def database_url(folder: Path) -> URL:
    """Return where the demo in a folder keeps its rows, as its settings say."""
    url = make_url(read_env_file(folder / "demo.env")["BLUECLERK_DATABASE_URL"])
    if url.get_backend_name() == SQLITE:
        return url.set(database=str(folder / str(url.database)))
    return url


@contextmanager
def open_database(url: URL) -> Iterator[Connection]:
    """Open it; what was written is committed at the end."""
    engine = create_engine(url, poolclass=NullPool)
    prepare_engine(engine)
    with engine.begin() as connection:
        yield connection


def age_readings(url: URL, age: timedelta = TWO_MINUTES) -> None:
    """Pretend that every ended reading ended that long ago."""
    ended = update(Reading).where(Reading.finished_at.is_not(None))
    with open_database(url) as database:
        database.execute(ended.values(finished_at=utc_now() - age))


def type_passwords(url: URL, age: timedelta = ONE_MINUTE) -> None:
    """Pretend that everybody who is signed in typed the password that long ago."""
    with open_database(url) as database:
        database.execute(update(SignIn).values(password_checked_at=utc_now() - age))


def copy_file(source: Path, target: Path) -> None:
    """Replace the content of a SQLite file under the processes that have it open."""
    with closing(sqlite3.connect(source)) as from_, closing(sqlite3.connect(target)) as to:
        from_.backup(to)
