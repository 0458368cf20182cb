"""Where in the list of a review somebody is; all of it stands in the address of the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from blueprints.addresses import public_id
from services.providers.contract import ProviderKey
from services.review_query import MAX_SEARCH_CHARACTERS, ReviewQuery, RowFilter, RowSort

MATCHING = "matching"
Arguments = dict[str, Any]
Member = TypeVar("Member", RowFilter, RowSort)


@dataclass(frozen=True, slots=True)
class Place:
    """A filter, a search, an order and a page; who is compared, and whether all are selected.

    Its properties and methods return the arguments of the address of a neighbouring place.
    """

    query: ReviewQuery = field(default_factory=ReviewQuery)
    sort: RowSort = RowSort.BALANCE
    after: str | None = None
    compare: str | None = None
    selects_matching: bool = False

    @property
    def first_page(self) -> Arguments:
        """Return what leads to the first page, nobody compared and nobody selected."""
        show = self.query.show
        return {
            "show": None if show is RowFilter.UNSYNCED else show.value,
            "q": self.query.text or None,
            "sort": None if self.sort is RowSort.BALANCE else self.sort.value,
        }

    @property
    def here(self) -> Arguments:
        """Return what leads to this page, nobody compared and nobody selected."""
        return self.first_page | {"after": self.after}

    @property
    def whole(self) -> Arguments:
        """Return what leads to just what is shown."""
        selected = MATCHING if self.selects_matching else None
        return self.here | {"selected": selected, "compare": self.compare}

    def comparing(self, row: str | None) -> Arguments:
        """Return what leads to the comparison of one more row, or of nobody."""
        return self.whole | {"compare": row}

    def selecting(self) -> Arguments:
        """Return what leads to the first page with all that match selected."""
        return self.first_page | {"selected": MATCHING}

    def paged(self, after: str | None) -> Arguments:
        """Return what leads to the page after a row."""
        return self.whole | {"after": after, "compare": None}

    def filtered(self, show: str, *, row: str | None = None) -> Arguments:
        """Return what leads to another filter with the same search and order."""
        shown = None if show == RowFilter.UNSYNCED else str(show)
        return self.first_page | {"show": shown, "compare": row}

    def unsearched(self) -> Arguments:
        """Return what leads to the filter without the search."""
        return self.first_page | {"q": None}


def asked_place() -> Place:
    """Read the place from the address or the form; what cannot be one is the beginning."""
    return _read(request.values)


def asked_query() -> ReviewQuery:
    """Return the filter and the search that a form names."""
    return _query(request.values)


def place_address(provider: ProviderKey, place: Place) -> str:
    """Return the address of the page that shows the place, at the row that is compared."""
    anchor = f"row-{place.compare}" if place.compare else None
    return url_for("review.show", provider=provider, **place.whole, _anchor=anchor)


def place_before() -> Place | None:
    """Return the place that the page shows from which htmx asked."""
    try:
        before = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return None
    return _read(MultiDict(parse_qs(before.query)))


def is_typed_on(before: Place | None, place: Place) -> bool:
    """Say whether the two differ in nothing but the letters of the search.

    Whoever types on stays at one step of the browser's history.
    """
    if before is None or not before.query.text or not place.query.text:
        return False
    return before.unsearched() == place.unsearched()


def _read(values: MultiDict[str, str]) -> Place:
    return Place(
        query=_query(values),
        sort=_member(RowSort, values.get("sort", ""), RowSort.BALANCE),
        after=public_id(values.get("after")),
        compare=public_id(values.get("compare")),
        selects_matching=values.get("selected") == MATCHING,
    )


def _query(values: MultiDict[str, str]) -> ReviewQuery:
    """Return what is looked for; no database is asked for a character zero."""
    show = _member(RowFilter, values.get("show", ""), RowFilter.UNSYNCED)
    text = values.get("q", "").replace("\0", "").strip()
    return ReviewQuery(show, text[:MAX_SEARCH_CHARACTERS])


def _member(kind: type[Member], text: str, otherwise: Member) -> Member:
    return kind(text) if text in set(kind) else otherwise
