"""Nothing is changed by a form that another site sent, whatever tokens it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import current_app, request

# What browsers say about who sent a request (w3.org/TR/fetch-metadata, read 2026-11-23). Programs
# and old browsers say nothing. Same-site is not same-origin: a sibling host is a stranger here.
OWN = frozenset({"same-origin", "none", ""})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class SentFromElsewhere(Exception):
    """The page that sent the form is not ours."""


def from_anywhere(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Let the view be posted to from other sites: what is in its address is the permission."""
    view.is_from_anywhere = True  # type: ignore[attr-defined]
    return view


def refuse_other_sites() -> None:
    """Raise SentFromElsewhere where the browser says that another site sent the form."""
    if request.method in READING or request.headers.get("Sec-Fetch-Site", "") in OWN:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, "is_from_anywhere", False):
        raise SentFromElsewhere
