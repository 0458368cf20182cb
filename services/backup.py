"""Copy a SQLite database while it is in use, and prove that the copy is whole."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

PAGES_AT_ONCE = 1000


class BackupImpossible(Exception):
    """No copy was made; the message says why and what to do instead."""


def back_up(url: URL, target: Path) -> int:
    """Write a consistent copy to `target`, readable by its owner only; return its size in bytes.

    Readers and writers go on meanwhile. The copy appears under its name only when it is whole.
    Raises BackupImpossible.
    """
    if url.get_backend_name() != "sqlite" or not url.database:
        raise BackupImpossible("This database is not SQLite. Use the tools of its server.")
    if target.exists():
        raise BackupImpossible(f"{target} exists already and is not overwritten.")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".part")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        _copy(Path(url.database), draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target.stat().st_size


def _copy(source: Path, draft: Path) -> None:
    address = f"{source.resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True)) as there,
        closing(sqlite3.connect(draft)) as here,
    ):
        there.backup(here, pages=PAGES_AT_ONCE)
        # One file without journals, so that it can be moved about.
        here.execute("PRAGMA journal_mode=DELETE")
        [verdict] = here.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise BackupImpossible("The copy is damaged and was removed. Check the disk.")
