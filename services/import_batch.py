"""Write one batch of an import: customers, links, outcomes and counters, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from models import (
    Customer,
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
from services.bins import SOMEBODYS_WILL, refresh_bins
from services.differences import refresh_differing
from services.driver_rows import insert_tuples, update_tuples
from services.email_addresses import email_key
from services.filling import fill, fillings
from services.import_outcomes import ItemResult, OutcomeReason
from services.import_rows import DecidedBatch, PendingItem, RemoteRow, decide_batch, span_of
from services.import_statements import LINK_DONE, MARK_DONE, STANDING_COLUMNS
from services.import_texts import SearchTexts, text_of
from services.placeholder_email import make_placeholder_email
from services.review_choices import drop_choices, renew_choices
from services.row_ids import take_ids

_CUSTOMER_COLUMNS = (
    "id",
    "public_id",
    "name",
    "sort_key",
    "company_name",
    "email",
    "email_key",
    "is_placeholder_email",
    "phone",
    "address",
    "search_text",
)
#: Reasons that mean the bin of the row is not true any more.
_BIN_IS_OLD = (OutcomeReason.TARGET_GONE, OutcomeReason.TARGET_TAKEN)
#: The row's id stands before it.
_REMOTE_ID = STANDING_COLUMNS + 1
NOT_READY: SearchTexts = MappingProxyType({})


def write_batch(
    session: Session,
    account: RemoteAccount,
    run: ImportRun,
    items: Sequence[PendingItem],
    *,
    texts: SearchTexts = NOT_READY,
    now: datetime,
) -> Counter[ItemOutcome]:
    """Give the items their outcome, in the caller's transaction; return the outcomes counted.

    They are the run's next pending ones in the order of their remote ids. Each is decided anew and
    held against what a person was told; whoever has locked the company sees whom the batch before
    created, from whatever books. `texts` are those made before, for whoever has not changed since.
    A handful of statements for any size (benchmarks/importing.py).
    """
    batch = decide_batch(session, account, run, items)
    _create(session, account, batch, texts=texts, now=now)
    _fill(session, run, batch, now=now)
    _record(session, items, batch)
    _link(session, account, run, items, now=now)
    _mark_astray(session, batch.astray())
    linked = batch.with_outcome(ItemOutcome.LINKED)
    refresh_differing(session, account.id, [remote.remote_id for remote in linked])
    _settle(session, account, batch, now=now)
    return Counter(result.outcome for result in batch.results.values())


def fail_item(session: Session, run: ImportRun, item: PendingItem, *, now: datetime) -> None:
    """Give the item that broke its outcome, in the caller's transaction; its row says so, too.

    Not of whom somebody took out here: the row goes on saying that, and no import of many takes it.
    """
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
            RemoteCustomer.why.not_in(SOMEBODYS_WILL),
        )
        .values(why=WhyUnsynced.FAILED, why_text=reason.value, why_at=now)
        .execution_options(synchronize_session=False)
    )
    run.failed_count += 1


def _create(
    session: Session,
    account: RemoteAccount,
    batch: DecidedBatch,
    *,
    texts: SearchTexts,
    now: datetime,
) -> None:
    created = batch.with_outcome(ItemOutcome.CREATED)
    if not created:
        return
    ids = take_ids(session, Customer, len(created))
    insert_tuples(
        session,
        Customer,
        _CUSTOMER_COLUMNS,
        (
            _new_customer(account, remote, row_id=row_id, texts=texts)
            for row_id, remote in zip(ids, created, strict=True)
        ),
        same={
            "company_id": account.company_id,
            "origin": CustomerOrigin.IMPORT,
            "created_at": now,
        },
    )
    batch.customer_ids.update(zip((remote.remote_id for remote in created), ids, strict=True))


def _new_customer(
    account: RemoteAccount, remote: RemoteRow, *, row_id: int, texts: SearchTexts
) -> tuple[int | str | bool, ...]:
    """Return the row of a customer, in the order of the columns."""
    # Taken apart at once: a row looks up each name that it is asked for.
    remote_id, _, _, name, sort_key, company_name, email, phone, address = remote[_REMOTE_ID:]
    written = email or make_placeholder_email(
        account.provider,
        company_id=account.company_id,
        remote_account_id=account.remote_account_id,
        remote_id=remote_id,
    )
    return (
        row_id,
        new_public_id(),
        name,
        sort_key,
        company_name,
        written,
        email_key(written),
        email is None,
        phone,
        address,
        text_of((name, company_name, email, phone), texts),
    )


def _fill(session: Session, run: ImportRun, batch: DecidedBatch, *, now: datetime) -> None:
    """Fill the empty fields of those who are linked; what somebody entered here stays."""
    linked = batch.with_outcome(ItemOutcome.LINKED)
    ids = {batch.customer_ids[remote.remote_id] for remote in linked}
    found = session.scalars(select(Customer).where(Customer.id.in_(ids))) if ids else ()
    customers = {customer.id: customer for customer in found}
    for remote in linked:
        customer = customers[batch.customer_ids[remote.remote_id]]
        values = fillings(customer, remote)
        fill(session, customer, values, account_id=run.account_id, run_id=run.id, now=now)
        result = batch.results[remote.remote_id]
        batch.results[remote.remote_id] = replace(result, filled_fields=" ".join(values))


def _link(
    session: Session,
    account: RemoteAccount,
    run: ImportRun,
    items: Sequence[PendingItem],
    *,
    now: datetime,
) -> None:
    """Link those of the batch who have a customer now, as their items say."""
    span, connection = span_of(account, run, items), session.connection()
    connection.execute(LINK_DONE, span | {"now": now})
    connection.execute(MARK_DONE, span)


def _mark_astray(session: Session, row_ids: Sequence[int]) -> None:
    """Let the rows know that they are linked."""
    if row_ids:
        session.execute(
            update(RemoteCustomer)
            .where(RemoteCustomer.id.in_(row_ids))
            .values(state=RemoteState.LINKED)
            .execution_options(synchronize_session=False)
        )


def _settle(
    session: Session, account: RemoteAccount, batch: DecidedBatch, *, now: datetime
) -> None:
    """End the choices that were carried out, and bring the bins of those concerned up to date.

    Concerned is whoever could be a customer who was linked now, and whoever could not be linked.
    """
    carried_out = drop_choices(session, batch.carried_out())
    if carried_out:
        renew_choices(session, account.id, carried_out, now=now)
    results = batch.results.items()
    linked = {each.customer_id for _, each in results if each.customer_id is not None}
    refused = [batch.remotes[key].id for key, each in results if each.reason in _BIN_IS_OLD]
    if linked or refused:
        refresh_bins(session, account.id, refused, customer_ids=linked | carried_out)


def _record(session: Session, items: Sequence[PendingItem], batch: DecidedBatch) -> None:
    """Write the outcomes into the items; those of new customers, mostly all, the short way."""
    results, customer_ids = batch.results, batch.customer_ids
    created = [item for item in items if results[item.remote_id].outcome is ItemOutcome.CREATED]
    update_tuples(
        session,
        ImportItem,
        "customer_id",
        ((customer_ids[item.remote_id], item.id) for item in created),
        same={"outcome": ItemOutcome.CREATED},
    )
    others = [
        {"b_id": item.id} | _recorded(results[item.remote_id])
        for item in items
        if results[item.remote_id].outcome is not ItemOutcome.CREATED
    ]
    if others:
        table: Any = ImportItem.__table__
        values: dict[str, Any] = {name: bindparam(name) for name in others[0] if name != "b_id"}
        statement = update(table).where(ImportItem.id == bindparam("b_id")).values(values)
        session.connection().execute(statement, others)


def _recorded(result: ItemResult) -> dict[str, Any]:
    return {
        "outcome": result.outcome,
        "reason_code": result.reason_code,
        "reason": result.reason_words,
        "customer_id": result.customer_id,
        "filled_fields": result.filled_fields,
    }
