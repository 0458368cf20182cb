"""Keys under which names are sorted and compared; pure."""

from __future__ import annotations

import unicodedata

SORT_KEY_CHARACTERS = 200


def sort_key(name: str) -> str:
    """Return the key that lists are ordered by: case and width make no difference."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(folded.split())[:SORT_KEY_CHARACTERS]
