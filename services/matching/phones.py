"""Telephone numbers in one form, out of whatever stands in a phone field."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.matching.words import fold

MAX_PHONES = 3
MIN_DIGITS = 6
#: Numbers that are no valid ones begin with this and are compared by their last digits only.
UNVERIFIED = "~"
UNVERIFIED_DIGITS = 10

_SEPARATORS = re.compile(r"[;|,\n]|\s/\s|\bor\b", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:ext\.?|x|#)\s*(\d{1,6})\s*$")
_NOT_A_DIGIT = re.compile(r"\D")
_SEQUENCES = ("01234567890123456789", "98765432109876543210")
_NORTH_AMERICA = frozenset({"US", "CA"})


@dataclass(frozen=True, slots=True)
class Phones:
    """The numbers of a customer; two people at one number may have two extensions."""

    numbers: tuple[str, ...] = ()
    extension: str = ""


def clean_phones(text: str, region: str) -> Phones:
    """Return the numbers of a field as E.164, each once; "call Bob" and 000-0000 are none."""
    numbers: dict[str, None] = {}
    extension = ""
    for part in _SEPARATORS.split(fold(text)) if text else ():
        found = _EXTENSION.search(part)
        number = _clean_number(part[: found.start()] if found else part, region)
        if number:
            numbers[number] = None
            extension = extension or (found.group(1) if found else "")
    return Phones(tuple(numbers)[:MAX_PHONES], extension)


def national_digits(number: str) -> str:
    """Return the digits in which a slip of the finger is looked for."""
    return number.lstrip("+" + UNVERIFIED).removeprefix("1")


def _clean_number(text: str, region: str) -> str:
    digits = _NOT_A_DIGIT.sub("", text)
    if len(digits) < MIN_DIGITS or not digits.isascii() or _is_invented(digits):
        return ""
    return _north_american(text, digits, region) or _parsed(text, digits, region)


def _is_invented(digits: str) -> bool:
    return len(set(digits)) <= 2 or any(digits in sequence for sequence in _SEQUENCES)


def _north_american(text: str, digits: str, region: str) -> str:
    """Return plain numbers of the US and Canada at once: phonenumbers takes 60 µs for each."""
    has_country_code = len(digits) == 11 and digits.startswith("1")
    if region not in _NORTH_AMERICA or (text.strip().startswith("+") and not has_country_code):
        return ""
    national = digits[1:] if has_country_code else digits
    return "+1" + national if len(national) == 10 else ""


def _parsed(text: str, digits: str, region: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
        if phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        pass  # what cannot be read is kept as digits
    return UNVERIFIED + digits[-UNVERIFIED_DIGITS:]
