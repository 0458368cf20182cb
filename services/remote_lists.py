"""Lists of remote customers: filtered, searched, in one of three orders, paged by key.

Of 100,000 unsynced no statement opens the table but for the rows of a page: each order has an
index that holds what the filters ask for, one also the text that is searched
(models/customer.py), and the plans are tested. Measured by benchmarks/review.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    TextClause,
    func,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from models import Bin, RemoteCustomer, RemoteState, WhyUnsynced
from services.database import in_batches
from services.providers.contract import RemoteKind, RemoteStatus
from services.review_counts import FilterCounts as FilterCounts
from services.review_counts import count_rows as count_rows
from services.review_query import ReviewQuery, RowFilter, RowSort
from services.review_rows import ReviewRow, read_rows
from services.text_search import holds_text

PAGE_ROWS = 50
MANY_HITS = 10_000
# Written out, not bound: a database picks a partial index by its literal condition.
IS_UNSYNCED = text("remote_customer.state = 'unsynced'")
NOT_UNSYNCED = text("remote_customer.state <> 'unsynced'")
OTHERS = frozenset(
    {RowFilter.IGNORED, RowFilter.ARCHIVED, RowFilter.SUB_CUSTOMERS, RowFilter.SUPPLIERS}
)
Condition = ColumnElement[bool] | TextClause


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page of a list. `total` matches the query; `next_after` continues, None at the end."""

    rows: tuple[ReviewRow, ...]
    total: int
    next_after: str | None


@dataclass(frozen=True, slots=True)
class _Order:
    """By which columns, the last of them the id, which makes ties stable."""

    key: InstrumentedAttribute[Any]
    is_falling: bool
    index: str


_ORDERS = {
    RowSort.BALANCE: _Order(RemoteCustomer.balance_cents, True, "ix_remote_customer_unsynced"),
    RowSort.NAME: _Order(RemoteCustomer.sort_key, False, "ix_remote_customer_search"),
    RowSort.NEWEST: _Order(RemoteCustomer.first_reading_id, True, "ix_remote_customer_new"),
}
_SEARCH_INDEX, _COUNT_INDEX = "ix_remote_customer_search", "ix_remote_customer_bins"


def review_conditions(account_id: int, query: ReviewQuery) -> list[Condition]:
    """Return what a remote customer has to meet to match the query, the account included.

    For every statement about the list, so that what is decided about "all matching" is what
    the list shows.
    """
    return [
        RemoteCustomer.account_id == account_id,
        *_filter(query.show),
        *holds_text(RemoteCustomer.search_text, query.text),
    ]


def search(
    session: Session,
    account_id: int,
    *,
    query: ReviewQuery,
    sort: RowSort = RowSort.BALANCE,
    after: str | None = None,
    counts: FilterCounts | None = None,
) -> RowPage:
    """Return the page of who matches the query behind the row `after`; page 2,000 costs as page 1.

    With an unknown `after` the first page. `counts`, where they were read already, save counting
    once more.
    """
    order, start = _ORDERS[sort], _start(session, account_id, _ORDERS[sort], after)
    if holds_text(RemoteCustomer.search_text, query.text):
        row_ids, total = _searched(session, account_id, query, order, start)
    else:
        row_ids = _listed(session, account_id, query, order, start, limit=PAGE_ROWS + 1)
        total = _count(session, account_id, query) if counts is None else counts.of(query.show)
    rows = read_rows(session, account_id, row_ids[:PAGE_ROWS])
    return RowPage(rows, total, rows[-1].public_id if rows and len(row_ids) > PAGE_ROWS else None)


def each_row(
    session: Session, account_id: int, *, query: ReviewQuery, sort: RowSort = RowSort.BALANCE
) -> Iterator[ReviewRow]:
    """Yield everybody who matches the query, in its order; the ids are read at once."""
    row_ids = _listed(session, account_id, query, _ORDERS[sort], None, limit=None)
    for batch in in_batches(row_ids):
        yield from read_rows(session, account_id, batch)


def _listed(
    session: Session,
    account_id: int,
    query: ReviewQuery,
    order: _Order,
    start: tuple[Any, int] | None,
    *,
    limit: int | None,
) -> list[int]:
    """Return ids in order, from the index of the order alone where the rows are unsynced."""
    statement = select(RemoteCustomer.id).where(*review_conditions(account_id, query))
    statement = _by_index(statement, query, order.index)
    statement = _ordered(statement, order.key, RemoteCustomer.id, order).limit(limit)
    if start is None:
        return list(session.scalars(statement))
    key, row_id = start
    # Two statements: in 100,000 rows with one balance SQLite would walk from the first of them.
    is_behind = RemoteCustomer.id < row_id if order.is_falling else RemoteCustomer.id > row_id
    found = list(session.scalars(statement.where(order.key == key, is_behind)))
    if limit is None or len(found) < limit:
        is_further = order.key < key if order.is_falling else order.key > key
        found += session.scalars(statement.where(is_further))
    return found[:limit]


