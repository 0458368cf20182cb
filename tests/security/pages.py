"""What may stand in a page, a mail or a file, whatever texts were put into it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

from tests.security.hostile import COMPUTED, MARK
from tests.test_architecture import ROOT

_VOID = frozenset(["area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"])
_ADDRESSES = frozenset({"href", "src", "action", "formaction", "hx-get", "hx-post", "poster"})
#: Where the direction of a text cannot reach beyond it.
_ISOLATING = frozenset({"bdi", "option", "title", "textarea", "pre"})
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?[\d.,]+")


def _templates() -> str:
    pages = (path for path in (ROOT / "templates").rglob("*.html"))
    return "".join(path.read_text("utf-8") for path in pages)


TAGS = frozenset(re.findall(r"<([a-z][a-z0-9]*)", _templates()))
_BARE = "open|checked|selected|hidden|required|disabled|autofocus|novalidate|defer|multiple"
ATTRIBUTES = frozenset(
    name.lower()
    for pattern in (r"[\s}\"]([A-Za-z][\w:-]*)=", rf"\s({_BARE}|readonly|nowrap|data-[\w-]+)\b")
    for name in re.findall(pattern, _templates())
)


class _Checker(HTMLParser):
    """Notes every element and attribute that no template of ours has."""

    def __init__(self, *, is_mail: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.loose: list[str] = []
        self._is_mail = is_mail
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS or tag in {"iframe", "object", "embed", "base"}:
            self.faults.append(f"<{tag}>")
        if tag not in _VOID:
            self._open.append(tag)
        names = [name for name, _ in attrs]
        if tag == "script" and not (dict(attrs).get("src") or "").startswith("/static/"):
            self.faults.append("<script> without a file of ours")
        for name, value in attrs:
            # Mails get theirs from a program that writes the stylesheet into the elements.
            is_known = name in ATTRIBUTES - {"style"} or (name == "style" and self._is_mail)
            if not is_known or name.startswith("on") or names.count(name) > 1:
                self.faults.append(f"<{tag} {name}>")
            if name in _ADDRESSES and urlsplit(value or "").scheme not in (
                "",
                "http",
                "https",
                "mailto",
            ):
                self.faults.append(f"<{tag} {name}={value!r}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.faults.append(f"<!--{data}-->")

    def handle_data(self, data: str) -> None:
        if MARK in data and not _ISOLATING & set(self._open):
            self.loose.append(" ".join(data.split())[:80])
        if self._open and self._open[-1] in ("script", "style") and MARK in data:
            self.faults.append(f"inside <{self._open[-1]}>")


def faults_of(html: str, *, is_mail: bool = False) -> list[str]:
    """Return what stands in the page that no template of ours wrote."""
    checker = _Checker(is_mail=is_mail)
    checker.feed(html)
    checker.close()
    computed = ["worked out"] if COMPUTED in html else []
    return checker.faults + computed


def loose_texts(html: str) -> list[str]:
    """Return the planted texts that could turn the words around them about."""
    checker = _Checker(is_mail=False)
    checker.feed(html)
    checker.close()
    return checker.loose


def formulas_of(text: str) -> Iterator[str]:
    """Yield the cells of a file that a spreadsheet would work out."""
    for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"))):
        for cell in line:
            if cell.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(cell):
                yield cell
