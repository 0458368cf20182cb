"""Keep the database to its owner: the file, its journals, and the folder they lie in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

JOURNALS = ("-wal", "-shm", "-journal")
#: Group and others may not write, others may not even look. A group may read, for backups.
NOT_FOR_OTHERS = 0o027


class OpenFolder(Exception):
    """Somebody else than the owner can get at what lies in the folder."""


def make_private(path: Path) -> None:
    """Make the file, its journals and a missing folder the owner's only. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.fchmod(descriptor, 0o600)
    os.close(descriptor)
    for ending in JOURNALS:
        journal = path.with_name(path.name + ending)
        if journal.exists():
            journal.chmod(0o600)


def check_folder(folder: Path) -> None:
    """Refuse a folder that is open to others. Raises OpenFolder.

    Whoever may write there could put another file in the database's place. Whoever may look finds
    the copies that somebody made by hand, which a usual umask leaves readable.
    """
    mode = folder_mode(folder)
    if mode & NOT_FOR_OTHERS:
        raise OpenFolder(
            f"{folder} is open to others (mode {mode:04o}). Close it with: chmod 700 {folder}"
        )


def folder_mode(folder: Path) -> int:
    """Return the permissions of a folder or file, or 0 where it is missing."""
    return stat.S_IMODE(folder.stat().st_mode) if folder.exists() else 0
