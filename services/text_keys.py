"""Keys under which names are sorted and compared; pure."""

from __future__ import annotations

import unicodedata

SORT_KEY_CHARACTERS = 200


def sort_key(name: str) -> str:
    """Return the key that lists are ordered by: case and width make no difference."""
    return fold(name)[:SORT_KEY_CHARACTERS]


def search_text(*parts: str | None, phone: str = "") -> str:
    """Return the text that a search looks into: every part folded, the phone also as digits."""
    digits = "".join(character for character in phone if character.isdigit())
    folded = (fold(part) for part in (*parts, phone, digits) if part)
    return "\n".join(folded)


def fold(text: str) -> str:
    """Return the text with case, width and runs of blanks made equal."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
