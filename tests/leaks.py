"""What the watches of this process found. A test that leaks on purpose takes it out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import (
    made_secrets,
    owned_texts,
    watched_answers,
    watched_errors,
    watched_files,
    watched_logs,
    watched_mails,
)

LEAKS: list[str] = []


def watch_everything() -> None:
    """Begin to look at lines, answers, mails and errors of providers."""
    owned_texts.watch()
    made_secrets.watch()
    for room in (watched_answers, watched_errors, watched_logs, watched_mails):
        room.watch(LEAKS)


def take_found(node: pytest.Item) -> list[str]:
    """Return what a test that has ended leaked, in the file of its database too, and forget it.

    `logs_on_purpose` marks those that are about what happens to a line.
    """
    database = _file_of(getattr(node, "funcargs", {}))
    found = take() + (watched_files.find_leaks(database) if database else [])
    if node.get_closest_marker("logs_on_purpose"):
        return [leak for leak in found if watched_logs.A_LINE not in leak]
    return found


def take() -> list[str]:
    """Return what has leaked so far and forget it."""
    found = LEAKS + watched_logs.find_made_leaks()
    LEAKS.clear()
    return found


def _file_of(asked: dict[str, Any]) -> Path | None:
    """Return the SQLite file that a test worked on, by whichever fixture it asked for it."""
    if "house" in asked:
        path: Path = asked["house"].database
        return path
    url = asked.get("database_url")
    if url is not None and url.get_backend_name() == "sqlite":
        return Path(url.database)
    return asked.get("database_path")
