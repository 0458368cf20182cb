"""Every answer of the application, held against the canaries and the texts of other companies.

The sandbox is not watched: it gives tokens, as the providers do.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Flask, Response, current_app, g, request, request_finished

from tests.canaries import find_secret
from tests.made_secrets import note
from tests.owned_texts import owners_named, texts_of_others

TEXTS = ("text/html", "text/csv", "text/plain", "application/json", "")
SHORTEST = 8
#: A field for a password that comes filled in, with whatever.
_FILLED = re.compile(r'<input\b(?=[^>]*type="password")[^>]*\bvalue="[^"][^>]*>')


def watch(leaks: list[str]) -> None:
    """Look at every answer from now on; what leaks is put into the list."""

    def look(sender: Flask, *, response: Response, **_more: Any) -> None:
        is_text = response.mimetype in TEXTS and not response.direct_passthrough
        if "runtime" not in sender.extensions or not is_text or response.content_encoding:
            return
        watched = _Watched(leaks)
        watched.look(str(response.headers))
        if response.is_streamed:
            response.response = watched.pass_on(response.response)
        else:
            watched.look(response.get_data(as_text=True))

    request_finished.connect(look, weak=False)


class _Watched:
    """One answer. What its request itself brought is nothing told, but for a password."""

    def __init__(self, leaks: list[str]) -> None:
        who, form = g.get("who"), request.__dict__.get("form") or {}
        self._leaks = leaks
        self._where = f"{request.method} {request.path}"
        self._company_id: int | None = who.company_id if who else None
        view = current_app.view_functions.get(request.endpoint or "")
        self._is_public = getattr(view, "is_public", False)
        self._typed = "\n".join([request.full_path, *form.values()])
        self._passwords = _passwords_of(form)
        note(*self._passwords)

    def pass_on(self, chunks: Iterable[bytes | str]) -> Iterator[bytes]:
        """Hand on what is streamed, and look at it once it has ended."""
        kept = []
        try:
            for chunk in chunks:
                kept.append(chunk if isinstance(chunk, bytes) else chunk.encode())
                yield kept[-1]
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
            self.look(b"".join(kept).decode("utf-8", "replace"))

    def look(self, text: str) -> None:
        """Write down what must not stand in a text that is shown to whoever asked."""
        found = find_secret(text) or next((one for one in self._passwords if one in text), None)
        filled = _FILLED.search(text) if 'type="password"' in text else None
        found = found or (filled and filled[0]) or self._find_foreign(html.unescape(text))
        if found:
            self._leaks.append(f"{found!r} in the answer to {self._where}")

    def _find_foreign(self, text: str) -> str | None:
        if self._company_id is None or self._is_public:
            # Whoever has the link of a page is told whose page it is, and who is signed in.
            owners = owners_named(text) - {self._company_id}
            return f"texts of companies {sorted(owners)}" if len(owners) > 1 else None
        foreign = texts_of_others(self._company_id)
        return next((one for one in foreign if one in text and one not in self._typed), None)


def _passwords_of(form: Mapping[str, str]) -> list[str]:
    """Return what was typed as a password and nowhere else."""
    others = "\n".join(value for name, value in form.items() if "password" not in name)
    typed = (value for name, value in form.items() if "password" in name)
    return [value for value in typed if len(value) >= SHORTEST and value not in others]
