"""Keeps the user's guide and the pictures of all documents in step with the pages."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from services.sentences import FAILURES
from tests.pictures.documents import FOLDER, PICTURES

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
TEMPLATES = [path.read_text("utf-8") for path in sorted((ROOT / "templates").rglob("*.html"))]
CODE = "".join(path.read_text("utf-8") for path in (ROOT / "blueprints").glob("*.py"))
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
MOST_BYTES = 150_000
#: Statements and expressions of a template, each as one sign.
IF, ELSE, END, ANYTHING = "\1\2\3\4"
#: How a name of the template language reads for QuickBooks.
NAMES = {"short_name": "QuickBooks", "name": "QuickBooks", "account_noun": "company"}
#: What people press or choose, with its words as a pattern.
PRESSED = re.compile(r"<(button|a|summary|label)\b[^>]*>(.*?)</\1>", re.S)


def _is_pressed(name: str) -> bool:
    is_a_text = any(f'"{name}"' in text for text in (CODE, *TEMPLATES))
    return is_a_text or any(pattern.fullmatch(name) for pattern in _patterns())


@cache
def _patterns() -> list[re.Pattern[str]]:
    """Return the words of everything that can be pressed; an expression may be a short anything."""
    found = {words for text in TEMPLATES for _, words in PRESSED.findall(_marked(text))}
    whole = [words for words in found if words.count(IF) == words.count(END)]
    return [re.compile(_pattern(words)) for words in whole if re.search("[A-Z]", words)]


def _marked(template: str) -> str:
    """Write statements and expressions as single signs, so that tags can be told from them."""
    text = re.sub(r"\{#.*?#\}", "", template, flags=re.S)
    text = re.sub(r"\{\{ icon\(.*?\) \}\}", "", text)
    text = re.sub(r"\{%-? (?:if|for)\b.*?%\}", IF, text, flags=re.S)
    text = re.sub(r"\{%-? el(?:if|se)\b.*?%\}", ELSE, text, flags=re.S)
    text = re.sub(r"\{%-? end(?:if|for)\b.*?%\}", END, text, flags=re.S)
    return re.sub(r"\{[{%].*?[%}]\}", ANYTHING, text, flags=re.S)


def _pattern(words: str) -> str:
    plain = re.sub(r"<[^>]*>", "", words).replace("&amp;", "&")
    signs = {IF: "(?:", ELSE: "|", END: ")?", ANYTHING: ".{0,15}", " ": r"\s*"}
    return "".join(signs.get(one) or re.escape(one) for one in " ".join(plain.split()))


def _told() -> str:
    """Return every sentence that a page, an error or a failed reading can say."""
    pages = re.sub(r"\{\{ (?:profile\.)?(\w+) \}\}", _named, "\n".join(TEMPLATES))
    failures = "\n".join(words.happened for words in FAILURES.values())
    names = {"provider": "QuickBooks", "account": "company", "customers": "customers"}
    return re.sub(r"<[^>]*>", "", pages) + CODE + failures.format(**names, lost="a field")


def _named(found: re.Match[str]) -> str:
    return NAMES.get(found[1], "")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\*\*(.+?)\*\*", GUIDE))))
def test_what_the_guide_tells_to_press_is_there(name: str) -> None:
    assert _is_pressed(name)


def test_a_button_that_is_nowhere_is_found_out() -> None:
    invented = ("Sync now", "Link selected ones", "Merge these two", "Send")

    assert [name for name in invented if _is_pressed(name)] == []


def test_what_the_guide_says_about_trouble_is_what_pages_say() -> None:
    table = GUIDE.partition("| the page says |")[2].partition("\n\n")[0]
    sentences = [
        line.split(" | ")[0].removeprefix("| ").removeprefix("… ")
        for line in table.splitlines()[2:]
    ]

    told = _told()

    assert len(sentences) > 15
    assert [sentence for sentence in sentences if sentence not in told] == []


def test_every_failure_of_a_reading_is_in_the_guide() -> None:
    names = {"provider": "QuickBooks", "account": "company", "customers": "customers"}
    sentences = [words.happened.format(**names, lost="a field") for words in FAILURES.values()]

    assert [sentence for sentence in sentences if sentence not in GUIDE] == []


def test_every_picture_is_made_shown_and_small() -> None:
    files = {path.stem: path.stat().st_size for path in FOLDER.iterdir()}
    texts = "".join(path.read_text("utf-8") for path in DOCUMENTS)

    shown = re.findall(r"!\[[^\]]+\]\((?:docs/)?pictures/([\w-]+)\.png\)", texts)

    assert set(shown) == set(files) == set(PICTURES)
    assert {name: size for name, size in files.items() if size > MOST_BYTES} == {}
