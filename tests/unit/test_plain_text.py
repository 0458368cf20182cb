"""Lines that read as they are written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.plain_text import plain_line, without_marks


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Nell   Harrow ", "Nell Harrow"),
        ("Nell\r\nBcc: mel@example.com", "Nell Bcc: mel@example.com"),
        ("Nell\u2028Harrow\x85", "Nell Harrow"),
        ("\u202emoc.elpmaxe@lleN", "moc.elpmaxe@lleN"),
        ("a\u2066b\u2069c\u200ed\ufeffe\u061cf", "abcdef"),
        ("Ne\x00ll\x1b[31m", "Nell[31m"),
        ("\ud800Nell", "Nell"),
        ("👩\u200d🔧 Nell", "👩\u200d🔧 Nell"),
        ("\u200b\u200b", ""),
        ("", ""),
    ],
)
def test_a_line_shows_what_it_holds(text: str, line: str) -> None:
    assert plain_line(text, 100) == line


def test_a_long_text_is_cut_with_a_mark() -> None:
    assert plain_line("x" * 10_000, 20) == "x" * 19 + "…"
    assert plain_line("x" * 20, 20) == "x" * 20


@given(st.text(st.characters(), max_size=60), st.integers(1, 30))
def test_nothing_invisible_is_left(text: str, most: int) -> None:
    line = plain_line(text, most)

    assert len(line) <= most
    categories = {unicodedata.category(letter) for letter in line if letter not in "\u200c\u200d"}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert line.encode() is not None


@given(st.text(st.characters(), max_size=60))
def test_lines_and_blanks_stay_where_marks_go(text: str) -> None:
    plain = without_marks(text)

    categories = {unicodedata.category(c) for c in plain if c not in "\n\u200c\u200d"}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert plain.count("\n") == text.count("\n")


def test_a_plain_text_is_left_alone() -> None:
    text = "  Nell Harrow\n\n  Łódź, 1 Quay: 👩\u200d🔧\n"

    assert without_marks(text) == text
