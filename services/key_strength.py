"""Tell a key that nobody could guess from one that somebody wrote or copied; pure."""

from __future__ import annotations

from itertools import pairwise

#: 32 random bytes have thirty different ones, a random text of 32 characters twenty.
MIN_DIFFERENT = 10
#: Long enough that no random key holds one by chance.
GIVEAWAYS = (
    "blueclerk",
    "changeit",
    "changeme",
    "default",
    "development",
    "example",
    "insecure",
    "password",
    "placeholder",
    "replace",
    "secret",
    "yourkey",
)


def is_guessable(key: str) -> bool:
    """Say whether the text is a known default, a repetition, a sequence or of few characters."""
    letters = "".join(character for character in key.casefold() if character.isalnum())
    return any(word in letters for word in GIVEAWAYS) or is_monotonous(key.encode())


def is_monotonous(key: bytes) -> bool:
    """Say whether the bytes are few, repeat themselves, or count up or down."""
    return len(set(key)) < MIN_DIFFERENT or _repeats(key) or _counts(key)


def _repeats(key: bytes) -> bool:
    return any(key[step:] == key[:-step] for step in range(1, len(key) // 2 + 1))


def _counts(key: bytes) -> bool:
    steps = [after - before for before, after in pairwise(key)]
    return sum(step in (1, -1) for step in steps) > len(steps) // 2
