"""The customers of a company as lists: filtered, searched, by name, paged by key, counted.

Of 100,000 customers no statement of a list without a search opens the table but for the rows of
its page; the plans are tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, exists, func, or_, select, text, tuple_
from sqlalchemy.orm import Session, aliased

from models import Customer, CustomerLink, RemoteAccount, RemoteCustomer, RemoteState
from services.customer_books import Books, BooksTag, read_books
from services.customers import CustomerView, view_customer
from services.database import BATCH_ROWS
from services.providers.contract import RemoteStatus
from services.remote_counts import VANISHED_FINGERPRINT
from services.review_query import MAX_SEARCH_CHARACTERS as MAX_SEARCH_CHARACTERS
from services.review_rows import Balance
from services.text_search import holds_text

PAGE_ROWS = 50
Condition = ColumnElement[bool] | TextClause


class CustomerFilter(StrEnum):
    """Whom the list shows. ARCHIVED: linked, but in the books archived, merged or gone."""

    ALL = "all"
    LINKED = "linked"
    ONLY_HERE = "only-here"
    NO_EMAIL = "no-email"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    """How many customers each filter shows, whatever is searched for."""

    all: int
    linked: int
    no_email: int
    archived: int

    @property
    def only_here(self) -> int:
        return self.all - self.linked

    def of(self, show: CustomerFilter) -> int:
        """Return the count of one filter."""
        return int(getattr(self, show.value.replace("-", "_")))


@dataclass(frozen=True, slots=True)
class CustomerRow(CustomerView):
    """A customer as the list shows it: in which books it is, and what it owes there."""

    tags: tuple[BooksTag, ...] = ()
    balances: tuple[Balance, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One page of customers by name. `next_after` continues it, None at the end."""

    rows: tuple[CustomerRow, ...]
    total: int
    next_after: str | None


def list_customers(
    session: Session,
    company_id: int,
    *,
    query: str = "",
    show: CustomerFilter = CustomerFilter.ALL,
    after: str | None = None,
    counts: CustomerCounts | None = None,
) -> CustomerPage:
    """Return one page by name, by key, of those whose name, company, e-mail or phone has the text.

    With an unknown `after` the first page. `counts`, where they were read already, save counting
    once more. At most five statements.
    """
    matching = _matching(company_id, query, show)
    # Named, because SQLite may rather sort everybody than read them in order.
    page = matching.with_hint(Customer, f"INDEXED BY {_INDEXES[show]}", "sqlite")
    start = _start(session, company_id, after)
    if start is not None:
        page = page.where(tuple_(Customer.sort_key, Customer.id) > start)
    found = session.scalars(
        page.order_by(Customer.sort_key, Customer.id).limit(PAGE_ROWS + 1)
    ).all()
    shown = found[:PAGE_ROWS]
    books = read_books(session, [customer.id for customer in shown])
    rows = tuple(_row(customer, books.get(customer.id, Books())) for customer in shown)
    if counts is not None and not holds_text(Customer.search_text, query):
        total = counts.of(show)
    else:
        total = _count(session, matching)
    return CustomerPage(rows, total, rows[-1].public_id if len(found) > PAGE_ROWS else None)


def count_customers(session: Session, company_id: int) -> CustomerCounts:
    """Count the customers of each filter. Four statements inside indexes."""
    linked = select(func.count(CustomerLink.customer_id.distinct())).where(
        CustomerLink.company_id == company_id
    )
    shown = {
        show: _count(session, _matching(company_id, "", show))
        for show in (CustomerFilter.ALL, CustomerFilter.NO_EMAIL, CustomerFilter.ARCHIVED)
    }
    return CustomerCounts(
        all=shown[CustomerFilter.ALL],
        linked=session.scalar(linked) or 0,
        no_email=shown[CustomerFilter.NO_EMAIL],
        archived=shown[CustomerFilter.ARCHIVED],
    )


