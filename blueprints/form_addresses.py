"""Addresses that only take forms, opened as a page: after a refused form they stand in the browser.

Whoever goes there again (reload, a bookmark, the way back from a question) gets the page that the
form stands on: the nearest one above the address. Programs and fragments are told the truth, 405.
"""

from __future__ import annotations

from flask import Flask, current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from blueprints.error_pages import answer_http_error
from blueprints.htmx import is_htmx


def register(app: Flask) -> None:
    """Lead from the addresses of forms to their pages."""
    app.register_error_handler(MethodNotAllowed, _lead_to_page)


def _lead_to_page(error: MethodNotAllowed) -> ResponseReturnValue:
    page = _page_above(request.path)
    if request.method not in ("GET", "HEAD") or is_htmx() or page is None:
        return answer_http_error(error)
    return redirect(page, 303)


def _page_above(path: str) -> str | None:
    pages = current_app.url_map.bind("")
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        try:
            pages.match(path, method="GET")
        except HTTPException:
            continue
        return path
    return None
