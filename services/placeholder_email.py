"""The only place that knows what a placeholder e-mail is; pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata

PLACEHOLDER_DOMAIN = "placeholder.local"
HASH_CHARACTERS = 16
#: What stands behind an @ and could be a domain; behind a quoted local part the domain is yet to
#: come. A domain neither begins nor ends with these marks, so they are a sentence's.
_DOMAINS = re.compile(r"@\s*([\w.-]++)(?!\"?@)")
_MARKS = "._-"
#: Stands for a dot in domains (RFC 3490, 3.1), and is none for NFKC.
_IDEOGRAPHIC_STOP = "\u3002"
_BLANKS = "\t\n\v\f\r\x85"
#: Marks that show nothing and are no characters of format: they choose how the one before looks.
_UNSEEN = "\u034f" + "".join(map(chr, range(0xFE00, 0xFE10)))


def make_placeholder_email(
    provider: str, *, company_id: int, remote_account_id: str, remote_id: str
) -> str:
    """Return the address of a customer without one: the same for the same remote customer.

    The parts are separated by a character that none of them can hold, so that ("1", "23") and
    ("12", "3") differ.
    """
    identity = "\x1f".join((str(company_id), remote_account_id, remote_id))
    digest = hashlib.sha256(identity.encode("utf-8")).hexdigest()
    return f"{provider}-{digest[:HASH_CHARACTERS]}@{PLACEHOLDER_DOMAIN}"


def is_placeholder_email(address: str) -> bool:
    """Say whether the whole domain of the address is the placeholder domain."""
    _, at, domain = address.strip().rpartition("@")
    return bool(at) and domain.rstrip(".").casefold() == PLACEHOLDER_DOMAIN


def names_placeholder(text: str) -> bool:
    """Say whether any address in the text is one, as a reader would see it.

    For fields that may hold several addresses, words around them, letters of other widths, or marks
    that show nothing. True wherever `is_placeholder_email` is.
    """
    seen = text
    if not text.isascii():
        seen = unicodedata.normalize("NFKC", text).replace(_IDEOGRAPHIC_STOP, ".")
    seen = seen.replace("%40", "@")
    if "@" not in seen:
        return False
    if not (seen.isascii() and seen.isprintable()):
        seen = "".join(map(_seen, seen))
    return any(
        domain.strip(_MARKS).casefold() == PLACEHOLDER_DOMAIN for domain in _DOMAINS.findall(seen)
    )


def sql_patterns() -> tuple[str, ...]:
    """Return LIKE patterns; `names_placeholder` is true for no lower-case ASCII text but these.

    They find others as well, whatever stands between the letters: whom they find is to be asked,
    and so is who has any character beyond ASCII.
    """
    return tuple("%".join(("", at, *PLACEHOLDER_DOMAIN, "")) for at in ("@", "40"))


def _seen(character: str) -> str:
    kind = unicodedata.category(character)[0]
    if kind == "Z" or character in _BLANKS:
        return " "
    return "" if kind == "C" or character in _UNSEEN else character
