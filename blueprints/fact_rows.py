"""What a row of the diagnostics is, and how its moments are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

COLUMN_CHARACTERS = 72


@dataclass(frozen=True, slots=True)
class Times:
    """How moments are written: relative on the page, absolute in a text that is read later."""

    past: Callable[[datetime], str]
    coming: Callable[[datetime], str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One fact. `tone` is empty where nothing is wrong with it."""

    label: str
    value: str
    tone: str = ""

    @property
    def is_long(self) -> bool:
        """Say whether the value would stand as a tower in a narrow column."""
        return len(self.value) > COLUMN_CHARACTERS
