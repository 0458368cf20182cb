"""Choose the usable address among whatever a person or a provider wrote into a field."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from services.placeholder_email import is_placeholder_email

_SEPARATORS = re.compile(r"[\s,;<>()\[\]\"]+")
_SCHEME = re.compile(r"^mailto:", re.IGNORECASE)
_PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*", re.ASCII)
_PLAIN_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}", re.ASCII
)
MAX_ADDRESS_CHARACTERS = 254
MAX_LOCAL_PART_CHARACTERS = 64


class UnusableAddress(ValueError):
    """The text is not an address that mail could reach."""


def normalise_address(text: str) -> str:
    """Return the address with its domain in lower case and ASCII. Raises UnusableAddress.

    Nothing is looked up: an address can be well-formed and still not exist.
    """
    address = text.strip()
    if is_placeholder_email(address):
        raise UnusableAddress("a placeholder address reaches nobody")
    if len(address) > MAX_ADDRESS_CHARACTERS:
        raise UnusableAddress("the address is too long")
    local_part, _, domain = address.rpartition("@")
    if len(local_part) <= MAX_LOCAL_PART_CHARACTERS and _PLAIN_LOCAL_PART.fullmatch(local_part):
        if _is_plain(domain):
            return f"{local_part}@{domain.lower()}"
        return f"{local_part}@{_checked('x@' + domain)[1]}"
    return "@".join(_checked(address))


@lru_cache(maxsize=4096)
def _is_plain(domain: str) -> bool:
    """Say whether the domain is surely usable as it is: nearly all are, and checking is slow.

    Two dashes in a row may be another script's letters or nothing at all, so they are checked.
    """
    if "--" in domain or not _PLAIN_DOMAIN.fullmatch(domain):
        return False
    return not domain.lower().endswith(_reserved_endings())


@cache
def _reserved_endings() -> tuple[str, ...]:
    """Return the ends of domains that nobody can have; none of the plain ones is one itself."""
    from email_validator import SPECIAL_USE_DOMAIN_NAMES

    return tuple(f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES)


@lru_cache(maxsize=4096)
def _checked(address: str) -> tuple[str, str]:
    """Check a whole address; for plain local parts once per domain, because it is slow.

    A list of customers has many addresses and fewer domains.
    """
    # Loaded by whoever checks an address: most pages never do.
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise UnusableAddress(str(error)) from error
    return checked.local_part, checked.ascii_domain


def first_usable_address(text: str) -> str | None:
    """Return the first usable address of a field that may hold none, several or rubbish.

    QuickBooks keeps several addresses in one field, separated by commas, semicolons or blanks;
    `Name <a@example.com>` and `mailto:` occur as well.
    """
    for word in _SEPARATORS.split(text):
        candidate = _SCHEME.sub("", word).strip(".'")
        if "@" not in candidate:
            continue
        try:
            return normalise_address(candidate)
        except UnusableAddress:
            continue
    return None


def email_key(address: str) -> str:
    """Return the form under which two spellings of one address are equal.

    Lower case, not case folding, which makes ss of ß: users are mailed at their key.
    """
    return address.strip().lower()
