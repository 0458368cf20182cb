"""What the watches of this process found. A test that leaks on purpose takes it out again."""

from __future__ import annotations

import pytest

from tests import (
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
    for room in (watched_answers, watched_errors, watched_logs, watched_mails):
        room.watch(LEAKS)


def take_found(node: pytest.Item) -> list[str]:
    """Return what a test that has ended leaked, in the file of its database too, and forget it.

    `logs_on_purpose` marks those that are about what happens to a line.
    """
    asked = getattr(node, "funcargs", {})
    database = asked.get("database_path") or getattr(asked.get("house"), "database", None)
    found = take() + (watched_files.find_leaks(database) if database else [])
    if node.get_closest_marker("logs_on_purpose"):
        return [leak for leak in found if watched_logs.A_LINE not in leak]
    return found


def take() -> list[str]:
    """Return what has leaked so far and forget it."""
    found = LEAKS.copy()
    LEAKS.clear()
    return found
