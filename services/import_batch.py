"""Write one batch of an import: customers, links, outcomes and counters, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerLink,
    CustomerOrigin,
    ImportItem,
    ImportRun,
    ItemOutcome,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    WhyUnsynced,
)
from models.base import new_public_id
from services.bins import refresh_bins
from services.database import insert_rows
from services.differences import refresh_differing
from services.email_addresses import email_key
from services.filling import fill, fillings
from services.import_outcomes import ItemResult, OutcomeReason
from services.import_rows import DecidedBatch, PendingItem, RemoteRow, decide_batch
from services.placeholder_email import make_placeholder_email
from services.review_choices import drop_choices, renew_choices
from services.row_ids import take_ids
from services.text_keys import search_text

#: Reasons that mean the bin of the row is not true any more.
_BIN_IS_OLD = (OutcomeReason.TARGET_GONE, OutcomeReason.TARGET_TAKEN)


def write_batch(
    session: Session,
    account: RemoteAccount,
    run: ImportRun,
    items: Sequence[PendingItem],
    *,
    now: datetime,
) -> Counter[ItemOutcome]:
    """Give the items their outcome, in the caller's transaction; return the outcomes counted.

    Each is decided anew and held against what a person was told. A handful of statements for any
    size (benchmarks/importing.py).
    """
    batch = decide_batch(session, account, items, creates_maybes=run.creates_maybes)
    _create(session, account, batch, now=now)
    _fill(session, run, batch, now=now)
    _link(session, account, batch, now=now)
    refresh_differing(
        session,
        account.id,
        [remote.remote_id for remote in batch.with_outcome(ItemOutcome.LINKED)],
    )
    _settle(session, account, batch, now=now)
    _record(session, items, batch.results)
    return Counter(result.outcome for result in batch.results.values())


def fail_item(session: Session, run: ImportRun, item: PendingItem, *, now: datetime) -> None:
    """Give the item that broke its outcome, in the caller's transaction; its row says so, too."""
    reason = OutcomeReason.BROKEN
    session.execute(
        update(ImportItem)
        .where(ImportItem.id == item.id)
        .values(outcome=ItemOutcome.FAILED, reason_code=reason.code, reason=reason.value)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(RemoteCustomer)
        .where(
            RemoteCustomer.account_id == run.account_id,
            RemoteCustomer.remote_id == item.remote_id,
            RemoteCustomer.state == RemoteState.UNSYNCED,
        )
        .values(why=WhyUnsynced.FAILED, why_text=reason.value, why_at=now)
        .execution_options(synchronize_session=False)
    )
    run.failed_count += 1


def _create(
    session: Session, account: RemoteAccount, batch: DecidedBatch, *, now: datetime
) -> None:
    created = batch.with_outcome(ItemOutcome.CREATED)
    if not created:
        return
    ids = take_ids(session, Customer, len(created))
    rows = [
        _new_customer(account, remote, row_id=row_id, now=now)
        for row_id, remote in zip(ids, created, strict=True)
    ]
    insert_rows(session, Customer, rows)
    for row_id, remote in zip(ids, created, strict=True):
        result = batch.results[remote.remote_id]
        batch.results[remote.remote_id] = replace(result, customer_id=row_id)


def _new_customer(
    account: RemoteAccount, remote: RemoteRow, *, row_id: int, now: datetime
) -> dict[str, object]:
    address = remote.email or make_placeholder_email(
        account.provider,
        company_id=account.company_id,
        remote_account_id=account.remote_account_id,
        remote_id=remote.remote_id,
    )
    return {
        "id": row_id,
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


def _fill(session: Session, run: ImportRun, batch: DecidedBatch, *, now: datetime) -> None:
    """Fill the empty fields of those who are linked; what somebody entered here stays."""
    linked = batch.with_outcome(ItemOutcome.LINKED)
    ids = {batch.results[remote.remote_id].customer_id for remote in linked}
    found = session.scalars(select(Customer).where(Customer.id.in_(ids))) if ids else ()
    customers = {customer.id: customer for customer in found}
    for remote in linked:
        result = batch.results[remote.remote_id]
        customer = customers[result.customer_id or 0]
        values = fillings(customer, remote)
        fill(session, customer, values, account_id=run.account_id, run_id=run.id, now=now)
        batch.results[remote.remote_id] = replace(result, filled_fields=" ".join(values))


def _link(session: Session, account: RemoteAccount, batch: DecidedBatch, *, now: datetime) -> None:
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
            for remote_id, customer_id in batch.customer_ids().items()
        ),
    )
    session.execute(
        update(RemoteCustomer)
        .where(RemoteCustomer.id.in_([*batch.done_ids(), *batch.astray]))
        .values(state=RemoteState.LINKED, why=WhyUnsynced.NEVER_IMPORTED, why_text="", why_at=None)
        .execution_options(synchronize_session=False)
    )


def _settle(
    session: Session, account: RemoteAccount, batch: DecidedBatch, *, now: datetime
) -> None:
    """End the choices that were carried out, and bring the bins of those concerned up to date.

    Concerned is whoever could be a customer who was linked now, and whoever could not be linked.
    """
    carried_out = drop_choices(session, batch.done_ids())
    if carried_out:
        renew_choices(session, account.id, carried_out, now=now)
    results = batch.results
    linked = {
        result.customer_id
        for result in results.values()
        if result.outcome is ItemOutcome.LINKED and result.customer_id is not None
    }
    refused = [batch.remotes[key].id for key, each in results.items() if each.reason in _BIN_IS_OLD]
    if linked or refused:
        refresh_bins(session, account.id, refused, customer_ids=linked | carried_out)


def _record(
    session: Session, items: Iterable[PendingItem], results: Mapping[str, ItemResult]
) -> None:
    statement = (
        update(ImportItem.__table__)  # type: ignore[arg-type]
        .where(ImportItem.id == bindparam("b_id"))
        .values(
            outcome=bindparam("outcome"),
            reason_code=bindparam("reason_code"),
            reason=bindparam("reason"),
            customer_id=bindparam("customer_id"),
            filled_fields=bindparam("filled_fields"),
        )
    )
    rows = [{"b_id": item.id} | _recorded(results[item.remote_id]) for item in items]
    session.connection().execute(statement, rows)


def _recorded(result: ItemResult) -> dict[str, Any]:
    return {
        "outcome": result.outcome,
        "reason_code": result.reason_code,
        "reason": result.reason_words,
        "customer_id": result.customer_id,
        "filled_fields": result.filled_fields,
    }
