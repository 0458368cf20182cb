"""The files of a test's database, held against tokens and passwords."""

from __future__ import annotations

from pathlib import Path

from tests.canaries import find_secret_bytes


def find_leaks(database: Path) -> list[str]:
    """Return what stands in the clear in a SQLite file or in what SQLite keeps beside it."""
    found = []
    for path in database.parent.glob(f"{database.name}*"):
        secret = find_secret_bytes(path.read_bytes())
        if secret:
            found.append(f"{secret!r} in {path.name}")
    return found
