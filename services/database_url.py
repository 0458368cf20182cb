"""Read the one setting that says which database is used; pure, and shared with the settings."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import parse_qs, urlsplit

DRIVER = "postgresql+psycopg://"
INSTALL = "pip install --require-hashes -r requirements-postgres.txt"


class BadDatabaseUrl(ValueError):
    """The address cannot be used; the message says why and never repeats the password."""


def parse_database_url(text: str) -> str:
    """Return the address with its driver named. Raises BadDatabaseUrl.

    SQLAlchemy's default for postgresql:// changed between versions.
    """
    for plain in ("postgres://", "postgresql://"):
        if text.startswith(plain):
            text = DRIVER + text.removeprefix(plain)
    if text.startswith("postgresql") and find_spec("psycopg") is None:
        raise BadDatabaseUrl(f"names PostgreSQL, whose driver is not installed: {INSTALL}")
    if not text.startswith(("sqlite:///", DRIVER)):
        raise BadDatabaseUrl("must start with sqlite:/// or postgresql://.")
    if not _is_readable(text):
        raise BadDatabaseUrl(
            "cannot be read: write a @, :, / or # in its password as %40, %3A, %2F or %23."
        )
    if "password" in parse_qs(urlsplit(text).query, keep_blank_values=True):
        raise BadDatabaseUrl(
            "names its password behind the ?, where lists of running programs would show it: "
            "write postgresql://user:password@host/name."
        )
    if text in ("sqlite:///", "sqlite:///:memory:"):
        # Every thread would see a database of its own.
        raise BadDatabaseUrl("must name a file, as in sqlite:///blueclerk.db.")
    return text


def _is_readable(text: str) -> bool:
    """Say whether it can be taken apart; SQLAlchemy's own error tells a piece of the password."""
    try:
        _port = urlsplit(text).port
    except ValueError:
        return False
    return True


def check_shared_database(url: str) -> None:
    """Make sure that workers can share the database. Raises BadDatabaseUrl."""
    if not url.startswith(DRIVER):
        raise BadDatabaseUrl(
            "needs PostgreSQL: set BLUECLERK_DATABASE_URL=postgresql://…, or use embedded."
        )
    if find_spec("procrastinate") is None:
        raise BadDatabaseUrl(f"needs a package that is not installed: {INSTALL}")
