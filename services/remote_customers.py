"""Store remote customers and keep their state true: unsynced, linked, ignored, gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import bindparam, case, or_, select, update
from sqlalchemy.orm import Session

from models import Customer, CustomerLink, RemoteAccount, RemoteCustomer, RemoteState
from models.base import new_public_id
from services.customer_diff import (
    Difference,
    Stored,
    compare,
    fingerprint,
    is_counted,
    missing,
)
from services.database import in_batches, insert_rows
from services.email_addresses import email_key, first_usable_address
from services.lost_fields import LossCounter
from services.merged_customers import follow_merges
from services.providers.contract import CustomerRecord, RemoteKind, RemoteStatus
from services.reading_pages import ReadingPages
from services.remote_counts import DECIDED, VANISHED_FINGERPRINT
from services.text_keys import search_text, sort_key


def store_difference(
    session: Session,
    *,
    account_id: int,
    reading_id: int,
    pages: ReadingPages,
    is_whole: bool,
    now: datetime,
    accepts_loss: bool = False,
) -> None:
    """Write what a reading changed, in the caller's transaction, 500 rows at a time.

    Links and decisions are never touched: a decided row keeps its state whatever happens there.
    A linked customer's placeholder gives way to an address that the books have gained, and where
    customers were merged the link follows. Raises FieldLost, unless `accepts_loss`, when a field
    vanished from more than a fifth of the customers known before; roll back then.
    """
    account = session.get_one(RemoteAccount, account_id)
    stored = _stored(session, account_id)
    losses = LossCounter(sum(not known.is_vanished for known in stored.values()))
    merges: dict[str, str] = {}
    for records in in_batches(pages.records()):
        difference = compare(records, stored, is_whole=False)
        if not accepts_loss:
            losses.count(session, account_id, difference.changed)
        _insert_rows(session, account, difference.added, reading_id=reading_id)
        _update_rows(session, account, difference.changed)
        _replace_placeholders(session, account, difference.changed)
        _mark_vanished(session, account_id, difference.vanished)
        merges |= _merges(difference)
    if is_whole:
        for gone in in_batches(missing(pages, stored)):
            _mark_vanished(session, account_id, gone)
    follow_merges(session, account, merges, now=now)


def set_sub_customers(session: Session, account: RemoteAccount, *, are_included: bool) -> None:
    """Include sub-customers in the count or leave them out, in the caller's transaction.

    Takes effect at once, without a reading; decisions stay.
    """
    account.includes_sub_customers = are_included
    state = RemoteState.UNSYNCED if are_included else RemoteState.LEFT_OUT
    session.execute(
        update(RemoteCustomer)
        .where(
            RemoteCustomer.account_id == account.id,
            RemoteCustomer.kind == RemoteKind.SUB_CUSTOMER.value,
            RemoteCustomer.status == RemoteStatus.ACTIVE.value,
            RemoteCustomer.fingerprint != VANISHED_FINGERPRINT,
        )
        .values(
            is_counted=are_included,
            state=case((RemoteCustomer.state.in_(DECIDED), RemoteCustomer.state), else_=state),
        )
        .execution_options(synchronize_session=False)
    )


def count_gone(session: Session, account_id: int, pages: ReadingPages) -> tuple[int, int]:
    """Return how many customers were there before, and how many of them a whole list misses."""
    known = _stored(session, account_id)
    return sum(not one.is_vanished for one in known.values()), len(missing(pages, known))


def _merges(difference: Difference) -> dict[str, str]:
    return {
        record.remote_id: record.merged_into_remote_id
        for record in (*difference.added, *difference.changed)
        if record.merged_into_remote_id
    }


def _stored(session: Session, account_id: int) -> dict[str, Stored]:
    rows = session.execute(
        select(RemoteCustomer.remote_id, RemoteCustomer.fingerprint).where(
            RemoteCustomer.account_id == account_id
        )
    )
    return {
        remote_id: Stored(digest, is_vanished=digest == VANISHED_FINGERPRINT)
        for remote_id, digest in rows
    }


def _insert_rows(
    session: Session,
    account: RemoteAccount,
    records: Iterable[CustomerRecord],
    *,
    reading_id: int,
) -> None:
    rows = (_new_row(account, record, reading_id=reading_id) for record in records)
    insert_rows(session, RemoteCustomer, rows)


def _new_row(
    account: RemoteAccount, record: CustomerRecord, *, reading_id: int
) -> dict[str, object]:
    return _columns(account, record) | {
        "public_id": new_public_id(),
        "company_id": account.company_id,
        "account_id": account.id,
        "remote_id": record.remote_id,
        "state": _undecided_state(account, record),
        "first_reading_id": reading_id,
    }


def _columns(account: RemoteAccount, record: CustomerRecord) -> dict[str, object]:
    email = first_usable_address(record.emails_text)
    return {
        "is_counted": is_counted(record, includes_sub_customers=account.includes_sub_customers),
        "fingerprint": fingerprint(record),
        "name": record.name,
        "sort_key": sort_key(record.name),
        "company_name": record.company_name,
        "person_name": record.person_name,
        "email": email,
        "email_key": email_key(email) if email else None,
        "has_email": email is not None,
        "emails_text": record.emails_text,
        "phone": record.phone,
        "other_phones": "\n".join(record.other_phones),
        "address": record.address,
        "other_addresses": "\n".join(record.other_addresses),
        "search_text": search_text(
            record.name,
            record.company_name,
            record.person_name,
            record.emails_text,
            *record.other_phones,
            phone=record.phone,
        ),
        "status": record.status.value,
        "kind": record.kind.value,
        "parent_remote_id": record.parent_remote_id,
        "merged_into_remote_id": record.merged_into_remote_id,
        "balance_cents": record.balance_cents or 0,
        "currency": record.currency[:8],
        "remote_updated_at": record.remote_updated_at,
    }


def _undecided_state(account: RemoteAccount, record: CustomerRecord) -> RemoteState:
    counted = is_counted(record, includes_sub_customers=account.includes_sub_customers)
    return RemoteState.UNSYNCED if counted else RemoteState.LEFT_OUT


def _update_rows(
    session: Session, account: RemoteAccount, records: Iterable[CustomerRecord]
) -> None:
    rows = [
        _columns(account, record)
        | {
            "b_account_id": account.id,
            "b_remote_id": record.remote_id,
            "b_state": _undecided_state(account, record),
        }
        for record in records
    ]
    if not rows:
        return
    # Not IN: its list is expanded per statement, which a batch of statements cannot do.
    is_decided = or_(*(RemoteCustomer.state == state for state in DECIDED))
    keep_decision = case(
        (is_decided, RemoteCustomer.state),
        else_=bindparam("b_state", type_=RemoteCustomer.state.type),
    )
    statement = (
        update(RemoteCustomer.__table__)  # type: ignore[arg-type]
        .where(
            RemoteCustomer.account_id == bindparam("b_account_id"),
            RemoteCustomer.remote_id == bindparam("b_remote_id"),
        )
        .values(
            state=keep_decision,
            **{name: bindparam(name) for name in rows[0] if not name.startswith("b_")},
        )
    )
    session.connection().execute(statement, rows)


def _replace_placeholders(
    session: Session, account: RemoteAccount, records: Iterable[CustomerRecord]
) -> None:
    """Give linked customers without an address the one that the books have gained.

    Only a placeholder gives way; an address somebody entered here stays. The signup day stays.
    """
    addresses = {record.remote_id: first_usable_address(record.emails_text) for record in records}
    gained = [remote_id for remote_id, address in addresses.items() if address]
    rows = session.execute(
        select(CustomerLink.remote_id, Customer)
        .join(Customer, Customer.id == CustomerLink.customer_id)
        .where(
            CustomerLink.account_id == account.id,
            CustomerLink.remote_id.in_(gained),
            Customer.is_placeholder_email.is_(True),
        )
    )
    for remote_id, customer in rows.all():
        address = addresses[remote_id] or customer.email
        customer.email = address
        customer.email_key = email_key(address)
        customer.is_placeholder_email = False
        customer.search_text = search_text(
            customer.name, customer.company_name, address, phone=customer.phone
        )


def _mark_vanished(session: Session, account_id: int, remote_ids: Collection[str]) -> None:
    if not remote_ids:
        return
    session.execute(
        update(RemoteCustomer)
        .where(RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(remote_ids))
        .values(
            is_counted=False,
            fingerprint=VANISHED_FINGERPRINT,
            state=case(
                (RemoteCustomer.state.in_(DECIDED), RemoteCustomer.state),
                else_=RemoteState.VANISHED,
            ),
        )
        .execution_options(synchronize_session=False)
    )
