"""Lists of remote customers: filtered, searched, ordered by name, paged by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, TextClause, func, literal_column, select, text, tuple_
from sqlalchemy.orm import Session

from models import Bin, RemoteAccount, RemoteCustomer, RemoteState, WhyUnsynced
from services.providers.contract import RemoteKind, RemoteStatus
from services.review_query import MAX_SEARCH_CHARACTERS as MAX_SEARCH_CHARACTERS
from services.review_query import ReviewQuery
from services.review_query import RowFilter as RowFilter
from services.same_customers import find_same
from services.text_keys import fold

PAGE_ROWS = 50
# Written out, not bound: a database picks a partial index by its literal condition.
IS_UNSYNCED = text("remote_customer.state = 'unsynced'")


@dataclass(frozen=True, slots=True)
class Balance:
    """Open balances of one currency. `cents` is in hundredths of it."""

    currency: str
    cents: int


@dataclass(frozen=True, slots=True)
class RemoteRow:
    """A remote customer in a list; the address is None when there is no usable one.

    `is_same`: surely here already, so that an import links instead of creating. `parent_name`
    is whom a sub-customer belongs to there, empty where nobody is known.
    """

    public_id: str
    name: str
    company_name: str
    email: str | None
    phone: str
    balance: Balance
    parent_name: str = ""
    is_same: bool = False


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page of a list, ordered by name. `next_after` continues it, None at the end."""

    rows: tuple[RemoteRow, ...]
    total: int
    next_after: str | None


def search(
    session: Session,
    account_id: int,
    *,
    show: RowFilter,
    query: str = "",
    after: str | None = None,
) -> RowPage:
    """Return one page of those whose name, company, e-mail or phone has the text, by key.

    Page 2,000 costs as much as page 1.
    """
    statement = select(RemoteCustomer).where(
        *review_conditions(account_id, ReviewQuery(show, query))
    )
    page = statement
    start = _start(session, account_id, after)
    if start is not None:
        page = page.where(tuple_(RemoteCustomer.sort_key, RemoteCustomer.id) > start)
    page = page.order_by(RemoteCustomer.sort_key, RemoteCustomer.id).limit(PAGE_ROWS + 1)
    found = session.scalars(page).all()
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = _marked(session, account_id, found[:PAGE_ROWS])
    return RowPage(rows, total, rows[-1].public_id if len(found) > PAGE_ROWS else None)


def view_rows(
    session: Session, account_id: int, remotes: Sequence[RemoteCustomer]
) -> tuple[RemoteRow, ...]:
    """Return the rows as lists show them, not yet marked as the same as somebody.

    One statement for the names of all parents, none where nobody has one.
    """
    parents = _parent_names(session, account_id, remotes)
    return tuple(
        RemoteRow(
            public_id=remote.public_id,
            name=remote.name,
            company_name=remote.company_name,
            email=remote.email,
            phone=remote.phone,
            balance=Balance(remote.currency, remote.balance_cents),
            parent_name=parents.get(_parent_id(remote), ""),
        )
        for remote in remotes
    )


def _parent_names(
    session: Session, account_id: int, remotes: Sequence[RemoteCustomer]
) -> dict[str, str]:
    """Name the parents one step up, so that no circle of parents can do harm."""
    parent_ids = {_parent_id(remote) for remote in remotes} - {""}
    if not parent_ids:
        return {}
    rows = session.execute(
        select(RemoteCustomer.remote_id, RemoteCustomer.name).where(
            RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(parent_ids)
        )
    )
    return {remote_id: name for remote_id, name in rows}


def _parent_id(remote: RemoteCustomer) -> str:
    is_own = remote.parent_remote_id == remote.remote_id
    return "" if is_own else remote.parent_remote_id or ""


def _marked(
    session: Session, account_id: int, remotes: Sequence[RemoteCustomer]
) -> tuple[RemoteRow, ...]:
    unsynced = [remote for remote in remotes if remote.state is RemoteState.UNSYNCED]
    same = find_same(session, session.get_one(RemoteAccount, account_id), unsynced)
    rows = view_rows(session, account_id, remotes)
    return tuple(
        replace(row, is_same=remote.remote_id in same)
        for row, remote in zip(rows, remotes, strict=True)
    )


def review_conditions(
    account_id: int, query: ReviewQuery
) -> list[ColumnElement[bool] | TextClause]:
    """Return what a remote customer has to meet to match the query, the account included.

    For every statement about the list, so that what is decided about "all matching" is what
    the list shows.
    """
    conditions = [RemoteCustomer.account_id == account_id, *_filter(query.show)]
    wanted = fold(query.text.replace("\0", "")[:MAX_SEARCH_CHARACTERS])
    if wanted:
        conditions.append(RemoteCustomer.search_text.contains(wanted, autoescape=True))
    return conditions


def _filter(show: RowFilter) -> list[ColumnElement[bool] | TextClause]:
    if show is RowFilter.IGNORED:
        return [RemoteCustomer.state == RemoteState.IGNORED]
    if show in (RowFilter.ARCHIVED, RowFilter.SUB_CUSTOMERS, RowFilter.SUPPLIERS):
        return _left_out(show)
    return [IS_UNSYNCED, *_unsynced[show]]


def _left_out(show: RowFilter) -> list[ColumnElement[bool] | TextClause]:
    """Return the conditions for those left out, each of them in one of three lists."""
    left_out = RemoteCustomer.state == RemoteState.LEFT_OUT
    is_archived = RemoteCustomer.status == RemoteStatus.ARCHIVED.value
    if show is RowFilter.ARCHIVED:
        return [left_out, is_archived]
    is_supplier = show is RowFilter.SUPPLIERS
    kind = RemoteKind.SUPPLIER if is_supplier else RemoteKind.SUB_CUSTOMER
    return [left_out, ~is_archived, RemoteCustomer.kind == kind.value]


def _written(member: Bin | WhyUnsynced) -> ColumnElement[str]:
    return literal_column(f"'{member.value}'")


_unsynced: dict[RowFilter, tuple[ColumnElement[bool], ...]] = {
    RowFilter.UNSYNCED: (),
    RowFilter.NEW: (RemoteCustomer.bin == _written(Bin.NEW),),
    RowFilter.SAME: (RemoteCustomer.bin == _written(Bin.SAME),),
    RowFilter.MAYBE: (RemoteCustomer.bin == _written(Bin.MAYBE),),
    RowFilter.NO_EMAIL: (RemoteCustomer.has_email.is_(False),),
    RowFilter.OPEN_BALANCE: (RemoteCustomer.balance_cents > 0,),
    RowFilter.FAILED: (RemoteCustomer.why == _written(WhyUnsynced.FAILED),),
}


def _start(session: Session, account_id: int, after: str | None) -> tuple[str, int] | None:
    if after is None:
        return None
    row = session.execute(
        select(RemoteCustomer.sort_key, RemoteCustomer.id).where(
            RemoteCustomer.account_id == account_id, RemoteCustomer.public_id == after
        )
    ).first()
    return (row[0], row[1]) if row else None
