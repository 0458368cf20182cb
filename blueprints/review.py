"""The list behind the number: filtered, ordered by name, paged by key."""

from __future__ import annotations

from typing import Any

from flask import request

from blueprints.addresses import public_id
from blueprints.guards import get_runtime
from blueprints.provider_page import Notice, is_standing, kept_notice, load_page
from services.connections import NotConnected
from services.providers.contract import ProviderKey
from services.remote_lists import RowFilter, search


def load_context(provider: ProviderKey, *, notice: Notice | None = None) -> dict[str, Any]:
    """Read what the list's templates show. Raises NotConnected."""
    page = load_page(provider, is_opened=True)
    if page.connection is None or not is_standing(page.connection):
        raise NotConnected
    show, after = _shown(), public_id(request.values.get("after"))
    with get_runtime().sessions() as session:
        rows = search(session, page.connection.account_id, show=show, after=after)
    return {
        "page": page,
        "rows": rows,
        "show": show,
        "after": after,
        "notice": notice or kept_notice(),
    }


def place() -> tuple[str, str | None]:
    """Return the filter and the key of the page that a form was sent from."""
    return _shown().value, public_id(request.values.get("after"))


def _shown() -> RowFilter:
    """Return the filter; an unknown word shows the unsynced."""
    text = request.values.get("show", "")
    return RowFilter(text) if text in set(RowFilter) else RowFilter.UNSYNCED
