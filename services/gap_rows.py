"""The rows of the two-way gap, each list by key through the index of its order. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, exists, select, text, tuple_, union_all
from sqlalchemy.orm import Session

from models import Customer, CustomerLink, RemoteCustomer, RemoteState
from services.customer_books import ENDED, RemoteStanding, link_standing
from services.review_rows import Balance
from services.text_search import holds_text

#: Where a row stands in its list: what it is ordered by, and its id.
Key = tuple[Any, int]
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
NO_BALANCE = Balance("", 0)


@dataclass(frozen=True, slots=True)
class GapSide:
    """A customer on one side; `email` is None where there is none, a placeholder included."""

    public_id: str
    name: str
    company_name: str
    email: str | None
    phone: str
    address: str

    def value(self, field: str) -> str:
        """Return what the side says in a field, by the field's name in the history."""
        return getattr(self, field) or ""


@dataclass(frozen=True, slots=True)
class GapRow:
    """A customer there, here, or both. `key_id` continues a list behind the row.

    `ended`: archived, merged or gone there. `differing` names the fields that are not the same on
    both sides.
    """

    key_id: str
    there: GapSide | None = None
    here: GapSide | None = None
    remote_id: str = ""
    balance: Balance = NO_BALANCE
    is_ignored: bool = False
    ended: RemoteStanding | None = None
    linked_at: datetime | None = None
    signed_up_at: datetime | None = None
    differing: tuple[str, ...] = ()


_THERE = (
    RemoteCustomer.id.label("row_id"),
    RemoteCustomer.sort_key,
    RemoteCustomer.public_id,
    RemoteCustomer.remote_id,
    RemoteCustomer.name,
    RemoteCustomer.company_name,
    RemoteCustomer.email,
    RemoteCustomer.phone,
    RemoteCustomer.address,
    RemoteCustomer.balance_cents,
    RemoteCustomer.currency,
    RemoteCustomer.state,
    RemoteCustomer.status,
    RemoteCustomer.fingerprint,
    RemoteCustomer.merged_into_remote_id,
)
_HERE = (
    Customer.public_id.label("here_id"),
    Customer.name.label("here_name"),
    Customer.company_name.label("here_company_name"),
    Customer.email.label("here_email"),
    Customer.is_placeholder_email,
    Customer.phone.label("here_phone"),
    Customer.address.label("here_address"),
)
_LINK = (CustomerLink.linked_at, CustomerLink.differing)
# Written out, not bound: a database picks a partial index by its literal condition.
_UNSYNCED = text("remote_customer.state = 'unsynced'")
_DECIDED = text("remote_customer.state <> 'unsynced'")
_DIFFERING = text("customer_link.differing <> ''")
_BY_NAME = (RemoteCustomer.sort_key, RemoteCustomer.id)


def list_only_there(
    session: Session, account_id: int, query: str, start: Key | None, limit: int
) -> list[GapRow]:
    """Return who is not imported yet and who is ignored, by name. One statement.

    Two lists, each through its own index, are put together behind their limits.
    """
    base = _remotes(select(*_THERE), account_id, query, start, limit)
    unsynced = base.where(_UNSYNCED).with_hint(
        RemoteCustomer, "INDEXED BY ix_remote_customer_search", "sqlite"
    )
    ignored = base.where(
        _DECIDED,
        RemoteCustomer.state == RemoteState.IGNORED,
        RemoteCustomer.is_counted.is_(True),
    )
    both = union_all(select(unsynced.subquery()), select(ignored.subquery())).subquery()
    statement = select(both).order_by(both.c.sort_key, both.c.row_id).limit(limit)
    return [
        GapRow(**_remote_values(row), is_ignored=row.state is RemoteState.IGNORED)
        for row in session.execute(statement)
    ]


def list_linked(
    session: Session, account_id: int, query: str, start: Key | None, limit: int
) -> list[GapRow]:
    """Return both sides of each link, by the name there. One statement."""
    statement = _linked(_remotes(select(*_THERE, *_HERE, *_LINK), account_id, query, start, limit))
    statement = statement.where(_DECIDED, RemoteCustomer.state == RemoteState.LINKED)
    return [_pair(row) for row in session.execute(statement)]


