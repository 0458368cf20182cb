"""Keys under which names are sorted, and the text that a search looks into; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

SORT_KEY_CHARACTERS = 200
#: A text of digits and what stands between them is a phone number from so many digits on.
MIN_PHONE_DIGITS = 3
WHOLE_PHONE_DIGITS = 7
#: From so many digits on a number may hold a country code or a leading zero that the stored one
#: has not, and only its end is searched for.
LONG_PHONE_DIGITS, PHONE_END_DIGITS = 10, 9
#: More than the characters of any list of customers, and about a megabyte.
KNOWN_CHARACTERS_MAX = 10_000

_PHONE = re.compile(r"[\d\s().+/\-]+")
_NOT_DIGITS = re.compile(r"[^0-9]+")
#: Letters that Unicode does not take apart into a letter and an accent, and signs that look alike.
_PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ŋ": "n", "ı": "i", "þ": "th"}
    | {"æ": "ae", "œ": "oe"}
    | dict.fromkeys("’‘ʼ`´", "'")
    | dict.fromkeys("‐‑–—−", "-")
)
_INVISIBLE = dict.fromkeys(
    map(ord, "\0\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff")
)


class _SearchedAs(dict[int, str]):
    """What each character is in a search, worked out when it is met first: no neighbour matters."""

    def __missing__(self, code: int) -> str:
        seen = chr(code).translate(_INVISIBLE).casefold().translate(_PLAIN_LETTERS)
        taken_apart = unicodedata.normalize("NFKD", seen).casefold().translate(_PLAIN_LETTERS)
        letters = "".join(each for each in taken_apart if not unicodedata.combining(each))
        if len(self) < KNOWN_CHARACTERS_MAX:
            self[code] = letters
        return letters


_SEARCHED_AS = _SearchedAs()


def sort_key(name: str) -> str:
    """Return the key that lists are ordered by: case and width make no difference."""
    return fold(name)[:SORT_KEY_CHARACTERS]


def fold(text: str) -> str:
    """Return the text with case, width and runs of blanks made equal."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def search_fold(text: str) -> str:
    """Return the text as a search sees it: case, width, accents and blanks make no difference.

    "Łukasz" is "lukasz", "Straße" is "strasse"; marks that show nothing are left out. What
    matching takes for the same letter is its own rule (services/matching/words.py).
    """
    if text.isascii():
        return " ".join(text.replace("\0", "").lower().split())
    return " ".join(text.translate(_SEARCHED_AS).split())


def search_text(*parts: str | None, phone: str = "", other_phones: Iterable[str] = ()) -> str:
    """Return the text that a search looks into: a line for each part, folded.

    A phone number is its digits, and its words where it has any. What stands within another line
    already is left out: a search reads the texts of everybody.
    """
    given = [part for part in parts if part]
    phones = [text for text in (phone, *other_phones) if text]
    lines = dict.fromkeys(map(search_fold, given))
    lines |= {search_fold(text): None for text in phones if phone_digits(text) is None}
    lines |= {_digits(text): None for text in (*phones, *filter(phone_digits, given))}
    whole = "\n".join(lines)
    # No line holds a line break, so one that stands there twice is a part of another.
    return "\n".join([line for line in lines if whole.count(line) == 1])


def searched_texts(query: str) -> tuple[str, ...]:
    """Return what to look for, any of them: the query folded, and a phone number's digits.

    Nothing for a query without a visible character.
    """
    wanted = search_fold(query)
    digits = phone_digits(query)
    if digits is not None and len(digits) >= LONG_PHONE_DIGITS:
        digits = digits[-PHONE_END_DIGITS:]
    if digits is not None and len(digits) >= WHOLE_PHONE_DIGITS:
        # Looking for two texts takes longer, and a number this long is meant as one.
        return (digits,)
    return tuple(dict.fromkeys(filter(None, (digits, wanted))))


def phone_digits(text: str) -> str | None:
    """Return the digits of a phone number written any way, None where the text is not only that."""
    if not _PHONE.fullmatch(text):
        return None
    digits = _digits(text)
    return digits if len(digits) >= MIN_PHONE_DIGITS else None


def _digits(text: str) -> str:
    if text.isascii():
        return _NOT_DIGITS.sub("", text)
    return "".join(str(unicodedata.decimal(each)) for each in text if each.isdecimal())
