"""Write one batch of an import: customers, links, outcomes and counters, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from models import (
    Bin,
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
from services.candidates import find_choices
from services.database import insert_rows
from services.email_addresses import email_key
from services.filling import fill, fillings
from services.import_outcomes import ItemResult, OutcomeReason, leave_open, refuse
from services.import_targets import Target, find_targets
from services.kept_parties import COMPARE_AGAIN
from services.placeholder_email import make_placeholder_email
from services.plain_text import plain_line
from services.review_choices import drop_choices, renew_choices
from services.text_keys import search_text

REASON_CHARACTERS = 200
#: Nobody but a person says what becomes of these.
UNSURE = (Bin.MAYBE, Bin.WAITING)


def write_batch(
    session: Session,
    account: RemoteAccount,
    run: ImportRun,
    remote_ids: Sequence[str],
    *,
    now: datetime,
) -> Counter[ItemOutcome]:
    """Give the items their outcome, in the caller's transaction; return the outcomes counted.

    What becomes of an unsynced one is what its bin says. A handful of statements for any size.
    """
    remotes = _remote_customers(session, account.id, remote_ids)
    wanted = [remote for remote in remotes.values() if remote.state is RemoteState.UNSYNCED]
    results = {remote_id: refuse(remotes.get(remote_id)) for remote_id in remote_ids}
    bins = _bins(session, wanted, are_all_carried_out=run.creates_maybes)
    same = [remote for remote in wanted if bins[remote.id] is Bin.SAME]
    results |= _link_same(session, run, same, find_targets(session, same), now=now)
    new = [remote for remote in wanted if bins[remote.id] is Bin.NEW]
    unsure = [remote for remote in wanted if bins[remote.id] in UNSURE]
    if run.creates_maybes:
        new += unsure
    else:
        results |= {remote.remote_id: leave_open(bins[remote.id]) for remote in unsure}
    results |= _create(session, account, new, now=now)
    _link(session, account, results, now=now)
    _settle(session, account, remotes, results, now=now)
    _record(session, run.id, results)
    return Counter(result.outcome for result in results.values())


def fail_item(session: Session, run: ImportRun, remote_id: str, *, now: datetime) -> None:
    """Give the item that broke its outcome, in the caller's transaction; its row says so, too."""
    reason = OutcomeReason.BROKEN.value
    session.execute(
        update(ImportItem)
        .where(ImportItem.run_id == run.id, ImportItem.remote_id == remote_id)
        .values(outcome=ItemOutcome.FAILED, reason=reason)
    )
    session.execute(
        update(RemoteCustomer)
        .where(
            RemoteCustomer.account_id == run.account_id,
            RemoteCustomer.remote_id == remote_id,
            RemoteCustomer.state == RemoteState.UNSYNCED,
        )
        .values(why=WhyUnsynced.FAILED, why_text=reason, why_at=now)
        .execution_options(synchronize_session=False)
    )
    run.failed_count += 1


def _remote_customers(
    session: Session, account_id: int, remote_ids: Sequence[str]
) -> dict[str, RemoteCustomer]:
    rows = session.scalars(
        select(RemoteCustomer)
        .where(RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(remote_ids))
        .order_by(RemoteCustomer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {remote.remote_id: remote for remote in rows}


def _bins(
    session: Session, remotes: Sequence[RemoteCustomer], *, are_all_carried_out: bool
) -> dict[int, Bin]:
    """Return the bins; who changed since the comparison waits, unless a person has decided.

    Where nobody is left open, the last comparison is better than none.
    """
    bins = {remote.id: remote.bin for remote in remotes}
    if are_all_carried_out:
        return bins
    changed = {
        remote.id
        for remote in remotes
        if remote.kept_revision not in (remote.revision, COMPARE_AGAIN)
    }
    decided = find_choices(session, changed) if changed else {}
    return bins | dict.fromkeys(changed - decided.keys(), Bin.WAITING)


def _link_same(
    session: Session,
    run: ImportRun,
    remotes: Sequence[RemoteCustomer],
    targets: Mapping[int, Target],
    *,
    now: datetime,
) -> dict[str, ItemResult]:
    results = {}
    for remote in remotes:
        target = targets.get(remote.id)
        if target is None:
            result = ItemResult(ItemOutcome.SKIPPED, OutcomeReason.TARGET_GONE)
        elif target.customer is None:
            result = ItemResult(ItemOutcome.SKIPPED, OutcomeReason.TARGET_TAKEN)
        else:
            reason = OutcomeReason.CHOSEN if target.is_chosen else target.words
            filled = fillings(target.customer, remote)
            fill(
                session,
                target.customer,
                filled,
                account_id=remote.account_id,
                run_id=run.id,
                now=now,
            )
            result = ItemResult(
                ItemOutcome.LINKED,
                plain_line(reason or OutcomeReason.SAME, REASON_CHARACTERS),
                target.customer.id,
                filled_fields=" ".join(filled),
            )
        results[remote.remote_id] = result
    return results


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
        .values(state=RemoteState.LINKED, why=WhyUnsynced.NEVER_IMPORTED, why_text="", why_at=None)
        .execution_options(synchronize_session=False)
    )


def _settle(
    session: Session,
    account: RemoteAccount,
    remotes: Mapping[str, RemoteCustomer],
    results: Mapping[str, ItemResult],
    *,
    now: datetime,
) -> None:
    """End the choices that were carried out, and bring the bins of those concerned up to date.

    Concerned is whoever could be a customer who was linked now, and whoever could not be linked.
    """
    done = [remotes[key].id for key, each in results.items() if each.customer_id is not None]
    carried_out = drop_choices(session, done)
    if carried_out:
        renew_choices(session, account.id, carried_out, now=now)
    linked = {
        each.customer_id
        for each in results.values()
        if each.outcome is ItemOutcome.LINKED and each.customer_id is not None
    }
    refused = [
        remotes[key].id
        for key, each in results.items()
        if each.reason in (OutcomeReason.TARGET_GONE, OutcomeReason.TARGET_TAKEN)
    ]
    if linked or refused:
        refresh_bins(session, account.id, refused, customer_ids=linked | carried_out)


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
