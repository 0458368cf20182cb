"""Make a line of text out of whatever stands in a customer's field; pure."""

from __future__ import annotations

import unicodedata

CUT_MARK = "…"
#: Joiners belong to Persian, to Indian scripts and to emoji; every other invisible mark may go.
_JOINERS = "\u200c\u200d"
#: Letters and symbols that show nothing: Hangul fillers and the empty Braille cell.
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"


def plain_line(text: str, max_characters: int) -> str:
    """Return one line that reads as it is written: no control or direction marks, cut with "…".

    A direction mark could show an address backwards; a line break could look like a line of
    ours.
    """
    if not text.isprintable():
        text = "".join(map(_plain, text))
    text = " ".join(text.split())
    if len(text) > max_characters:
        return text[: max_characters - 1].rstrip() + CUT_MARK
    return text


def without_marks(text: str) -> str:
    """Return the text without control and direction marks; its lines and blanks stay."""
    return "".join(
        character if character.isprintable() or character == "\n" else _plain(character)
        for character in text
    )


def has_visible(text: str) -> bool:
    """Say whether anything of the text can be seen: blanks, fillers and lone accents cannot."""
    return any(unicodedata.category(c)[0] not in "CMZ" and c not in _FILLERS for c in text)


def _plain(character: str) -> str:
    if character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp") or character in "\t\n\v\f\r\x85":
        return " "
    return "" if category in ("Cc", "Cf", "Cs", "Co", "Cn") else character
