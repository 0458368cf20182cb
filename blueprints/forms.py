"""What people type, before a service looks at it; pure."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Return the text as one line without NUL, which PostgreSQL cannot store."""
    return " ".join(text.replace("\0", "").split())
