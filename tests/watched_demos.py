"""What a demo that ran for a test left behind: what it printed, at DEBUG, and its database.

Its processes are not this one, so its secrets are those that its sandbox and its settings hold.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from services.env_file import read_env_file

#: In front of every other folder, it makes Python write the log of a demo at DEBUG.
AT_DEBUG = Path(__file__).resolve().parent / "at_debug"
SHORTEST = 16
#: The demo prints how to sign in, once, and nothing else of that kind.
_ANNOUNCED = ("  E-mail      ada@example.com\n", "  Password    demo-password\n")
#: The sandbox's mail server has to know whom a mail goes to.
_OTHER_SIDE = re.compile(r"(?m)^[A-Z]+:mail\.log:.*$")
_SECRET_COLUMNS = ("token", "code", "secret", "verifier")
_PEOPLE = {
    "user_account": ("name", "email"),
    "customer": ("name", "email", "phone"),
    "remote_customer": ("name", "email", "phone"),
    "report_recipient": ("address",),
}


def find_leaks(folder: Path, *printed: Path) -> list[str]:
    """Return what a stopped demo wrote in the clear: tokens, keys, and in its log people, too."""
    texts = {path.name: _text_of(path) for path in printed if path.exists()}
    secrets = {*_tokens(folder / "sandbox.db"), *_keys(folder / "demo.env"), "demo-password"}
    stored = b"".join(path.read_bytes() for path in folder.glob("demo.db*"))
    found = [f"{one[:8]}… in demo.db" for one in secrets if one.encode() in stored]
    for name, text in texts.items():
        found += [f"{one[:8]}… in {name}" for one in secrets if one in text]
        found += [f"{one!r} in {name}" for one in _people(folder / "demo.db") if one in text]
    return found


def _text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    for line in _ANNOUNCED:
        text = text.replace(line, "", 1)
    return _OTHER_SIDE.sub("", text)


def _tokens(path: Path) -> Iterator[str]:
    """Yield every code and token that the sandbox holds, which is the provider's side."""
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            rows = database.execute(f"PRAGMA table_info({table})")
            columns = [row[1] for row in rows if any(word in row[1] for word in _SECRET_COLUMNS)]
            for column in columns:
                values = database.execute(f"SELECT {column} FROM {table}").fetchall()
                yield from (
                    one for (one,) in values if isinstance(one, str) and len(one) >= SHORTEST
                )


def _keys(path: Path) -> list[str]:
    values = read_env_file(path)
    return [
        part
        for name, value in values.items()
        if name.endswith(("_SECRET", "_KEY", "_KEYS"))
        for part in value.split(",")
        if len(part) >= SHORTEST
    ]


def _people(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as database:
        return {
            value
            for table, columns in _PEOPLE.items()
            for column in columns
            for (value,) in database.execute(f'SELECT "{column}" FROM "{table}"')
            if value and len(value) > 5
        }
