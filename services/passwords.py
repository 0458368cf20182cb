"""Passwords: what is asked of a new one, and how one is hashed and checked."""

from __future__ import annotations

import secrets

from werkzeug.security import check_password_hash, generate_password_hash

from services.account_errors import WeakPassword

PASSWORD_METHOD = "scrypt:32768:8:3"  # noqa: S105  (OWASP's minimum for scrypt, read 2026-11-22)
MIN_PASSWORD_CHARACTERS = 12
MAX_PASSWORD_CHARACTERS = 200


def hash_password(password: str) -> str:
    """Hash a new password. Raises WeakPassword."""
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise WeakPassword(
            f"A password needs {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters."
        )
    return generate_password_hash(password, method=PASSWORD_METHOD)


def is_password(known_hash: str, password: str) -> bool:
    """Say whether the password is the hashed one. Slow on purpose: hold no transaction open."""
    fits = check_password_hash(known_hash, password[:MAX_PASSWORD_CHARACTERS])
    return fits and len(password) <= MAX_PASSWORD_CHARACTERS


_nobody: list[str] = []


def hash_of_nobody() -> str:
    """Return a hash to check against when the user is unknown, so that both take as long."""
    if not _nobody:
        _nobody.append(generate_password_hash(secrets.token_hex(16), method=PASSWORD_METHOD))
    return _nobody[0]
