"""Passwords: what is asked of a new one, and how one is hashed and checked.

Length is what counts: any characters, no rules of composition (NIST SP 800-63B-4 3.1.1.2 and OWASP
ASVS 5.0 6.2, read 2026-11-23). Refused is only what would be guessed first.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from models import User
from services.account_errors import WeakPassword

PASSWORD_METHOD = "scrypt:32768:8:3"  # noqa: S105  (OWASP's minimum for scrypt, read 2026-11-22)
MIN_PASSWORD_CHARACTERS = 12
MAX_PASSWORD_CHARACTERS = 200
#: A piece up to this long adds nothing by being repeated.
LONGEST_REPEATED_PIECE = 8
#: So few different characters are tried in every order, however long the password is.
TOO_FEW_DIFFERENT = 4
COMMON_PASSWORDS = Path(__file__).with_name("common_passwords.txt")
COMMON_SHORT_PASSWORDS = Path(__file__).with_name("common_short_passwords.txt")
OUR_NAME = "blueclerk"
_WORD = re.compile(r"[^\W\d_]{2,}")
#: Digits and signs before and after everything else.
_ROUND_IT = re.compile(r"\A[\W\d_]+|[\W\d_]+\Z")


def check_new_password(password: str, *, personal: Sequence[str] = ()) -> None:
    """Refuse what would be guessed first. Raises WeakPassword.

    `personal` is what others know of the person: e-mail, name, company. The password may contain
    it, but may not be made of nothing else.
    """
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise WeakPassword(
            f"A password needs {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters; "
            f"this one has {len(password):,}. A few words in a row are good ones."
        )
    if not _can_be_stored(password):
        raise WeakPassword(
            "This password holds a character that cannot be stored. Choose another one."
        )
    why = _why_guessed_first(password.casefold(), personal)
    if why is not None:
        raise WeakPassword(
            f"This password {why}. Choose another one, such as a few words in a row."
        )


def personal_words(user: User) -> tuple[str, ...]:
    """Return what others know of the user, for `check_new_password`."""
    return (user.email, user.name, user.company.name, user.company.slug)


def hash_password(password: str, *, personal: Sequence[str] = ()) -> str:
    """Check and hash a new password. Slow on purpose. Raises WeakPassword."""
    check_new_password(password, personal=personal)
    return generate_password_hash(password, method=PASSWORD_METHOD)


def is_password(known_hash: str, password: str) -> bool:
    """Say whether the password is the hashed one. Slow on purpose: hold no transaction open."""
    storable = password.encode("utf-8", "replace").decode()
    fits = check_password_hash(known_hash, storable[:MAX_PASSWORD_CHARACTERS])
    return fits and storable == password and len(password) <= MAX_PASSWORD_CHARACTERS


_nobody: list[str] = []


def hash_of_nobody() -> str:
    """Return a hash to check against when the user is unknown, so that both take as long."""
    if not _nobody:
        _nobody.append(generate_password_hash(secrets.token_hex(16), method=PASSWORD_METHOD))
    return _nobody[0]


@cache
def _listed(path: Path) -> frozenset[str]:
    _licence, _, listed = path.read_text(encoding="utf-8").partition("\n\n")
    return frozenset(listed.splitlines())


def _why_guessed_first(folded: str, personal: Sequence[str]) -> str | None:
    """Return the end of a sentence that begins with "This password", None for a good one."""
    if folded in _listed(COMMON_PASSWORDS):
        return "is one of the most common ones, which are tried first"
    if _is_common_inside(folded):
        return "is one of the most common ones with digits or signs round it"
    if _is_repetition(folded):
        return "is one short piece again and again"
    if len(set(folded)) <= TOO_FEW_DIFFERENT:
        return f"needs more than {TOO_FEW_DIFFERENT} different characters"
    if _is_made_of(folded, _pieces(personal)):
        return "is made of names and addresses that others know"
    return None


def _is_common_inside(text: str) -> bool:
    """Say whether the text is a common password, also a short one, and what stands round it."""
    inside = _ROUND_IT.sub("", text)
    return inside in _listed(COMMON_SHORT_PASSWORDS) or inside in _listed(COMMON_PASSWORDS)


def _can_be_stored(password: str) -> bool:
    """Half a character, as a terminal may send it, has no bytes that could be hashed."""
    return not any("\ud800" <= character <= "\udfff" for character in password)


def _is_repetition(text: str) -> bool:
    """Say whether the text is a short piece over and over; the last time it may break off."""
    longest = min(LONGEST_REPEATED_PIECE, len(text) // 2)
    return any(text[size:] == text[:-size] for size in range(1, longest + 1))


def _pieces(personal: Sequence[str]) -> set[str]:
    return {word for known in (OUR_NAME, *personal) for word in _WORD.findall(known.casefold())}


def _is_made_of(text: str, pieces: set[str]) -> bool:
    """Say whether the text is pieces, in any order, with anything but letters round them.

    Looks at each place once, however many ways there are to cut the text.
    """
    if not any(character.isalpha() for character in text):
        return False
    reached = {0}
    for at in range(len(text)):
        if at in reached:
            reached |= {at + len(piece) for piece in pieces if text.startswith(piece, at)}
            reached |= set() if text[at].isalpha() else {at + 1}
    return len(text) in reached
