"""What a reading does to customers here that are linked: fill what is empty, tell what differs.

Nothing that stands here is overwritten, and nobody is removed, whatever happens in the books.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    RemoteAccount,
    RemoteCustomer,
)
from services.database import in_batches, insert_rows
from services.differences import Pair, read_pairs, refresh_differing_of, write_differing
from services.filling import FILLED_FIELDS, event_rows, write_values
from services.placeholder_email import is_placeholder_email

#: A placeholder is an empty e-mail; a name is never empty.
_FIELDS = ("email", *FILLED_FIELDS)
_NOTHING: Mapping[str, Mapping[str, str]] = MappingProxyType({})


#: What the books held in each field, by remote id.
Values = Mapping[str, Mapping[str, str]]


def read_values(session: Session, account_id: int, remote_ids: Iterable[str]) -> Values:
    """Return what the books held so far of the linked, before a reading writes what changed."""
    columns = [getattr(RemoteCustomer, field) for field in _FIELDS]
    rows = [
        row
        for batch in in_batches(remote_ids)
        for row in session.execute(
            select(RemoteCustomer.remote_id, *columns)
            .join(
                CustomerLink,
                (CustomerLink.account_id == RemoteCustomer.account_id)
                & (CustomerLink.remote_id == RemoteCustomer.remote_id),
            )
            .where(RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(batch))
        )
    ]
    return {row.remote_id: {field: getattr(row, field) or "" for field in _FIELDS} for row in rows}


def update_linked(
    session: Session,
    account: RemoteAccount,
    remote_ids: Iterable[str],
    *,
    before: Values = _NOTHING,
    now: datetime,
) -> None:
    """Bring the customers up to date that are linked to those who changed or are gone there.

    In the caller's transaction. What is empty here is filled from who is active there, each with
    its event; whatever else differs is only noted in the link. What a person cleared is filled
    only where the books had something else `before`. Where nobody is linked this is one statement
    for some hundred rows, and customers are loaded only to be filled.
    """
    for batch in in_batches(remote_ids):
        pairs = read_pairs(
            session,
            CustomerLink.account_id == account.id,
            CustomerLink.remote_id.in_(batch),
            is_changing=True,
        )
        gains = _gains(session, pairs, before)
        filled = _fill(session, account, gains, now=now) if gains else set()
        write_differing(session, [pair for pair in pairs if pair.customer_id not in filled])
        if filled:
            refresh_differing_of(session, filled)


def _gains(session: Session, pairs: Sequence[Pair], before: Values) -> dict[int, dict[str, str]]:
    """Return what each customer would be filled with; the first of its links wins."""
    empty = [
        (pair, field)
        for pair in pairs
        if pair.is_active
        for field in _FIELDS
        if not pair.ours[field] and pair.theirs[field]
    ]
    cleared = _cleared(session, {pair.customer_id for pair, _ in empty}) if empty else set()
    found: dict[int, dict[str, str]] = {}
    for pair, field in empty:
        theirs = pair.theirs[field]
        is_new = before.get(pair.remote_id, {}).get(field, theirs) != theirs
        if is_new or (pair.customer_id, field) not in cleared:
            found.setdefault(pair.customer_id, {}).setdefault(field, theirs)
    return found


def _cleared(session: Session, customer_ids: Collection[int]) -> set[tuple[int, str]]:
    """Return the fields that a person touched last; the empty ones of them a person cleared.

    To fill in what the books said all along would overwrite what the person did.
    """
    rows = session.execute(
        select(CustomerEvent.customer_id, CustomerEvent.field, CustomerEvent.action)
        .where(CustomerEvent.customer_id.in_(customer_ids), CustomerEvent.field != "")
        .order_by(CustomerEvent.at, CustomerEvent.id)
    )
    last = {(customer_id, field): action for customer_id, field, action in rows}
    return {key for key, action in last.items() if action is CustomerAction.EDITED}


def _fill(
    session: Session,
    account: RemoteAccount,
    gains: Mapping[int, Mapping[str, str]],
    *,
    now: datetime,
) -> set[int]:
    """Write what was gained, and return whose fields were still empty."""
    customers = session.scalars(
        select(Customer)
        .where(Customer.id.in_(gains))
        .order_by(Customer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    filled, events = set(), []
    for customer in customers:
        values = {
            field: value
            for field, value in gains[customer.id].items()
            if not getattr(customer, field) or is_placeholder_email(getattr(customer, field))
        }
        events += event_rows(customer, values)
        if values:
            write_values(customer, values)
            filled.add(customer.id)
    whose = {
        "account_id": account.id,
        "run_id": None,
        "user_id": None,
        "action": CustomerAction.FILLED,
        "at": now,
    }
    insert_rows(session, CustomerEvent, (event | whose for event in events))
    return filled
