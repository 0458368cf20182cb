"""Watches pages: scripts that fail, rules of the page that are broken, strangers that are asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Request

# A page that tells the truth in its status is not at fault; Chromium reports it all the same.
HONEST_STATUS = re.compile(
    r"Failed to load resource: the server responded with a status of (401|403|404|409|410|422|503) "
)
OWN_HOST = "127.0.0.1"


class Watch:
    """Remembers what the pages of one test asked for and what went wrong in them."""

    HAS_FAILED = pytest.StashKey[bool]()

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.forgiven: tuple[str, ...] = ()
        self._contexts: list[BrowserContext] = []

    def observe(self, context: BrowserContext) -> None:
        """Listen to every page of a browser context."""
        self._contexts.append(context)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("request", self._note_request)

    def forgive(self, *beginnings: str) -> None:
        """Expect console errors that begin so; only for a test that causes them on purpose."""
        self.forgiven = beginnings

    def asked_for(self, part: str) -> list[str]:
        """Return the requests so far whose address holds the part."""
        return [line for line in self.requests if part in line]

    def complain(self) -> None:
        """Fail the test when anything went wrong."""
        assert not self.faults, "\n".join(self.faults)

    def take_pictures(self, folder: Path) -> Iterator[str]:
        """Keep what a failed test saw, and say where."""
        pages = [page for context in self._contexts for page in context.pages]
        for number, page in enumerate(pages):
            path = folder / f"page-{number}.png"
            page.screenshot(path=path)
            yield f"{page.url} is pictured in {path}"

    def _note_console(self, message: ConsoleMessage) -> None:
        text = message.text
        if message.type != "error" or HONEST_STATUS.match(text):
            return
        if not text.startswith(self.forgiven or ("\0",)):
            self.faults.append(text)

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self.requests.append(f"{request.method} {request.url}")
        if parts.scheme not in ("data", "blob") and parts.hostname != OWN_HOST:
            self.faults.append(f"asked a stranger: {request.url}")
