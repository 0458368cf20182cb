"""What the list of a review shows: a page of rows, the counts, who is compared, what is planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blueprints.guards import get_runtime
from blueprints.htmx import next_wait_ms
from blueprints.provider_page import Notice, ProviderPage, is_standing, kept_notice, load_page
from blueprints.review_place import Place, asked_place
from models import Bin, RemoteState
from services.comparison import Comparison, compare_row
from services.connections import NotConnected
from services.customer_import import NothingChosen
from services.decisions import ListChanged
from services.import_request import ImportPlan, ImportRepeated, ImportRequest, plan_import
from services.providers.contract import ProviderKey
from services.remote_lists import FilterCounts, RowPage, count_rows, search
from services.review_query import Meant, ReviewQuery, RowFilter, RowSort

CHIPS = (
    (RowFilter.UNSYNCED, "All"),
    (RowFilter.NEW, "New"),
    (RowFilter.SAME, "Same"),
    (RowFilter.MAYBE, "Maybe"),
    (RowFilter.NO_EMAIL, "No e-mail"),
    (RowFilter.OPEN_BALANCE, "Open balance"),
    (RowFilter.FAILED, "Failed"),
    (RowFilter.IGNORED, "Ignored"),
    (RowFilter.ARCHIVED, "Archived"),
    (RowFilter.SUB_CUSTOMERS, "Sub-customers"),
    (RowFilter.SUPPLIERS, "Suppliers"),
)
#: Not every accounting software knows them, so they are offered where there are some.
ONLY_WHERE_SOME = frozenset({RowFilter.SUB_CUSTOMERS, RowFilter.SUPPLIERS})
LEFT_OUT = frozenset({RowFilter.ARCHIVED, RowFilter.SUB_CUSTOMERS, RowFilter.SUPPLIERS})
SORTS = (
    (RowSort.BALANCE, "Open balance, highest first"),
    (RowSort.NAME, "Name"),
    (RowSort.NEWEST, "Newest here first"),
)


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter with how many it would show."""

    show: RowFilter
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class OpenComparison:
    """The row that is compared. `number` of `total` Maybe rows, 0 where that is not known."""

    view: Comparison
    is_on_page: bool
    number: int = 0
    total: int = 0
    next_id: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """The list at one place. `plan` is what an import of all that match would do."""

    place: Place
    page: RowPage
    counts: FilterCounts
    chips: tuple[Chip, ...]
    reading: str
    can_select: bool
    compared: OpenComparison | None = None
    plan: ImportPlan | None = None

    @property
    def is_ignored(self) -> bool:
        return self.place.query.show is RowFilter.IGNORED

    @property
    def is_left_out(self) -> bool:
        return self.place.query.show in LEFT_OUT


def load_context(
    provider: ProviderKey, *, notice: Notice | None = None, place: Place | None = None
) -> dict[str, Any]:
    """Read what the list's templates show. Raises NotConnected or UnknownRemoteCustomer."""
    page = load_page(provider, is_opened=True, with_rows=False)
    if page.connection is None or not is_standing(page.connection):
        raise NotConnected
    return {
        "page": page,
        "review": _review(page, page.connection.account_id, place or asked_place()),
        "sorts": SORTS,
        "notice": notice or kept_notice(),
        "wait_ms": next_wait_ms(),
    }


def count_waiting(provider: ProviderKey) -> tuple[ProviderPage, FilterCounts]:
    """Read how many are not compared yet. Raises NotConnected."""
    page = load_page(provider)
    if page.connection is None or not is_standing(page.connection):
        raise NotConnected
    with get_runtime().sessions() as session:
        return page, count_rows(session, page.connection.account_id)


def _review(page: ProviderPage, account_id: int, place: Place) -> Review:
    with get_runtime().sessions() as session:
        counts = page.bins or count_rows(session, account_id)
        rows = search(
            session,
            account_id,
            query=place.query,
            sort=place.sort,
            after=place.after,
            counts=counts,
        )
    reading = page.alert.last_known.public_id if page.alert.last_known else ""
    can_select = page.alert.summary is not None and place.query.show not in LEFT_OUT
    return Review(
        place=place,
        page=rows,
        counts=counts,
        chips=_chips(counts, place),
        reading=reading,
        can_select=can_select,
        compared=_compared(account_id, place, rows) if place.compare else None,
        plan=_plan(account_id, place, rows, reading) if place.selects_matching else None,
    )


def _chips(counts: FilterCounts, place: Place) -> tuple[Chip, ...]:
    chips = (Chip(show, label, counts.of(show)) for show, label in CHIPS)
    return tuple(
        chip
        for chip in chips
        if chip.count or chip.show not in ONLY_WHERE_SOME or chip.show is place.query.show
    )


def _compared(account_id: int, place: Place, rows: RowPage) -> OpenComparison | None:
    """Return the comparison, and who is the next to be compared; none for the decided."""
    assert place.compare is not None
    with get_runtime().sessions() as session:
        view = compare_row(session, account_id, place.compare)
        if view.row.state is not RemoteState.UNSYNCED:
            return None
        is_on_page = any(row.public_id == place.compare for row in rows.rows)
        if view.row.bin is not Bin.MAYBE:
            return OpenComparison(view, is_on_page)
        query = ReviewQuery(RowFilter.MAYBE, place.query.text)
        maybes = search(session, account_id, query=query, sort=place.sort, after=None)
    ids = [row.public_id for row in maybes.rows]
    number = ids.index(place.compare) + 1 if place.compare in ids else 0
    following = ids[number:] + ids[: max(number - 1, 0)]
    next_id = next((row for row in following if row != place.compare), None)
    return OpenComparison(view, is_on_page, number, maybes.total, next_id)


def _plan(account_id: int, place: Place, rows: RowPage, reading: str) -> ImportPlan | None:
    """Return what an import of all that match would do; none where none could start."""
    meant = Meant(matching=place.query, reading=reading, count=rows.total)
    runtime = get_runtime()
    with runtime.sessions() as session:
        try:
            return plan_import(session, account_id, ImportRequest(meant), now=runtime.clock())
        except (ImportRepeated, ListChanged, NothingChosen):
            return None
