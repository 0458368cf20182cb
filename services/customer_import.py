"""Turn chosen remote customers into customers here, batch by batch, each exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerLink,
    CustomerOrigin,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
)
from models.base import new_public_id
from services.accounts import SignedIn
from services.audit import AuditAction, record_event
from services.database import BATCH_ROWS, in_batches, insert_rows
from services.email_addresses import email_key
from services.placeholder_email import make_placeholder_email
from services.text_keys import search_text

GONE = "no longer in the accounting software"
ALREADY_LINKED = "already linked"
IGNORED = "ignored meanwhile"


class NothingChosen(Exception):
    """The import names no customer of this account."""


def start_import(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    public_ids: Sequence[str],
    now: datetime,
) -> ImportRun:
    """Write the run and one pending item per chosen remote customer. Commits.

    Ids of nobody in this account are left out. Raises NothingChosen; a second active run of the
    account raises IntegrityError.
    """
    chosen = sorted(_remote_ids(session, account_id, public_ids))
    if not chosen:
        raise NothingChosen
    run = ImportRun(
        company_id=who.company_id,
        account_id=account_id,
        requested_by_id=who.user_id,
        state=ImportState.QUEUED,
        created_at=now,
        chosen_count=len(chosen),
    )
    session.add(run)
    session.flush()
    insert_rows(
        session,
        ImportItem,
        (
            {"run_id": run.id, "remote_id": remote_id, "outcome": ItemOutcome.PENDING}
            for remote_id in chosen
        ),
    )
    session.commit()
    return run


def process_batch(session: Session, run_id: int, *, now: datetime, size: int = BATCH_ROWS) -> bool:
    """Give the next pending items their outcome; return whether any are left. Commits.

    Customers, links, items, the state of the remote customers and the run's counters change in
    one transaction, so a process killed in the middle leaves nothing behind, and the next batch
    begins where the last whole one ended.
    """
    run = session.get_one(ImportRun, run_id)
    pending = session.scalars(
        select(ImportItem.remote_id)
        .where(ImportItem.run_id == run_id, ImportItem.outcome == ItemOutcome.PENDING)
        .order_by(ImportItem.remote_id)
        .limit(size)
    ).all()
    if not pending:
        _finish(session, run, now=now)
        return False
    account = session.get_one(RemoteAccount, run.account_id)
    remotes = _remote_customers(session, run.account_id, pending)
    wanted = [remote for remote in remotes.values() if remote.state is RemoteState.UNSYNCED]
    customer_ids = _create_customers(session, account, wanted, now=now)
    outcomes = _record_outcomes(session, run_id, pending, remotes, customer_ids)
    run.state = ImportState.RUNNING
    run.created_count += outcomes[ItemOutcome.CREATED]
    run.skipped_count += outcomes[ItemOutcome.SKIPPED]
    run.failed_count += outcomes[ItemOutcome.FAILED]
    session.commit()
    return True


def _record_outcomes(
    session: Session,
    run_id: int,
    pending: Sequence[str],
    remotes: Mapping[str, RemoteCustomer],
    customer_ids: Mapping[str, int],
) -> Counter[ItemOutcome]:
    rows: list[dict[str, object]] = []
    outcomes = Counter[ItemOutcome]()
    for remote_id in pending:
        outcome, reason = _outcome(remotes.get(remote_id), is_created=remote_id in customer_ids)
        outcomes[outcome] += 1
        rows.append(
            {
                "b_remote_id": remote_id,
                "outcome": outcome,
                "reason": reason,
                "customer_id": customer_ids.get(remote_id),
            }
        )
    statement = (
        update(ImportItem.__table__)  # type: ignore[arg-type]
        .where(ImportItem.run_id == run_id, ImportItem.remote_id == bindparam("b_remote_id"))
        .values(
            outcome=bindparam("outcome"),
            reason=bindparam("reason"),
            customer_id=bindparam("customer_id"),
        )
    )
    session.connection().execute(statement, rows)
    return outcomes


def _remote_ids(session: Session, account_id: int, public_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for batch in in_batches(public_ids):
        found.update(
            session.scalars(
                select(RemoteCustomer.remote_id).where(
                    RemoteCustomer.account_id == account_id, RemoteCustomer.public_id.in_(batch)
                )
            )
        )
    return found


def _remote_customers(
    session: Session, account_id: int, remote_ids: Sequence[str]
) -> dict[str, RemoteCustomer]:
    rows = session.scalars(
        select(RemoteCustomer).where(
            RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(remote_ids)
        )
    )
    return {remote.remote_id: remote for remote in rows}


def _create_customers(
    session: Session, account: RemoteAccount, remotes: Sequence[RemoteCustomer], *, now: datetime
) -> dict[str, int]:
    """Insert customers and links; return the customer's row id by remote id."""
    if not remotes:
        return {}
    rows = {remote.remote_id: _new_customer(account, remote, now=now) for remote in remotes}
    insert_rows(session, Customer, rows.values())
    ids = {
        public_id: row_id
        for row_id, public_id in session.execute(
            select(Customer.id, Customer.public_id).where(
                Customer.public_id.in_([row["public_id"] for row in rows.values()])
            )
        )
    }
    customer_ids = {remote_id: ids[str(row["public_id"])] for remote_id, row in rows.items()}
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
            for remote_id, customer_id in customer_ids.items()
        ),
    )
    session.execute(
        update(RemoteCustomer)
        .where(
            RemoteCustomer.account_id == account.id,
            RemoteCustomer.remote_id.in_(customer_ids),
        )
        .values(state=RemoteState.LINKED)
        .execution_options(synchronize_session=False)
    )
    return customer_ids


def _new_customer(
    account: RemoteAccount, remote: RemoteCustomer, *, now: datetime
) -> dict[str, object]:
    placeholder = make_placeholder_email(
        account.provider,
        company_id=account.company_id,
        remote_account_id=account.remote_account_id,
        remote_id=remote.remote_id,
    )
    address = remote.email or placeholder
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


def _outcome(remote: RemoteCustomer | None, *, is_created: bool) -> tuple[ItemOutcome, str]:
    if is_created:
        return ItemOutcome.CREATED, ""
    if remote is None or remote.state in (RemoteState.VANISHED, RemoteState.LEFT_OUT):
        return ItemOutcome.FAILED, GONE
    if remote.state is RemoteState.LINKED:
        return ItemOutcome.SKIPPED, ALREADY_LINKED
    return ItemOutcome.SKIPPED, IGNORED


def _finish(session: Session, run: ImportRun, *, now: datetime) -> None:
    if run.state is ImportState.FINISHED:
        return
    run.state = ImportState.FINISHED
    run.finished_at = now
    record_event(
        session,
        company_id=run.company_id,
        user_id=run.requested_by_id,
        action=AuditAction.IMPORTED,
        subject=run.public_id,
        detail=f"{run.created_count} created",
        now=now,
    )
    session.commit()