def each_customer(
    session: Session,
    company_id: int,
    *,
    query: str = "",
    show: CustomerFilter = CustomerFilter.ALL,
) -> Iterator[CustomerView]:
    """Yield all customers the list would show, by name, without holding them all."""
    rows = session.scalars(
        _matching(company_id, query, show).order_by(Customer.sort_key, Customer.id),
        execution_options={"yield_per": BATCH_ROWS},
    )
    for customer in rows:
        yield view_customer(customer)


def _matching(company_id: int, query: str, show: CustomerFilter) -> Select[Any]:
    return select(Customer).where(
        Customer.company_id == company_id,
        *_FILTERS[show],
        *(_archived(company_id) if show is CustomerFilter.ARCHIVED else ()),
        *holds_text(Customer.search_text, query),
    )


def _archived(company_id: int) -> tuple[ColumnElement[bool]]:
    """Return the condition: linked in some books only to who is no customer there any more.

    Begins at those few, not at the customers.
    """
    accounts = select(RemoteAccount.id).where(RemoteAccount.company_id == company_id)
    active, active_link = aliased(RemoteCustomer), aliased(CustomerLink)
    goes_on = (
        exists()
        .where(
            active_link.customer_id == CustomerLink.customer_id,
            # The sum keeps SQLite from searching the whole account for each of its rows.
            active_link.account_id + 0 == CustomerLink.account_id,
            active.account_id == active_link.account_id,
            active.remote_id == active_link.remote_id,
            active.status == RemoteStatus.ACTIVE.value,
            active.fingerprint != VANISHED_FINGERPRINT,
        )
        .correlate(CustomerLink)
    )
    ended = (
        select(CustomerLink.customer_id)
        .join(
            RemoteCustomer,
            (RemoteCustomer.account_id == CustomerLink.account_id)
            & (RemoteCustomer.remote_id == CustomerLink.remote_id),
        )
        .where(
            RemoteCustomer.account_id.in_(accounts),
            RemoteCustomer.state == RemoteState.LINKED,
            RemoteCustomer.is_counted.is_(False),
            or_(
                RemoteCustomer.status != RemoteStatus.ACTIVE.value,
                RemoteCustomer.fingerprint == VANISHED_FINGERPRINT,
            ),
            ~goes_on,
        )
    )
    return (Customer.id.in_(ended),)


def _count(session: Session, matching: Select[Any]) -> int:
    statement = matching.with_only_columns(func.count(), maintain_column_froms=True)
    return session.scalar(statement) or 0


def _start(session: Session, company_id: int, after: str | None) -> tuple[str, int] | None:
    if after is None:
        return None
    row = session.execute(
        select(Customer.sort_key, Customer.id).where(
            Customer.company_id == company_id, Customer.public_id == after
        )
    ).first()
    return (row[0], row[1]) if row else None


def _row(customer: Customer, books: Books) -> CustomerRow:
    return CustomerRow(
        public_id=customer.public_id,
        name=customer.name,
        company_name=customer.company_name,
        email=None if customer.is_placeholder_email else customer.email,
        phone=customer.phone,
        address=customer.address,
        origin=customer.origin,
        created_at=customer.created_at,
        tags=books.tags,
        balances=books.balances,
    )


#: The index that holds a filter's customers in their order.
_INDEXES: Mapping[CustomerFilter, str] = MappingProxyType(
    dict.fromkeys(CustomerFilter, "ix_customer_list")
    | {CustomerFilter.NO_EMAIL: "ix_customer_no_email"}
)
_IS_LINKED = exists().where(CustomerLink.customer_id == Customer.id)
_FILTERS: Mapping[CustomerFilter, tuple[Condition, ...]] = MappingProxyType(
    {
        CustomerFilter.ALL: (),
        CustomerFilter.LINKED: (_IS_LINKED,),
        CustomerFilter.ONLY_HERE: (~_IS_LINKED,),
        # Written out: a database picks a partial index by its literal condition.
        CustomerFilter.NO_EMAIL: (text("customer.is_placeholder_email"),),
        CustomerFilter.ARCHIVED: (),
    }
)
