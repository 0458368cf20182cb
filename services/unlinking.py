"""End links: the customer stays here, the remote customer is unsynced again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
    WhyUnsynced,
)
from services.audit import AuditAction, record_event
from services.bins import refresh_bins
from services.company_lock import lock_company
from services.customers import books_placeholder, own_placeholder
from services.database import insert_rows
from services.email_addresses import email_key
from services.providers.contract import ProviderKey
from services.remote_counts import VANISHED_FINGERPRINT
from services.sign_ins import SignedIn

#: A remote id, and the customer it is linked to.
Pair = tuple[str, int]


class UnknownLink(Exception):
    """The company has no such customer, or it is not linked to that remote customer any more."""


def unlink(
    session: Session,
    who: SignedIn,
    customer_public_id: str,
    *,
    provider: ProviderKey,
    remote_id: str,
    remote_public_id: str = "",
    now: datetime,
) -> None:
    """End one link by hand; a person decides before it is imported again. Commits.

    What the link filled in stays. Two accounts of a provider may have the same remote id, so
    `remote_public_id` tells which is meant. Raises UnknownLink, also where that is not told.
    """
    lock_company(session, who.company_id)
    of_customer = (Customer.company_id == who.company_id, Customer.public_id == customer_public_id)
    meant = (provider, remote_id, remote_public_id)
    account, _remote, customer_id = find_link(session, meant, *of_customer)
    pair = (remote_id, customer_id)
    ended = unlink_rows(
        session, account, [pair], why=WhyUnsynced.LET_GO, run_id=None, user_id=who.user_id, now=now
    )
    if not ended:
        session.rollback()
        raise UnknownLink
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.UNLINKED,
        subject=customer_public_id,
        detail=provider.value,
        now=now,
    )
    session.commit()


def unlink_rows(
    session: Session,
    account: RemoteAccount,
    pairs: Collection[Pair],
    *,
    why: WhyUnsynced,
    run_id: int | None,
    user_id: int | None = None,
    now: datetime,
) -> Sequence[Pair]:
    """End links of an account, up to some hundred, in the caller's transaction; return the ended.

    Each leaves an event with its customer. The remote customers stand as they do now: unsynced,
    left out or vanished.
    """
    row_ids = lock_remotes(session, account.id, [remote_id for remote_id, _ in pairs])
    ended = _delete_links(session, account.id, pairs)
    free_remotes(session, account.id, [remote_id for remote_id, _ in ended], why=why, now=now)
    _give_own_placeholders(session, account, ended)
    whose = {"company_id": account.company_id, "account_id": account.id, "run_id": run_id}
    written = whose | {"user_id": user_id, "action": CustomerAction.UNLINKED, "at": now}
    customer_ids = {customer_id for _, customer_id in ended}
    insert_rows(
        session,
        CustomerEvent,
        (written | {"customer_id": customer_id} for _, customer_id in ended),
    )
    chosen = chosen_rows(session, account.id, customer_ids)
    refresh_bins(session, account.id, {*row_ids, *chosen}, customer_ids=customer_ids)
    return ended


def lock_remotes(session: Session, account_id: int, remote_ids: Collection[str]) -> Sequence[int]:
    """Return the row ids of the remote customers, held by the caller's transaction, by id."""
    return session.scalars(
        select(RemoteCustomer.id)
        .where(RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(remote_ids))
        .order_by(RemoteCustomer.id)
        .with_for_update()
    ).all()


def free_remotes(
    session: Session,
    account_id: int,
    remote_ids: Collection[str],
    *,
    why: WhyUnsynced,
    now: datetime,
) -> None:
    """Let remote customers stand as they do without a link, in the caller's transaction."""
    is_counted = RemoteCustomer.is_counted.is_(True)
    session.execute(
        update(RemoteCustomer)
        .where(
            RemoteCustomer.account_id == account_id,
            RemoteCustomer.remote_id.in_(remote_ids),
            RemoteCustomer.state == RemoteState.LINKED,
        )
        .values(
            state=case(
                (is_counted, RemoteState.UNSYNCED),
                (RemoteCustomer.fingerprint == VANISHED_FINGERPRINT, RemoteState.VANISHED),
                else_=RemoteState.LEFT_OUT,
            ),
            # Who leaves the compared customers by this is compared anew, and whoever is like it.
            revision=case((is_counted, RemoteCustomer.revision), else_=RemoteCustomer.revision + 1),
            why=why,
            why_text="",
            why_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def chosen_rows(session: Session, account_id: int, customer_ids: Iterable[int]) -> Sequence[int]:
    """Return the rows of the account that a person decided to link to any of the customers."""
    return session.scalars(
        select(ReviewChoice.remote_customer_id).where(
            ReviewChoice.customer_id.in_(customer_ids), ReviewChoice.account_id + 0 == account_id
        )
    ).all()


def find_link(
    session: Session, meant: tuple[ProviderKey, str, str], *of_customer: ColumnElement[bool]
) -> tuple[RemoteAccount, RemoteCustomer, int]:
    """Return the account, who is linked there, and our customer.

    `meant` are provider, remote id and public id, "" where it is not told. Raises UnknownLink if
    it is not one link.
    """
    provider, remote_id, remote_public_id = meant
    query = (
        select(RemoteAccount, RemoteCustomer, CustomerLink.customer_id)
        .select_from(CustomerLink)
        .join(RemoteAccount, RemoteAccount.id == CustomerLink.account_id)
        .join(
            RemoteCustomer,
            (RemoteCustomer.account_id == CustomerLink.account_id)
            & (RemoteCustomer.remote_id == CustomerLink.remote_id),
        )
        .join(Customer, Customer.id == CustomerLink.customer_id)
        .where(
            *of_customer,
            RemoteAccount.provider == provider.value,
            CustomerLink.remote_id == remote_id,
        )
    )
    if remote_public_id:
        query = query.where(RemoteCustomer.public_id == remote_public_id)
    rows = session.execute(query.limit(2)).all()
    if len(rows) != 1:
        session.rollback()
        raise UnknownLink
    account, remote, customer_id = rows[0]
    return account, remote, customer_id


def _give_own_placeholders(
    session: Session, account: RemoteAccount, ended: Collection[Pair]
) -> None:
    """Part customers from the placeholder of the books: their next import gives it again."""
    lent = {
        (customer_id, books_placeholder(account, remote_id)) for remote_id, customer_id in ended
    }
    customers = session.scalars(
        select(Customer)
        .where(
            Customer.id.in_([customer_id for customer_id, _ in lent]),
            Customer.is_placeholder_email.is_(True),
        )
        .order_by(Customer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for customer in customers:
        if (customer.id, customer.email) in lent:
            # No event and no revision: a placeholder is never shown and never compared.
            customer.email = own_placeholder(customer)
            customer.email_key = email_key(customer.email)


def _delete_links(session: Session, account_id: int, pairs: Collection[Pair]) -> list[Pair]:
    wanted = set(pairs)
    rows = session.execute(
        select(CustomerLink.id, CustomerLink.remote_id, CustomerLink.customer_id).where(
            CustomerLink.account_id == account_id,
            CustomerLink.remote_id.in_([remote_id for remote_id, _ in pairs]),
        )
    )
    ended = {
        row_id: (remote_id, customer_id)
        for row_id, remote_id, customer_id in rows
        if (remote_id, customer_id) in wanted
    }
    session.execute(
        delete(CustomerLink)
        .where(CustomerLink.id.in_(ended))
        .execution_options(synchronize_session=False)
    )
    return list(ended.values())
