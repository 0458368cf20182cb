"""Who is asking: htmx for a fragment, or a browser for a page."""

from __future__ import annotations

from flask import request


def is_htmx() -> bool:
    """Say whether the answer will be swapped into a page that is already there."""
    return request.headers.get("HX-Request") == "true"
