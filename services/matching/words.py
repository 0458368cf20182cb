"""Makes spellings of one text equal and splits it into words; the same for both lists."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Longer fields are cut first: a name of 10,000 characters is rubbish and would cost seconds.
MAX_CHARACTERS = 200
#: A list repeats its towns and streets; more than these are rarely met again soon.
REMEMBERED = 16_384

_INVISIBLE = dict.fromkeys(
    map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff\u00ad")
)
#: Letters that Unicode does not take apart into a letter and an accent.
_BARRED_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
_ACCENTS = re.compile("[\u0300-\u036f]+")
_SLASHED = re.compile(r"\b([^\W\d_])/([^\W\d_])\b")
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.)+[^\W\d_]\b\.?|\b(?:[^\W\d_]\.){2,}")
_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=REMEMBERED)
def fold(text: str) -> str:
    """Return the text, cut, without differences of case, width, accents and invisible marks."""
    text = text[:MAX_CHARACTERS]
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).casefold()
    if folded.isascii():
        return folded
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", folded.translate(_BARRED_LETTERS)))
    return unicodedata.normalize("NFC", bare)


@lru_cache(maxsize=REMEMBERED)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded; "L.L.C." and "A/S" are one word, "&" is "and"."""
    folded = fold(text)
    if "/" in folded:
        folded = _SLASHED.sub(r"\1\2", folded)
    if "." in folded:
        folded = _DOTTED.sub(lambda match: match.group().replace(".", "") + " ", folded)
        folded = folded.replace(".com", " ")
    folded = folded.replace("'", "").replace("’", "").replace("`", "").replace("&", " and ")
    if folded.isascii():
        return tuple(_WORD.findall(folded))
    return tuple("".join(map(_letter_or_blank, folded)).split())


def joined(text: str) -> str:
    """Return the words of a text as one, so that blanks and hyphens make no difference."""
    return "".join(words_of(text))


def has_digit(word: str) -> bool:
    """Say whether any character is a digit."""
    return not word.isalpha() and any(character.isdigit() for character in word)


def _letter_or_blank(character: str) -> str:
    # Vowel signs of Indian scripts are marks, no letters, and stand inside words.
    is_part = character.isalnum() or unicodedata.category(character).startswith("M")
    return character if is_part else " "
