"""Let a link follow when the provider merged one customer into another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.orm import Session

from models import CustomerLink, RemoteAccount, RemoteCustomer, RemoteState
from services.database import in_batches, insert_rows
from services.ended_choices import end_choices_of
from services.linked_customers import update_linked

OPEN_STATES = (RemoteState.UNSYNCED, RemoteState.LEFT_OUT)


def follow_merges(
    session: Session, account: RemoteAccount, merges: Mapping[str, str], *, now: datetime
) -> None:
    """Link the customer that goes on to the one its predecessor is linked to.

    `merges` maps the remote id of who was merged to that of who goes on. In the caller's
    transaction. A customer that is linked or ignored already keeps its decision, and the old
    link stays, so nothing is lost if the provider takes the merge back.
    """
    for batch in in_batches(merges):
        customers = _linked_customers(session, account.id, batch)
        heirs = {_end_of(remote_id, merges): customers[remote_id] for remote_id in customers}
        open_heirs = _open(session, account.id, heirs)
        insert_rows(
            session,
            CustomerLink,
            (
                {
                    "company_id": account.company_id,
                    "account_id": account.id,
                    "remote_id": remote_id,
                    "customer_id": heirs[remote_id],
                    "linked_at": now,
                }
                for remote_id in open_heirs
            ),
        )
        end_choices_of(session, account.id, open_heirs)
        session.execute(
            update(RemoteCustomer)
            .where(
                RemoteCustomer.account_id == account.id, RemoteCustomer.remote_id.in_(open_heirs)
            )
            .values(state=RemoteState.LINKED, revision=_revision_in_list())
            .execution_options(synchronize_session=False)
        )
        update_linked(session, account, open_heirs, now=now)


def _revision_in_list() -> ColumnElement[int]:
    """Return the revision of who is linked; who was left out so far has not been compared."""
    was_left_out = RemoteCustomer.state == RemoteState.LEFT_OUT
    return case((was_left_out, RemoteCustomer.revision + 1), else_=RemoteCustomer.revision)


def _end_of(remote_id: str, merges: Mapping[str, str]) -> str:
    """Follow a chain of merges to its end; a circle ends where it began."""
    seen = {remote_id}
    while (heir := merges.get(remote_id)) is not None and heir not in seen:
        seen.add(heir)
        remote_id = heir
    return remote_id


def _linked_customers(session: Session, account_id: int, remote_ids: list[str]) -> dict[str, int]:
    rows = session.execute(
        select(CustomerLink.remote_id, CustomerLink.customer_id).where(
            CustomerLink.account_id == account_id, CustomerLink.remote_id.in_(remote_ids)
        )
    )
    return {remote_id: customer_id for remote_id, customer_id in rows}


def _open(session: Session, account_id: int, remote_ids: Iterable[str]) -> list[str]:
    already_linked = select(CustomerLink.remote_id).where(CustomerLink.account_id == account_id)
    return list(
        session.scalars(
            select(RemoteCustomer.remote_id).where(
                RemoteCustomer.account_id == account_id,
                RemoteCustomer.remote_id.in_(remote_ids),
                RemoteCustomer.state.in_(OPEN_STATES),
                RemoteCustomer.remote_id.not_in(already_linked),
            )
        )
    )
