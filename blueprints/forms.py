"""What people type, before a service looks at it; pure."""

from __future__ import annotations

#: What is longer is cut or refused unread, so that nobody makes us hash a novel. Services have
#: closer bounds of their own, and sentences for them.
MOST_TYPED_CHARACTERS, MOST_EMAIL_CHARACTERS = 1_000, 320


def one_line(text: str) -> str:
    """Return the text as one line without NUL, which PostgreSQL cannot store."""
    return " ".join(text.replace("\0", "").split())