def _searched(
    session: Session,
    account_id: int,
    query: ReviewQuery,
    order: _Order,
    start: tuple[Any, int] | None,
) -> tuple[list[int], int]:
    """Return the ids of a page and how many match.

    Every text is read once, unless so many match that keeping them would cost more than finding
    the page in the order of the list.
    """
    matching = select(RemoteCustomer.id, order.key.label("key")).where(
        *review_conditions(account_id, query)
    )
    # Asked for twice, so that both databases keep the result instead of searching again.
    hits = _by_index(matching, query, _SEARCH_INDEX).limit(MANY_HITS + 1).cte("hits")
    total = select(func.count()).select_from(hits).scalar_subquery()
    page = select(hits.c.id, total)
    if start is not None:
        place = tuple_(hits.c.key, hits.c.id)
        page = page.where(place < start if order.is_falling else place > start)
    page = _ordered(page, hits.c.key, hits.c.id, order).limit(PAGE_ROWS + 1)
    rows: Sequence[Row[*tuple[Any, ...]]] = session.execute(page).all()
    # Behind the last of those kept there is no row to tell how many there are.
    count = rows[0][1] if rows else _count(session, account_id, query) if start else 0
    if count <= MANY_HITS:
        return [row_id for row_id, _ in rows], count
    found = _listed(session, account_id, query, order, start, limit=PAGE_ROWS + 1)
    return found, _count(session, account_id, query)


def _ordered(
    statement: Select[Any], key: ColumnElement[Any] | Any, row_id: Any, order: _Order
) -> Select[Any]:
    if order.is_falling:
        return statement.order_by(key.desc(), row_id.desc())
    return statement.order_by(key, row_id)


def _by_index(statement: Select[Any], query: ReviewQuery, index: str) -> Select[Any]:
    """Name the index: without statistics SQLite takes one that makes it open the table."""
    if query.show in OTHERS:
        return statement
    return statement.with_hint(RemoteCustomer, f"INDEXED BY {index}", "sqlite")


def by_counting_index(statement: Select[Any], query: ReviewQuery) -> Select[Any]:
    """Name the index that holds what is counted of those who match the query."""
    is_searched = bool(holds_text(RemoteCustomer.search_text, query.text))
    return _by_index(statement, query, _SEARCH_INDEX if is_searched else _COUNT_INDEX)


def _count(session: Session, account_id: int, query: ReviewQuery) -> int:
    statement = select(func.count()).select_from(RemoteCustomer)
    statement = statement.where(*review_conditions(account_id, query))
    return session.scalar(by_counting_index(statement, query)) or 0


def _start(
    session: Session, account_id: int, order: _Order, after: str | None
) -> tuple[Any, int] | None:
    if after is None:
        return None
    row = session.execute(
        select(order.key, RemoteCustomer.id).where(
            RemoteCustomer.account_id == account_id, RemoteCustomer.public_id == after
        )
    ).first()
    return (row[0], row[1]) if row else None


def _filter(show: RowFilter) -> list[Condition]:
    if show not in OTHERS:
        return [IS_UNSYNCED, *_UNSYNCED[show]]
    if show is RowFilter.IGNORED:
        return [NOT_UNSYNCED, RemoteCustomer.state == RemoteState.IGNORED]
    is_archived = RemoteCustomer.status == RemoteStatus.ARCHIVED.value
    left_out: list[Condition] = [NOT_UNSYNCED, RemoteCustomer.state == RemoteState.LEFT_OUT]
    if show is RowFilter.ARCHIVED:
        return [*left_out, is_archived]
    is_supplier = show is RowFilter.SUPPLIERS
    kind = RemoteKind.SUPPLIER if is_supplier else RemoteKind.SUB_CUSTOMER
    return [*left_out, ~is_archived, RemoteCustomer.kind == kind.value]


def _written(member: Bin | WhyUnsynced) -> ColumnElement[str]:
    return literal_column(f"'{member.value}'")


_UNSYNCED: dict[RowFilter, tuple[ColumnElement[bool], ...]] = {
    RowFilter.UNSYNCED: (),
    RowFilter.NEW: (RemoteCustomer.bin == _written(Bin.NEW),),
    RowFilter.SAME: (RemoteCustomer.bin == _written(Bin.SAME),),
    RowFilter.MAYBE: (RemoteCustomer.bin == _written(Bin.MAYBE),),
    RowFilter.NO_EMAIL: (RemoteCustomer.has_email.is_(False),),
    RowFilter.OPEN_BALANCE: (RemoteCustomer.balance_cents > 0,),
    RowFilter.FAILED: (RemoteCustomer.why == _written(WhyUnsynced.FAILED),),
}
