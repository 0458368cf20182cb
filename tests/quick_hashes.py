"""Lets passwords cost nothing in tests; only one of them is about what they cost.

Hashing is slow on purpose, and a sign-in is where many tests begin.
"""

from __future__ import annotations

from services import passwords

DECIDED_METHOD = passwords.PASSWORD_METHOD
QUICK_METHOD = "pbkdf2:sha256:1"


def hash_quickly() -> None:
    """Hash in this process from now on so that it takes no time."""
    passwords.PASSWORD_METHOD = QUICK_METHOD
