"""Follow every link of every page, as a person and as htmx would."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from blueprints.guards import WRITING_GETS
from tests.blueprints.support import htmx_headers
from tests.security.house import House

Fields = list[tuple[str, str]]
Kind = tuple[str, frozenset[str], bool]


@dataclass
class Form:
    """A form that posts: where to, and what it would send with everything ticked."""

    action: str
    fields: Fields = field(default_factory=list)


class _Page(HTMLParser):
    """Collects links and forms of one page."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self.links: list[tuple[str, bool]] = []
        self.forms: list[Form] = []
        self._by_id: dict[str, Form] = {}
        self._loose: list[tuple[str, str, str]] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in ("href", "hx-get"):
            if given.get(name):
                self.links.append((urljoin(self._address, given[name]), name == "hx-get"))
        if tag == "form":
            self._is_inside = True
            form = Form(urljoin(self._address, given.get("action", "")))
            if given.get("method", "").lower() == "post":
                self.forms.append(form)
                self._by_id[given.get("id", "")] = form
            else:
                self._is_inside = False
        elif given.get("name"):
            if given.get("form"):
                self._loose.append((given["form"], given["name"], given.get("value", "")))
            elif self._is_inside:
                self.forms[-1].fields.append((given["name"], given.get("value", "")))
            if tag == "button" and given.get("formaction"):
                action = urljoin(self._address, given["formaction"])
                self.forms.append(Form(action, [(given["name"], given.get("value", ""))]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False

    def close(self) -> None:
        super().close()
        for form_id, name, value in self._loose:
            if form_id in self._by_id:
                self._by_id[form_id].fields.append((name, value))


@dataclass(frozen=True)
class Seen:
    """One answer to a GET. `is_fragment`: htmx asked."""

    address: str
    is_fragment: bool
    answer: TestResponse

    def forms(self) -> list[Form]:
        """Return the forms of the page that post."""
        return _read(self).forms


def crawl(house: House, person: str | None, starts: list[str], *, alike: int = 2) -> Iterator[Seen]:
    """Open the pages and whatever they lead to within the site; what writes by GET is left out.

    Of one view with the same names in its address at most `alike` pages are opened.
    """
    browser = house.browser(person)
    waiting = deque((start, False) for start in starts)
    known: set[str] = set()
    kinds: Counter[Kind] = Counter()
    while waiting:
        address, is_fragment = waiting.popleft()
        kind = _kind(house, address, is_fragment)
        if address in known or kind is None or kinds[kind] >= alike:
            continue
        known.add(address)
        kinds[kind] += 1
        headers = htmx_headers("/customers") if is_fragment else {}
        seen = Seen(address, is_fragment, browser.get(address, headers=headers))
        yield seen
        if seen.answer.mimetype == "text/html":
            waiting.extend(_read(seen).links)


def _read(seen: Seen) -> _Page:
    page = _Page(seen.address)
    page.feed(seen.answer.text)
    page.close()
    return page


def _kind(house: House, address: str, is_fragment: bool) -> Kind | None:
    """Return what pages are alike by; None for what is no page of ours."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return None
    try:
        endpoint, _ = house.app.url_map.bind("localhost").match(parts.path, "GET")
    except HTTPException:
        return None
    if endpoint in WRITING_GETS | {"static"}:
        return None
    names = frozenset(name for name, _ in parse_qsl(parts.query))
    return str(endpoint), names, is_fragment
