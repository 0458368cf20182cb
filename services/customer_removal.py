"""Remove customers here, with everything that hangs on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerLink,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    MatchSuggestion,
    ReviewChoice,
    WhyUnsynced,
)
from services.audit import AuditAction, record_event
from services.bins import refresh_bins
from services.company_lock import lock_company
from services.customers import UnknownCustomer as UnknownCustomer
from services.kept_removal import end_matching, forget_kept
from services.sign_ins import SignedIn
from services.unlinking import free_remotes, lock_remotes

#: The row id that no customer has.
NOBODY = 0
#: Rows of remote customers, by account.
RowsByAccount = Mapping[int, set[int]]


def remove_customer(session: Session, who: SignedIn, public_id: str, *, now: datetime) -> None:
    """Remove a customer of the company; whoever it was linked to is unsynced again. Commits.

    Those wait for a person before they are imported again. Raises UnknownCustomer.
    """
    lock_company(session, who.company_id)
    end_matching(session, who.company_id, now=now)
    customer_id = session.scalar(
        select(Customer.id).where(
            Customer.company_id == who.company_id, Customer.public_id == public_id
        )
    )
    if customer_id is None:
        session.rollback()
        raise UnknownCustomer
    links = remove_rows(session, who.company_id, [customer_id], now=now)
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.CUSTOMER_REMOVED,
        subject=public_id,
        detail=f"{links} linked",
        now=now,
    )
    session.commit()


def remove_rows(
    session: Session,
    company_id: int,
    customer_ids: Collection[int],
    *,
    why: WhyUnsynced = WhyUnsynced.REMOVED_HERE,
    now: datetime,
) -> int:
    """Remove customers of the company, up to some hundred, in the caller's transaction.

    Return how many links ended. Whoever they were linked to stands as it does now, for this
    reason; whom they were suggested for, or chosen for, gets the bin of who is left. The caller
    has called `end_matching` before it locked anything.
    """
    if not customer_ids:
        return 0
    links = _links(session, company_id, customer_ids)
    freed = {
        account_id: set(lock_remotes(session, account_id, remote_ids))
        for account_id, remote_ids in sorted(links.items())
    }
    concerned = _concerned(session, customer_ids)
    forget_kept(session, company_id, customer_ids)
    _forget_targets(session, company_id, customer_ids)
    for account_id, remote_ids in links.items():
        free_remotes(session, account_id, remote_ids, why=why, now=now)
    # The rest follows the customer by its foreign keys: links, history, choices, suggestions.
    session.execute(
        delete(Customer)
        .where(Customer.id.in_(customer_ids), Customer.company_id == company_id)
        .execution_options(synchronize_session=False)
    )
    for account_id in sorted(freed.keys() | concerned.keys()):
        rows = freed.get(account_id, set()) | concerned.get(account_id, set())
        refresh_bins(session, account_id, rows)
    return sum(map(len, links.values()))


def _links(
    session: Session, company_id: int, customer_ids: Collection[int]
) -> Mapping[int, list[str]]:
    """Return to whom the customers of the company are linked, by account."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    rows = session.execute(
        select(CustomerLink.account_id, CustomerLink.remote_id).where(
            CustomerLink.company_id == company_id, CustomerLink.customer_id.in_(customer_ids)
        )
    )
    for account_id, remote_id in rows:
        found[account_id].append(remote_id)
    return found


def _concerned(session: Session, customer_ids: Collection[int]) -> RowsByAccount:
    """Return for whom any of the customers was suggested, or chosen by a person."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for table in (MatchSuggestion, ReviewChoice):
        rows = session.execute(
            select(table.account_id, table.remote_customer_id).where(
                table.customer_id.in_(customer_ids)
            )
        )
        for account_id, row_id in rows:
            found[account_id].add(row_id)
    return found


def _forget_targets(session: Session, company_id: int, customer_ids: Collection[int]) -> None:
    """Have imports that wait link nobody to the next customer who gets the same row id.

    Nor those that were stopped: whoever continues one has the same said again.
    """
    run_ids = session.scalars(
        select(ImportRun.id).where(
            ImportRun.company_id == company_id, ImportRun.state != ImportState.FINISHED
        )
    ).all()
    if run_ids:
        session.execute(
            update(ImportItem)
            .where(
                ImportItem.run_id.in_(run_ids),
                ImportItem.outcome.in_((ItemOutcome.PENDING, ItemOutcome.SKIPPED)),
                ImportItem.planned_customer_id.in_(customer_ids),
            )
            .values(planned_customer_id=NOBODY)
            .execution_options(synchronize_session=False)
        )
