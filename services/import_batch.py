"""Write one batch of an import: customers, links, outcomes and counters, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerLink,
    CustomerOrigin,
    ImportItem,
    ItemOutcome,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
)
from models.base import new_public_id
from services.database import insert_rows
from services.email_addresses import email_key
from services.placeholder_email import make_placeholder_email
from services.same_customers import find_same
from services.text_keys import search_text


class OutcomeReason(StrEnum):
    """Why a chosen customer was not created; the words a page shows."""

    SAME = "same e-mail and name as a customer who was here"
    ALREADY_LINKED = "already linked meanwhile"
    IGNORED = "ignored meanwhile"
    GONE = "no longer in the accounting software"
    LEFT_OUT = "no longer counted there: archived, or no customer of its own"
    BROKEN = "something broke on our side; nothing of it was saved"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item."""

    outcome: ItemOutcome
    reason: str = ""
    customer_id: int | None = None
    filled_fields: str = ""


def write_batch(
    session: Session,
    account: RemoteAccount,
    run_id: int,
    remote_ids: Sequence[str],
    *,
    now: datetime,
) -> Counter[ItemOutcome]:
    """Give the items their outcome, in the caller's transaction; return the outcomes counted."""
    remotes = _remote_customers(session, account.id, remote_ids)
    wanted = [remote for remote in remotes.values() if remote.state is RemoteState.UNSYNCED]
    same = find_same(session, account, wanted)
    results = {remote_id: _refusal(remotes.get(remote_id)) for remote_id in remote_ids}
    for remote in wanted:
        if remote.remote_id in same:
            results[remote.remote_id] = _fill(same[remote.remote_id], remote)
    new = [remote for remote in wanted if remote.remote_id not in same]
    results |= _create(session, account, new, now=now)
    _link(session, account, results, now=now)
    _record(session, run_id, results)
    return Counter(result.outcome for result in results.values())


def _remote_customers(
    session: Session, account_id: int, remote_ids: Sequence[str]
) -> dict[str, RemoteCustomer]:
    rows = session.scalars(
        select(RemoteCustomer).where(
            RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(remote_ids)
        )
    )
    return {remote.remote_id: remote for remote in rows}


def _refusal(remote: RemoteCustomer | None) -> ItemResult:
    """Say why a row that is not unsynced is not imported; an unsynced one is answered later."""
    if remote is None or remote.state is RemoteState.VANISHED:
        return ItemResult(ItemOutcome.FAILED, OutcomeReason.GONE)
    if remote.state is RemoteState.LEFT_OUT:
        return ItemResult(ItemOutcome.FAILED, OutcomeReason.LEFT_OUT)
    if remote.state is RemoteState.LINKED:
        return ItemResult(ItemOutcome.SKIPPED, OutcomeReason.ALREADY_LINKED)
    return ItemResult(ItemOutcome.SKIPPED, OutcomeReason.IGNORED)


def _fill(customer: Customer, remote: RemoteCustomer) -> ItemResult:
    """Fill the customer's empty fields from the books; what somebody entered here stays."""
    filled = []
    for field in ("company_name", "phone", "address"):
        if not getattr(customer, field) and getattr(remote, field):
            setattr(customer, field, getattr(remote, field))
            filled.append(field)
    customer.revision += bool(filled)
    customer.search_text = search_text(
        customer.name, customer.company_name, customer.email, phone=customer.phone
    )
    return ItemResult(
        ItemOutcome.LINKED, OutcomeReason.SAME, customer.id, filled_fields=" ".join(filled)
    )


def _create(
    session: Session, account: RemoteAccount, remotes: Sequence[RemoteCustomer], *, now: datetime
) -> dict[str, ItemResult]:
    if not remotes:
        return {}
    rows = {remote.remote_id: _new_customer(account, remote, now=now) for remote in remotes}
    insert_rows(session, Customer, rows.values())
    public_ids = [row["public_id"] for row in rows.values()]
    ids = {
        public_id: row_id
        for row_id, public_id in session.execute(
            select(Customer.id, Customer.public_id).where(Customer.public_id.in_(public_ids))
        )
    }
    return {
        remote_id: ItemResult(ItemOutcome.CREATED, customer_id=ids[str(row["public_id"])])
        for remote_id, row in rows.items()
    }


def _new_customer(
    account: RemoteAccount, remote: RemoteCustomer, *, now: datetime
) -> dict[str, object]:
    address = remote.email or make_placeholder_email(
        account.provider,
        company_id=account.company_id,
        remote_account_id=account.remote_account_id,
        remote_id=remote.remote_id,
    )
    return {
        "public_id": new_public_id(),
        "company_id": account.company_id,
        "name": remote.name,
        "sort_key": remote.sort_key,
        "company_name": remote.company_name,
        "email": address,
        "email_key": email_key(address),
        "is_placeholder_email": remote.email is None,
        "phone": remote.phone,
        "address": remote.address,
        "search_text": search_text(
            remote.name, remote.company_name, remote.email, phone=remote.phone
        ),
        "origin": CustomerOrigin.IMPORT,
        "created_at": now,
    }


def _link(
    session: Session,
    account: RemoteAccount,
    results: Mapping[str, ItemResult],
    *,
    now: datetime,
) -> None:
    linked = {
        remote_id: result.customer_id
        for remote_id, result in results.items()
        if result.customer_id is not None
    }
    insert_rows(
        session,
        CustomerLink,
        (
            {
                "company_id": account.company_id,
                "account_id": account.id,
                "remote_id": remote_id,
                "customer_id": customer_id,
                "linked_at": now,
            }
            for remote_id, customer_id in linked.items()
        ),
    )
    session.execute(
        update(RemoteCustomer)
        .where(RemoteCustomer.account_id == account.id, RemoteCustomer.remote_id.in_(linked))
        .values(state=RemoteState.LINKED)
        .execution_options(synchronize_session=False)
    )


def _record(session: Session, run_id: int, results: Mapping[str, ItemResult]) -> None:
    statement = (
        update(ImportItem.__table__)  # type: ignore[arg-type]
        .where(ImportItem.run_id == run_id, ImportItem.remote_id == bindparam("b_remote_id"))
        .values(
            outcome=bindparam("outcome"),
            reason=bindparam("reason"),
            customer_id=bindparam("customer_id"),
            filled_fields=bindparam("filled_fields"),
        )
    )
    rows = [
        {
            "b_remote_id": remote_id,
            "outcome": result.outcome,
            "reason": str(result.reason),
            "customer_id": result.customer_id,
            "filled_fields": result.filled_fields,
        }
        for remote_id, result in results.items()
    ]
    session.connection().execute(statement, rows)
