"""What an undo empties again: fields that a link filled and that nobody changed since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Customer, CustomerAction, CustomerEvent, ImportRun, RemoteCustomer
from services.database import insert_rows
from services.differences import refresh_differing_of
from services.filling import event_rows, write_values
from services.placeholder_email import make_placeholder_email
from services.undo_facts import Standings

#: By customer: the values that the fields had before.
Emptied = Mapping[int, Mapping[str, str]]


def find_emptied(
    session: Session, standings: Standings, pairs: Mapping[str, int], *, ended: set[str]
) -> Emptied:
    """Return what to write back of the customers whose links end; `pairs` are remote id, customer.

    `ended` are all remote ids of the account whose links end with them. What a reading filled
    stays where another link of the account does: it may have come over that one.
    """
    found: dict[int, dict[str, str]] = {}
    for remote_id, customer_id in pairs.items():
        customer, link = standings.customers[customer_id], standings.own_link(remote_id)
        account_id = standings.undone.account_id
        others = [
            each.remote_id
            for each in standings.links.get(customer_id, ())
            if each.account_id == account_id and each.remote_id not in ended
        ]
        read_since = link.linked_at if link and not others else None
        values = _filled(standings, customer, read_since=read_since)
        found.setdefault(customer_id, {}).update(values)
    if standings.undone.began_at is None:
        _add_old(session, standings, pairs, found)
    return {customer_id: values for customer_id, values in found.items() if values}


def empty(
    session: Session, standings: Standings, emptied: Emptied, *, run: ImportRun, now: datetime
) -> None:
    """Write the values back with an event for each, in the caller's transaction."""
    whose = {"account_id": run.account_id, "run_id": run.id, "user_id": run.requested_by_id}
    written = whose | {"action": CustomerAction.EMPTIED, "at": now}
    rows = [
        row | written
        for customer_id, values in emptied.items()
        for row in event_rows(standings.customers[customer_id], values)
    ]
    insert_rows(session, CustomerEvent, rows)
    for customer_id, values in emptied.items():
        write_values(standings.customers[customer_id], values)
    refresh_differing_of(session, list(emptied))


def _filled(
    standings: Standings, customer: Customer, *, read_since: datetime | None
) -> dict[str, str]:
    newest = {event.field: event for event in standings.events.get(customer.id, ()) if event.field}
    return {
        field: event.before
        for field, event in newest.items()
        if _is_by_link(standings.undone, event, read_since=read_since)
        and getattr(customer, field) == event.after
    }


def _is_by_link(undone: ImportRun, event: CustomerEvent, *, read_since: datetime | None) -> bool:
    if event.action is not CustomerAction.FILLED or event.account_id != undone.account_id:
        return False
    if event.run_id is not None:
        return event.run_id == undone.id
    return read_since is not None and event.at >= read_since


def _add_old(
    session: Session,
    standings: Standings,
    pairs: Mapping[str, int],
    found: dict[int, dict[str, str]],
) -> None:
    """Add what an import filled before links left events: its items name the fields."""
    filled = {key for key in pairs if standings.items[key].filled_fields}
    remotes = session.scalars(
        select(RemoteCustomer).where(
            RemoteCustomer.account_id == standings.undone.account_id,
            RemoteCustomer.remote_id.in_(filled),
        )
    )
    for remote in remotes:
        customer = standings.customers[pairs[remote.remote_id]]
        known = {event.field for event in standings.events.get(customer.id, ())}
        for field in standings.items[remote.remote_id].filled_fields.split():
            if field not in known and getattr(customer, field) == getattr(remote, field):
                value = _own_placeholder(customer) if field == "email" else ""
                found[customer.id].setdefault(field, value)


def _own_placeholder(customer: Customer) -> str:
    return make_placeholder_email(
        customer.origin.value,
        company_id=customer.company_id,
        remote_account_id="",
        remote_id=customer.public_id,
    )
