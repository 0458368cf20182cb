"""Imports as pages and commands show them: progress, receipt, history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models import (
    Customer,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteAccount,
    RemoteCustomer,
    User,
)
from services.providers.contract import ProviderKey

PAGE_ROWS = 50
RUNS_SHOWN = 50


class UnknownImport(Exception):
    """The company has no such import."""


@dataclass(frozen=True, slots=True)
class ImportView:
    """One run. created + linked + skipped + failed is `done`; at the end it is `chosen`.

    `number` counts the company's imports from 1.
    """

    public_id: str
    number: int
    provider: ProviderKey
    state: ImportState
    requested_by_name: str
    created_at: datetime
    finished_at: datetime | None
    chosen: int
    created: int
    linked: int
    skipped: int
    failed: int

    @property
    def done(self) -> int:
        return self.created + self.linked + self.skipped + self.failed

    @property
    def is_active(self) -> bool:
        return self.state is not ImportState.FINISHED


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What became of one customer. `customer_public_id` leads to the customer, if there is one."""

    remote_id: str
    name: str
    outcome: ItemOutcome
    reason: str
    customer_public_id: str | None


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items of a run by remote id. `next_after` continues them, None at the end."""

    rows: tuple[ItemRow, ...]
    next_after: str | None


def view_import(session: Session, company_id: int, public_id: str) -> ImportView:
    """Return one run of the company. Raises UnknownImport."""
    query = _runs(company_id).where(ImportRun.public_id == public_id)
    view = next(iter(_views(session, query)), None)
    if view is None:
        raise UnknownImport
    return view


def list_imports(
    session: Session, company_id: int, *, provider: ProviderKey
) -> Sequence[ImportView]:
    """Return the latest runs from one provider, newest first. One statement."""
    query = (
        _runs(company_id)
        .where(RemoteAccount.provider == provider.value)
        .order_by(ImportRun.id.desc())
        .limit(RUNS_SHOWN)
    )
    return _views(session, query)


def list_items(
    session: Session,
    company_id: int,
    public_id: str,
    *,
    outcomes: Sequence[ItemOutcome],
    after: str | None = None,
) -> ItemPage:
    """Return items of a run that ended in one of the outcomes, by key. One statement."""
    query = (
        select(ImportItem, RemoteCustomer.name, Customer.public_id)
        .join(ImportRun, ImportRun.id == ImportItem.run_id)
        .outerjoin(
            RemoteCustomer,
            (RemoteCustomer.account_id == ImportRun.account_id)
            & (RemoteCustomer.remote_id == ImportItem.remote_id),
        )
        .outerjoin(Customer, Customer.id == ImportItem.customer_id)
        .where(
            ImportRun.company_id == company_id,
            ImportRun.public_id == public_id,
            ImportItem.outcome.in_(outcomes),
        )
        .order_by(ImportItem.remote_id)
        .limit(PAGE_ROWS + 1)
    )
    if after is not None:
        query = query.where(ImportItem.remote_id > after)
    found = [_item(*row) for row in session.execute(query)]
    rows = tuple(found[:PAGE_ROWS])
    return ItemPage(rows, rows[-1].remote_id if len(found) > PAGE_ROWS else None)


def count_without_email(session: Session, company_id: int, public_id: str) -> int:
    """Return how many customers of the run still have a placeholder address."""
    query = (
        select(func.count())
        .select_from(ImportItem)
        .join(ImportRun, ImportRun.id == ImportItem.run_id)
        .join(Customer, Customer.id == ImportItem.customer_id)
        .where(
            ImportRun.company_id == company_id,
            ImportRun.public_id == public_id,
            ImportItem.outcome == ItemOutcome.CREATED,
            Customer.is_placeholder_email.is_(True),
        )
    )
    return session.scalar(query) or 0


def _runs(company_id: int) -> Select[Any]:
    number = func.row_number().over(order_by=ImportRun.id)
    numbered = (
        select(ImportRun.id, number.label("number"))
        .where(ImportRun.company_id == company_id)
        .subquery()
    )
    return (
        select(ImportRun, RemoteAccount.provider, User.name, numbered.c.number)
        .join(numbered, numbered.c.id == ImportRun.id)
        .join(RemoteAccount, RemoteAccount.id == ImportRun.account_id)
        .outerjoin(User, User.id == ImportRun.requested_by_id)
        .where(ImportRun.company_id == company_id)
    )


def _views(session: Session, query: Select[Any]) -> Sequence[ImportView]:
    rows = session.execute(query).all()
    return [_view(run, provider, name, number) for run, provider, name, number in rows]


def _view(run: ImportRun, provider: str, user_name: str | None, number: int) -> ImportView:
    return ImportView(
        public_id=run.public_id,
        number=number,
        provider=ProviderKey(provider),
        state=run.state,
        requested_by_name=user_name or "",
        created_at=run.created_at,
        finished_at=run.finished_at,
        chosen=run.chosen_count,
        created=run.created_count,
        linked=run.linked_count,
        skipped=run.skipped_count,
        failed=run.failed_count,
    )


def _item(item: ImportItem, name: str | None, customer_public_id: str | None) -> ItemRow:
    return ItemRow(
        remote_id=item.remote_id,
        name=name or item.remote_id,
        outcome=item.outcome,
        reason=item.reason,
        customer_public_id=customer_public_id,
    )
