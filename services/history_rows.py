"""What the history of one customer is put together from: items, events, links and runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from models import (
    AuditEvent,
    Customer,
    CustomerEvent,
    CustomerLink,
    ImportItem,
    ImportRun,
    ItemOutcome,
    RemoteAccount,
    RunKind,
    User,
)
from services.audit import AuditAction
from services.providers.contract import ProviderKey
from services.review_rows import AnyRow


@dataclass(frozen=True, slots=True)
class RunName:
    """An import or its undo. `number` is that of the import; they count from 1 in a company."""

    public_id: str
    number: int
    provider: ProviderKey
    is_undo: bool


def read_items(session: Session, customer: Customer) -> Sequence[AnyRow]:
    """Return how imports created or linked the customer."""
    return session.execute(
        select(
            ImportItem.run_id,
            ImportItem.remote_id,
            ImportItem.outcome,
            ImportRun.account_id,
            ImportRun.created_at,
            ImportRun.finished_at,
            User.name.label("by_name"),
        )
        .join(ImportRun, ImportRun.id == ImportItem.run_id)
        .outerjoin(User, User.id == ImportRun.requested_by_id)
        .where(
            ImportItem.customer_id == customer.id,
            ImportItem.outcome.in_((ItemOutcome.CREATED, ItemOutcome.LINKED)),
        )
        .order_by(ImportItem.id)
    ).all()


def read_events(session: Session, customer: Customer) -> Sequence[AnyRow]:
    """Return what happened to fields and links, in that order."""
    return session.execute(
        select(
            CustomerEvent.at,
            CustomerEvent.action,
            CustomerEvent.run_id,
            CustomerEvent.account_id,
            CustomerEvent.field,
            CustomerEvent.before,
            CustomerEvent.after,
            RemoteAccount.provider,
            func.coalesce(User.name, "").label("by_name"),
        )
        .outerjoin(RemoteAccount, RemoteAccount.id == CustomerEvent.account_id)
        .outerjoin(User, User.id == CustomerEvent.user_id)
        .where(CustomerEvent.customer_id == customer.id)
        .order_by(CustomerEvent.at, CustomerEvent.id)
    ).all()


def read_links(session: Session, customer: Customer) -> Sequence[AnyRow]:
    """Return the links that there are."""
    return session.execute(
        select(
            CustomerLink.account_id,
            CustomerLink.remote_id,
            CustomerLink.linked_at,
            RemoteAccount.provider,
        )
        .join(RemoteAccount, RemoteAccount.id == CustomerLink.account_id)
        .where(CustomerLink.customer_id == customer.id)
    ).all()


def read_runs(session: Session, company_id: int, run_ids: Collection[int]) -> dict[int, RunName]:
    """Return the runs by row id. An undo bears the number of what it takes back."""
    earlier = aliased(ImportRun)
    number = (
        select(func.count(earlier.id))
        .where(
            earlier.company_id == company_id,
            earlier.kind == RunKind.IMPORT,
            earlier.id <= func.coalesce(ImportRun.undoes_id, ImportRun.id),
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(ImportRun.id, ImportRun.public_id, ImportRun.kind, RemoteAccount.provider, number)
        .join(RemoteAccount, RemoteAccount.id == ImportRun.account_id)
        .where(ImportRun.id.in_(run_ids))
    )
    return {
        run_id: RunName(public_id, count, ProviderKey(provider), kind is RunKind.UNDO)
        for run_id, public_id, kind, provider, count in rows
    }


def find_adder(session: Session, customer: Customer) -> str:
    """Return who added it by hand: the audit has it at the very moment."""
    name = session.scalar(
        select(User.name)
        .join(AuditEvent, AuditEvent.user_id == User.id)
        .where(
            AuditEvent.company_id == customer.company_id,
            AuditEvent.at == customer.created_at,
            AuditEvent.action == AuditAction.CUSTOMER_ADDED.value,
            AuditEvent.subject == customer.public_id,
        )
    )
    return name or ""
