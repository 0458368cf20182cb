"""The list behind the number: filtered, searched, ordered by name, paged by key."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from blueprints.addresses import public_id
from blueprints.guards import get_runtime
from blueprints.provider_page import Notice, is_standing, kept_notice, load_page
from services.connections import NotConnected
from services.import_request import plan_all
from services.providers.contract import ProviderKey
from services.remote_lists import search
from services.review_query import MAX_SEARCH_CHARACTERS, ReviewQuery, RowFilter, RowSort


def load_context(provider: ProviderKey, *, notice: Notice | None = None) -> dict[str, Any]:
    """Read what the list's templates show. Raises NotConnected."""
    page = load_page(provider, is_opened=True)
    if page.connection is None or not is_standing(page.connection):
        raise NotConnected
    account_id = page.connection.account_id
    show, query, after = _shown(), _query(), public_id(request.values.get("after"))
    with get_runtime().sessions() as session:
        rows = search(
            session,
            account_id,
            query=ReviewQuery(show, query),
            sort=RowSort.NAME,
            after=after,
        )
        plan = plan_all(session, account_id)
    return {
        "page": page,
        "rows": rows,
        "show": show,
        "query": query,
        "after": after,
        "plan": plan,
        "notice": notice or kept_notice(),
    }


def address(provider: ProviderKey) -> str:
    """Return the address of the place in the list that a form was sent from."""
    after = public_id(request.values.get("after"))
    return url_for(
        "unsynced.show_list",
        provider=provider,
        show=_shown().value,
        q=_query() or None,
        after=after,
    )


def _shown() -> RowFilter:
    """Return the filter; an unknown word shows the unsynced."""
    text = request.values.get("show", "")
    return RowFilter(text) if text in set(RowFilter) else RowFilter.UNSYNCED


def _query() -> str:
    """Return what is searched for; no database is asked for a character zero."""
    return request.values.get("q", "").replace("\0", "").strip()[:MAX_SEARCH_CHARACTERS]
