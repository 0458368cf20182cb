"""In how many ways a screen is looked at, and what its picture is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import Any

SCHEMES = ("light", "dark")
WIDTHS = (1280, 390)


@dataclass(frozen=True, slots=True)
class Look:
    """A colour scheme and a window in pixels."""

    scheme: str
    width: int
    height: int = 844

    def __str__(self) -> str:
        return f"{self.scheme}-{self.width}"

    @property
    def size(self) -> Any:
        """The window, as Playwright wants it."""
        return {"width": self.width, "height": self.height}


LOOKS = tuple(Look(scheme, width) for width, scheme in product(WIDTHS, SCHEMES))


def choose_looks(wanted: str) -> tuple[Look, ...]:
    """Return the looks that hold one of the words, as in `dark-390,light`; all without a word."""
    words = wanted.split(",")
    return tuple(look for look in LOOKS if any(word in str(look) for word in words))


def file_name(place: str, look: Look) -> str:
    return f"{re.sub(r'[^a-z0-9]+', '-', place.lower())}-{look}.png"
