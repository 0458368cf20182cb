"""What a page is as a browser parses it: its faults, and what it loads at once."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator

import html5lib
from flask import Flask

from tests.security.crawling import Seen

_FILE = re.compile(r"(?:src|href)=\"/static/([\w./-]+)")
#: What people write may hold any character; the standard dislikes some and shows them all the same.
_OF_TEXTS = "invalid-codepoint"
#: As the answers are packed, see blueprints/compression.py.
LEVEL = 6


def html_faults(seen: Seen) -> Iterator[str]:
    """Yield what the HTML standard calls a parse error, and ids that are there twice."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parse = parser.parseFragment if seen.is_fragment else parser.parse
    tree = parse(seen.answer.text)
    for (line, column), code, _ in parser.errors:
        if code != _OF_TEXTS:
            yield f"{seen.address} {line}:{column} {code}"
    ids = Counter(element.get("id") for element in tree.iter() if element.get("id"))
    for name, times in ids.items():
        if times > 1:
            yield f"{seen.address} id {name} {times} times"


def packed_bytes(seen: Seen) -> int:
    """Count the bytes of the answer as it is sent."""
    return len(gzip.compress(seen.answer.data, LEVEL))


def files_of(text: str) -> set[str]:
    """Return the static files that a page loads: style, scripts, icons."""
    return set(_FILE.findall(text))


def packed_file_bytes(app: Flask, name: str) -> int:
    """Ask for a static file as a browser does and count the bytes that come."""
    with app.test_client() as client:
        path = f"/static/{name}"
        answer = client.get(path, headers={"Accept-Encoding": "gzip"}, buffered=True)
        assert answer.status_code == 200, path
        return len(answer.data)
