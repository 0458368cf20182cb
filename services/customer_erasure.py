"""Erase one customer for good: here, in what was read of it, and in the receipts of imports.

Removing (customer_removal) leaves what the books said; this does not. See
docs/decisions/0007-erasing-keeps-the-remote-id.md.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, or_, select, update
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerLink,
    ImportItem,
    ImportRun,
    KeptFrequencies,
    RemoteAccount,
)
from services.audit import AuditAction, record_event
from services.company_lock import lock_company
from services.customer_remotes import Remotes, find_remotes
from services.customer_removal import remove_rows
from services.customers import UnknownCustomer as UnknownCustomer
from services.erased_remotes import erase_remotes
from services.import_outcomes import OutcomeReason
from services.kept_removal import end_matching
from services.sign_ins import SignedIn
from services.unlinking import lock_remotes

_WORDS_BY_CODE = {reason.code: reason.value for reason in OutcomeReason}


def erase_customer(session: Session, who: SignedIn, public_id: str, *, now: datetime) -> None:
    """Erase a customer of the company and what the books said of it. Commits.

    Whom it is linked to, and who was merged into these there, stay ignored, by their id there, and
    no reading stores again who they are. Imports keep their numbers. Raises UnknownCustomer.
    """
    lock_company(session, who.company_id)
    end_matching(session, who.company_id, now=now)
    customer_id = _find(session, who.company_id, public_id)
    remotes = _lock(session, customer_id)
    links = _count_links(session, customer_id)
    _forget_words(session, customer_id, remotes)
    remove_rows(session, who.company_id, [customer_id], now=now)
    for account_id, found in sorted(remotes.items()):
        erase_remotes(session, account_id, found, user_id=who.user_id, now=now)
    _forget_frequencies(session, who.company_id)
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.CUSTOMER_ERASED,
        subject=public_id,
        detail=f"{links} linked",
        now=now,
    )
    session.commit()


def _find(session: Session, company_id: int, public_id: str) -> int:
    customer_id = session.scalar(
        select(Customer.id).where(
            Customer.company_id == company_id, Customer.public_id == public_id
        )
    )
    if customer_id is None:
        session.rollback()
        raise UnknownCustomer
    return customer_id


def _lock(session: Session, customer_id: int) -> Remotes:
    """Hold the customer and whoever it is in the books; return these.

    Remote customers first, as everybody does. A link that an import or a reading made meanwhile
    is seen by the second look, and none can come after it.
    """
    _lock_linked(session, customer_id)
    session.execute(select(Customer.id).where(Customer.id == customer_id).with_for_update())
    return _lock_linked(session, customer_id)


def _lock_linked(session: Session, customer_id: int) -> Remotes:
    found = find_remotes(session, customer_id)
    for account_id in sorted(found):
        lock_remotes(session, account_id, tuple(found[account_id].values()))
    return found


def _count_links(session: Session, customer_id: int) -> int:
    return len(
        session.scalars(
            select(CustomerLink.id).where(CustomerLink.customer_id == customer_id)
        ).all()
    )


def _forget_words(session: Session, customer_id: int, remotes: Remotes) -> None:
    """Let the items of imports say why in the words of everybody: theirs may be about a person."""
    conditions = [ImportItem.customer_id == customer_id]
    for account_id, found in remotes.items():
        conditions.append(_is_about(account_id, found.values()))
    session.execute(
        update(ImportItem)
        .where(or_(*conditions))
        .values(reason=case(_WORDS_BY_CODE, value=ImportItem.reason_code, else_=""))
        .execution_options(synchronize_session=False)
    )


def _is_about(account_id: int, remote_ids: Collection[str]) -> ColumnElement[bool]:
    runs = select(ImportRun.id).where(ImportRun.account_id == account_id)
    return and_(ImportItem.run_id.in_(runs), ImportItem.remote_id.in_(remote_ids))


def _forget_frequencies(session: Session, company_id: int) -> None:
    """Forget how often names and numbers occur: rare ones tell. The next matching counts anew."""
    is_ours = RemoteAccount.company_id == company_id
    session.execute(
        delete(KeptFrequencies)
        .where(KeptFrequencies.account_id.in_(select(RemoteAccount.id).where(is_ours)))
        .execution_options(synchronize_session=False)
    )
    # Who counts as matched has frequencies.
    session.execute(
        update(RemoteAccount)
        .where(is_ours)
        .values(matched_at=None)
        .execution_options(synchronize_session=False)
    )