def list_only_here(
    session: Session,
    company_id: int,
    account_id: int,
    query: str,
    start: Key | None,
    limit: int,
) -> list[GapRow]:
    """Return who is linked to nobody in the account, by name. One statement.

    Reads the list from the key on until it has enough of them.
    """
    is_linked = exists().where(
        CustomerLink.customer_id == Customer.id, CustomerLink.account_id + 0 == account_id
    )
    statement = (
        select(*_HERE, Customer.created_at)
        .where(
            Customer.company_id == company_id,
            ~is_linked,
            *holds_text(Customer.search_text, query),
        )
        .order_by(Customer.sort_key, Customer.id)
        .limit(limit)
    )
    if start is not None:
        statement = statement.where(tuple_(Customer.sort_key, Customer.id) > start)
    return [
        GapRow(row.here_id, here=_side_here(row), signed_up_at=row.created_at)
        for row in session.execute(statement)
    ]


def list_differing(
    session: Session, account_id: int, query: str, start: Key | None, limit: int
) -> list[GapRow]:
    """Return both sides of the links that differ, in the order of the customers here."""
    statement = (
        _linked(select(*_THERE, *_HERE, *_LINK))
        .where(
            CustomerLink.account_id == account_id,
            _DIFFERING,
            *holds_text(Customer.search_text, query),
        )
        .order_by(CustomerLink.customer_id, CustomerLink.id)
        .limit(limit)
    )
    if start is not None:
        place = tuple_(CustomerLink.customer_id, CustomerLink.id)
        statement = statement.where(place > start)
    return [_pair(row) for row in session.execute(statement)]


def remote_key(session: Session, account_id: int, public_id: str) -> Key | None:
    """Return where the remote customer stands in a list by name, None for nobody."""
    return _first(
        session,
        select(*_BY_NAME).where(
            RemoteCustomer.account_id == account_id, RemoteCustomer.public_id == public_id
        ),
    )


def customer_key(session: Session, company_id: int, public_id: str) -> Key | None:
    """Return where the customer stands in a list by name, None for nobody."""
    return _first(
        session,
        select(Customer.sort_key, Customer.id).where(
            Customer.company_id == company_id, Customer.public_id == public_id
        ),
    )


def link_key(session: Session, account_id: int, remote_public_id: str) -> Key | None:
    """Return where the link of a remote customer stands among those that differ."""
    query = _linked(select(CustomerLink.customer_id, CustomerLink.id))
    return _first(
        session,
        query.where(
            CustomerLink.account_id == account_id, RemoteCustomer.public_id == remote_public_id
        ),
    )


def _first(session: Session, statement: AnySelect) -> Key | None:
    row = session.execute(statement).first()
    return (row[0], row[1]) if row else None


def _remotes(
    statement: AnySelect, account_id: int, query: str, start: Key | None, limit: int
) -> AnySelect:
    statement = statement.where(
        RemoteCustomer.account_id == account_id, *holds_text(RemoteCustomer.search_text, query)
    )
    if start is not None:
        statement = statement.where(tuple_(*_BY_NAME) > start)
    return statement.order_by(*_BY_NAME).limit(limit)


def _linked(statement: AnySelect) -> AnySelect:
    """Join the links, whatever of RemoteCustomer and Customer the statement reads."""
    return (
        statement.select_from(CustomerLink)
        .join(
            RemoteCustomer,
            (RemoteCustomer.account_id == CustomerLink.account_id)
            & (RemoteCustomer.remote_id == CustomerLink.remote_id),
        )
        .join(Customer, Customer.id == CustomerLink.customer_id)
    )


def _pair(row: AnyRow) -> GapRow:
    return GapRow(
        **_remote_values(row),
        here=_side_here(row),
        linked_at=row.linked_at,
        differing=tuple(row.differing.split()),
    )


def _remote_values(row: AnyRow) -> dict[str, Any]:
    standing = link_standing(row.status, row.fingerprint, row.merged_into_remote_id)
    return {
        "key_id": row.public_id,
        "there": GapSide(
            row.public_id, row.name, row.company_name, row.email, row.phone, row.address
        ),
        "remote_id": row.remote_id,
        "balance": Balance(row.currency, row.balance_cents),
        "ended": standing if standing in ENDED else None,
    }


def _side_here(row: AnyRow) -> GapSide:
    return GapSide(
        row.here_id,
        row.here_name,
        row.here_company_name,
        None if row.is_placeholder_email else row.here_email,
        row.here_phone,
        row.here_address,
    )
