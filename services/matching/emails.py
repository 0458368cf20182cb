"""Addresses that can tell customers apart, out of whatever stands in an e-mail field."""

from __future__ import annotations

import re

from services.matching.vocabulary import ROLE_MAILBOXES
from services.matching.words import fold
from services.placeholder_email import is_placeholder_email

#: More than four addresses in one field are a mailing list, not a customer's.
MAX_ADDRESSES = 4
MIN_ADDRESS_CHARACTERS = 5
#: More text than this in an e-mail field is no list of addresses; the word cut there is left out.
MAX_TEXT_CHARACTERS = 2_000

_SEPARATORS = re.compile(r"[\s,;|/<>()\[\]\"]+")
#: What people write into a field that demands an address. Never example.com: demo data live there.
_NOBODY = re.compile(
    r"^(?:none|no[-.]?email|nomail|na|unknown|test|x+)@"
    r"|@(?:none|no-?email|nomail|na|no)\.(?:com|org|net|local)$"
    r"|@[^@]*\.invalid$"
)


def clean_emails(text: str) -> tuple[str, ...]:
    """Return the addresses of a field, lower case, each once; placeholders are no addresses."""
    if "@" not in text:
        return ()
    whole = text if len(text) <= MAX_TEXT_CHARACTERS else _cut(text)
    folded = (fold(word) for word in _SEPARATORS.split(whole) if "@" in word)
    words = (word.strip(".'").removeprefix("mailto:") for word in folded)
    return tuple(dict.fromkeys(word for word in words if _is_evidence(word)))[:MAX_ADDRESSES]


def mailbox_of(address: str) -> str:
    """Return the address without its +tag. Dots stay: only one provider ignores them."""
    local_part, _, domain = address.partition("@")
    return f"{local_part.partition('+')[0]}@{domain}"


def is_role_mailbox(address: str) -> bool:
    """Say whether the address is that of an office ("info@", "accounts@")."""
    return mailbox_of(address).partition("@")[0] in ROLE_MAILBOXES


def _cut(text: str) -> str:
    return _SEPARATORS.sub(" ", text[:MAX_TEXT_CHARACTERS]).rpartition(" ")[0]


def _is_evidence(word: str) -> bool:
    local_part, at, domain = word.partition("@")
    return (
        bool(at and local_part)
        and "@" not in domain
        and "." in domain
        and len(word) >= MIN_ADDRESS_CHARACTERS
        and not is_placeholder_email(word)
        and not _NOBODY.search(word)
    )
