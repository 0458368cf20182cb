"""Who is surely here already: same e-mail and same name, one on each side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from models import Customer, CustomerLink, RemoteAccount, RemoteCustomer, RemoteState

Key = tuple[str | None, str]


def find_same(
    session: Session, account: RemoteAccount, remotes: Sequence[RemoteCustomer]
) -> dict[str, Customer]:
    """Return, by remote id, the one customer that each of the remote customers surely is.

    E-mail and name have to be equal, exactly one unsynced remote customer and exactly one
    customer may have them, and that customer may not be linked to this account yet. Everything
    else is left to a person. Two statements, however many are asked about.
    """
    emails = {remote.email_key for remote in remotes if remote.email_key}
    if not emails:
        return {}
    here = _customers_by_key(session, account, emails)
    there = _unsynced_by_key(session, account, emails)
    same = {}
    for remote in remotes:
        key = (remote.email_key, remote.sort_key)
        if remote.email_key and len(here[key]) == 1 and there.get(key) == 1:
            customer, is_linked = here[key][0]
            if not is_linked:
                same[remote.remote_id] = customer
    return same


def count_same(session: Session, account_id: int) -> int:
    """Return how many unsynced remote customers `find_same` would find. One statement."""
    return session.scalar(select(func.count()).select_from(same_ids(account_id).subquery())) or 0


def same_ids(account_id: int) -> Select[Any]:
    """Return the query of the row ids of the unsynced whom `find_same` would find."""
    return (
        _pairs(account_id)
        .with_only_columns(func.min(RemoteCustomer.id))
        .group_by(RemoteCustomer.email_key, RemoteCustomer.sort_key)
        .having(
            and_(
                func.count(RemoteCustomer.id.distinct()) == 1,
                func.count(Customer.id.distinct()) == 1,
                func.count(CustomerLink.id) == 0,
            )
        )
    )


def looks_like_nobody(account: RemoteAccount) -> ColumnElement[bool]:
    """Return the condition on RemoteCustomer that nobody here has its e-mail or its name."""
    return ~exists().where(
        Customer.company_id == account.company_id,
        or_(
            Customer.email_key == RemoteCustomer.email_key,
            Customer.sort_key == RemoteCustomer.sort_key,
        ),
    )


def _pairs(account_id: int) -> Select[Any]:
    return (
        select(RemoteCustomer)
        .join(
            Customer,
            and_(
                Customer.company_id == RemoteCustomer.company_id,
                Customer.email_key == RemoteCustomer.email_key,
                Customer.sort_key == RemoteCustomer.sort_key,
            ),
        )
        .outerjoin(CustomerLink, _is_link_of(account_id))
        .where(
            RemoteCustomer.account_id == account_id,
            RemoteCustomer.state == RemoteState.UNSYNCED,
        )
    )


def _is_link_of(account_id: int) -> ColumnElement[bool]:
    return and_(CustomerLink.customer_id == Customer.id, CustomerLink.account_id == account_id)


def _customers_by_key(
    session: Session, account: RemoteAccount, emails: set[str]
) -> dict[Key, list[tuple[Customer, bool]]]:
    rows = session.execute(
        select(Customer, CustomerLink.id)
        .outerjoin(CustomerLink, _is_link_of(account.id))
        .where(Customer.company_id == account.company_id, Customer.email_key.in_(emails))
    )
    found: dict[Key, list[tuple[Customer, bool]]] = defaultdict(list)
    for customer, link_id in rows:
        found[(customer.email_key, customer.sort_key)].append((customer, link_id is not None))
    return found


def _unsynced_by_key(session: Session, account: RemoteAccount, emails: set[str]) -> dict[Key, int]:
    rows = session.execute(
        select(RemoteCustomer.email_key, RemoteCustomer.sort_key, func.count())
        .where(
            RemoteCustomer.account_id == account.id,
            RemoteCustomer.state == RemoteState.UNSYNCED,
            RemoteCustomer.email_key.in_(emails),
        )
        .group_by(RemoteCustomer.email_key, RemoteCustomer.sort_key)
    )
    return {(email, name): count for email, name, count in rows}
