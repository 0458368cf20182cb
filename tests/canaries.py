"""What must never leave: the tokens, passwords and people that tests and sandbox invent."""

from __future__ import annotations

import re

from sandbox.words import NAMES

#: One of these is in every secret, so that most texts need no closer look.
_HINTS = ("access-", "refresh-", "demo-password", "canary-")
_BYTE_HINTS = tuple(hint.encode() for hint in _HINTS)
#: Tokens of the fakes, whatever calls itself a canary, and the password of everybody.
SECRETS = re.compile(r"\b(?:access|refresh)-[0-9]+\b|\bdemo-password\b|\bcanary-[a-z-]+")
_BYTE_SECRETS = re.compile(SECRETS.pattern.encode())


def _one_of_the(names: str) -> str:
    return "|".join(re.escape(part) for name in names.split() for part in name.split("|"))


def _people_of_the_sandbox() -> str:
    """Match a given name before a family name of the same language."""
    pairs = (f"(?:{_one_of_the(given)}) (?:{_one_of_the(family)})" for _, given, family in NAMES)
    return "|".join(pairs)


#: Every address at a domain of tests, the names of standing people, and what factories write.
PEOPLE = re.compile(
    r"[\w.+-]+@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|placeholder\.local)\b"
    r"|\b(?:Ada Brandt|Mel Osei|Zoe Kim|Harbor Heating|Other Garden|Quillfeather|Wobblestone)\b"
    r"|\b(?:Customer|User|Company|Contact|Client)(?: number)? [0-9]+\b"
    r"|\bCanary (?:Corvina|Lane)\b"
    rf"|\b(?:{_people_of_the_sandbox()})\b"
)


def find_secret(text: str) -> str | None:
    """Return the first token or password in a text."""
    if not any(hint in text for hint in _HINTS):
        return None
    found = SECRETS.search(text)
    return found[0] if found else None


def find_secret_bytes(content: bytes) -> str | None:
    """Return the first token or password that stands in the clear in a file's bytes."""
    if not any(hint in content for hint in _BYTE_HINTS):
        return None
    found = _BYTE_SECRETS.search(content)
    return found[0].decode() if found else None


def find_person(text: str) -> str | None:
    """Return the first name or address of somebody invented in a text."""
    found = PEOPLE.search(text)
    return found[0] if found else None
