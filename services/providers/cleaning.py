"""Turn whatever stands in a provider's field into a value that is safe to store. Pure.

Nothing here raises for bad input: a field of the wrong type counts as not given, so that one odd
field never costs a row, and one odd row never costs a page.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

NAME_MAX_CHARACTERS = 500
EMAILS_MAX_CHARACTERS = 1_000
PHONE_MAX_CHARACTERS = 100
ADDRESS_MAX_CHARACTERS = 500
CUT_MARK = "…"
#: Cents of anything larger do not fit the database's integers, nor anybody's books.
AMOUNT_MAX = Decimal(10) ** 15

_LINE_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# NUL ends up differently in SQLite and PostgreSQL, and neither stores half a surrogate pair.
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_EMAIL_SEPARATORS = re.compile(r"[,;\s]")
_CURRENCY = re.compile(r"[A-Z]{3}")


def clean_text(value: object, max_characters: int = NAME_MAX_CHARACTERS) -> str:
    """Return one line of text without control characters, or "" if none was given.

    A longer text is cut to `max_characters`, the last of them a mark that says so. Text that
    shows nothing at all (spaces, zero-width characters) counts as not given.
    """
    if not value:
        return ""
    if isinstance(value, str) and len(value) <= max_characters and value.isprintable():
        # Nearly all texts are like this, and a list of customers has thirty for each.
        return value.strip()
    text = _one_line(value)
    if len(text) > max_characters:
        return text[: max_characters - 1].rstrip() + CUT_MARK
    return text


def clean_emails(value: object) -> str:
    """Return the e-mail field as one line; a text too long is cut between two addresses.

    Cut inside an address it could read as somebody else's: joe@example.com as joe@example.co.
    """
    text = _one_line(value)
    if len(text) <= EMAILS_MAX_CHARACTERS:
        return text
    ends = [match.start() for match in _EMAIL_SEPARATORS.finditer(text, 0, EMAILS_MAX_CHARACTERS)]
    return text[: ends[-1]].rstrip(",; ") if ends else ""


def cents(value: object) -> int | None:
    """Return an amount as whole cents, or None if it is no amount."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal | float):
        return None
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value).strip())
        # Not abs(): it rounds, and raises for a number beyond what can be calculated with.
        if not amount.is_finite() or amount.copy_abs() > AMOUNT_MAX:
            return None
        return int((amount * 100).to_integral_value())
    except InvalidOperation:
        return None


def currency_code(value: object) -> str:
    """Return three letters such as USD, or ""."""
    code = clean_text(value, 10).upper()
    return code if _CURRENCY.fullmatch(code) else ""


def utc_moment(value: object) -> datetime | None:
    """Read an ISO time that says its offset. None for everything else: a guess could lose hours."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_true(value: object) -> bool:
    """Read a yes, also where it was written as text."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def is_false(value: object) -> bool:
    """Read a no, also where it was written as text; a missing value is not a no."""
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def _one_line(value: object) -> str:
    if not isinstance(value, str):
        return ""
    if value.isprintable():
        return value.strip()
    text = _UNSTORABLE.sub("", _LINE_BREAKS.sub(" ", value)).strip()
    return text if any(map(_is_visible, text)) else ""


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "ZC"
