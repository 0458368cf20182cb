"""Who a customer is in the books: whom it is linked to, and who was merged into these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import CustomerLink, RemoteCustomer

#: Remote customers by account, each by its row id with its remote id.
Remotes = Mapping[int, Mapping[int, str]]
# Longer chains of mergers are followed no further; a circle of them ends by itself.
MAX_MERGERS = 50


def find_remotes(session: Session, customer_id: int) -> Remotes:
    """Return the remote customers that are this customer; empty if it is linked to nobody.

    Those are the linked ones, and those that the books merged into them, one after the other.
    Who is linked to another customer is that customer, and so is whoever went on as that one.
    """
    found: defaultdict[int, dict[int, str]] = defaultdict(dict)
    rows = session.execute(
        select(RemoteCustomer.account_id, RemoteCustomer.id, RemoteCustomer.remote_id)
        .join(
            CustomerLink,
            (CustomerLink.account_id == RemoteCustomer.account_id)
            & (CustomerLink.remote_id == RemoteCustomer.remote_id),
        )
        .where(CustomerLink.customer_id == customer_id)
    )
    for account_id, row_id, remote_id in rows:
        found[account_id][row_id] = remote_id
    for account_id, remotes in found.items():
        _add_merged(session, customer_id, account_id, remotes)
    return found


def _add_merged(
    session: Session, customer_id: int, account_id: int, remotes: dict[int, str]
) -> None:
    heirs: Collection[str] = tuple(remotes.values())
    for _ in range(MAX_MERGERS):
        merged = _merged_into(session, customer_id, account_id, heirs)
        heirs = [remote_id for row_id, remote_id in merged.items() if row_id not in remotes]
        if not heirs:
            break
        remotes |= merged


def _merged_into(
    session: Session, customer_id: int, account_id: int, heirs: Collection[str]
) -> dict[int, str]:
    """Return whom the books merged into any of the heirs, but for other customers'."""
    is_of_another = (
        select(CustomerLink.id)
        .where(
            CustomerLink.account_id == account_id,
            CustomerLink.remote_id == RemoteCustomer.remote_id,
            CustomerLink.customer_id != customer_id,
        )
        .exists()
    )
    rows = session.execute(
        select(RemoteCustomer.id, RemoteCustomer.remote_id).where(
            RemoteCustomer.account_id == account_id,
            RemoteCustomer.merged_into_remote_id.in_(heirs),
            ~is_of_another,
        )
    )
    return {row_id: remote_id for row_id, remote_id in rows}
