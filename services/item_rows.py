"""What became of each customer of a run, as its receipt and its file tell it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.orm import Session, aliased

from models import (
    Customer,
    CustomerLink,
    ImportItem,
    ImportRun,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
    User,
)
from services.database import BATCH_ROWS
from services.undo_decision import FIELD_WORDS

PAGE_ROWS = 50
#: What an outcome and a remote id are joined by in a key; no outcome holds it.
KEY_DOT = "."


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What became of one customer.

    `customer_public_id` leads to the customer here, if there is one now; `remote_public_id` to its
    row of the review list, where it stands as `state` now. `touched_by_name` and `touched_at`
    tell whose newer work made an undo keep it, `filled` which fields the link filled.
    """

    remote_id: str
    name: str
    outcome: ItemOutcome
    code: str
    reason: str
    customer_public_id: str | None
    remote_public_id: str | None = None
    state: RemoteState | None = None
    filled: tuple[str, ...] = ()
    touched_by_name: str = ""
    touched_at: datetime | None = None

    @property
    def key(self) -> str:
        return f"{self.outcome.value}{KEY_DOT}{self.remote_id}"


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items of a run by outcome and remote id. `next_after` continues, None at the end."""

    rows: tuple[ItemRow, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many items of one outcome ended for one reason."""

    outcome: ItemOutcome
    code: str
    reason: str
    count: int


def list_items(
    session: Session,
    company_id: int,
    public_id: str,
    *,
    outcomes: Sequence[ItemOutcome],
    after: str | None = None,
) -> ItemPage:
    """Return items of a run that ended in one of the outcomes, by outcome and remote id.

    Each outcome is looked up in the index by itself, so a page costs the same in any run.
    """
    run_id = _run_id(session, company_id, public_id)
    last, _, last_id = (after or "").partition(KEY_DOT)
    key = (last, last_id) if last in outcomes else ("", "")
    conditions = [
        (ImportItem.outcome == outcome) & _is_behind(key, outcome)
        for outcome in outcomes
        if outcome >= key[0]
    ]
    found = [_item(*row) for row in session.execute(_page(run_id, conditions))]
    rows = tuple(found[:PAGE_ROWS])
    return ItemPage(rows, rows[-1].key if len(found) > PAGE_ROWS else None)


def each_item(session: Session, company_id: int, public_id: str) -> Iterator[ItemRow]:
    """Yield all items of a run by remote id, without holding them all."""
    query = _details().where(ImportItem.run_id == _run_id(session, company_id, public_id))
    rows = session.execute(
        query.order_by(ImportItem.remote_id), execution_options={"yield_per": BATCH_ROWS}
    )
    for row in rows:
        yield _item(*row)


def count_reasons(
    session: Session, company_id: int, public_id: str, *, outcomes: Sequence[ItemOutcome]
) -> tuple[ReasonCount, ...]:
    """Return how many of the outcomes ended why, in words, most frequent first. One statement."""
    columns = (ImportItem.outcome, ImportItem.reason_code, ImportItem.reason)
    rows = session.execute(
        select(*columns, func.count())
        .where(
            ImportItem.run_id == _run_id(session, company_id, public_id),
            ImportItem.outcome.in_(outcomes),
        )
        .group_by(*columns)
        .order_by(func.count().desc(), *columns)
    )
    return tuple(ReasonCount(*row) for row in rows)


def count_without_email(session: Session, company_id: int, public_id: str) -> int:
    """Return how many customers of the run still have a placeholder address."""
    query = (
        select(func.count())
        .select_from(ImportItem)
        .join(Customer, Customer.id == ImportItem.customer_id)
        .where(
            ImportItem.run_id == _run_id(session, company_id, public_id),
            ImportItem.outcome == ItemOutcome.CREATED,
            Customer.is_placeholder_email.is_(True),
        )
    )
    return session.scalar(query) or 0


def count_reason(
    session: Session, company_id: int, public_id: str, *, outcome: ItemOutcome, code: str
) -> int:
    """Return how many of an outcome ended for one reason."""
    query = select(func.count()).where(
        ImportItem.run_id == _run_id(session, company_id, public_id),
        ImportItem.outcome == outcome,
        ImportItem.reason_code == code,
    )
    return session.scalar(query) or 0


def has_left(
    session: Session, company_id: int, public_id: str, *, outcome: ItemOutcome, code: str = ""
) -> bool:
    """Say whether one of the outcome (and reason) is still not imported: worth another try."""
    query = (
        select(ImportItem.id)
        .join(ImportRun, ImportRun.id == ImportItem.run_id)
        .join(RemoteCustomer, _is_remote(ImportRun.account_id))
        .where(
            ImportItem.run_id == _run_id(session, company_id, public_id),
            ImportItem.outcome == outcome,
            RemoteCustomer.state == RemoteState.UNSYNCED,
        )
    )
    if code:
        query = query.where(ImportItem.reason_code == code)
    return bool(session.scalar(select(query.exists())))


def find_left(
    session: Session, company_id: int, public_ids: Collection[str], *, code: str
) -> frozenset[str]:
    """Return those of the runs that left somebody for this reason who is still not imported."""
    is_left = (
        select(ImportItem.id)
        .join(RemoteCustomer, _is_remote(ImportRun.account_id))
        .where(
            ImportItem.run_id == ImportRun.id,
            ImportItem.reason_code == code,
            RemoteCustomer.state == RemoteState.UNSYNCED,
        )
        .correlate(ImportRun)
    )
    query = select(ImportRun.public_id).where(
        ImportRun.company_id == company_id, ImportRun.public_id.in_(public_ids), is_left.exists()
    )
    return frozenset(session.scalars(query)) if public_ids else frozenset()


def _run_id(session: Session, company_id: int, public_id: str) -> int:
    """Return the run's id, 0 (which no run has) for that of another company."""
    query = select(ImportRun.id).where(
        ImportRun.company_id == company_id, ImportRun.public_id == public_id
    )
    return session.scalar(query) or 0


def _is_behind(key: tuple[str, str], outcome: ItemOutcome) -> ColumnElement[bool]:
    return ImportItem.remote_id > (key[1] if outcome == key[0] else "")


def _page(run_id: int, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    parts = [
        select(ImportItem.id)
        .where(ImportItem.run_id == run_id, condition)
        .order_by(ImportItem.remote_id)
        .limit(PAGE_ROWS + 1)
        .subquery()
        for condition in conditions
    ]
    ids = union_all(*(select(part.c.id) for part in parts)).subquery()
    return (
        _details()
        .where(ImportItem.id.in_(select(ids.c.id)))
        .order_by(ImportItem.outcome, ImportItem.remote_id)
        .limit(PAGE_ROWS + 1)
    )


def _details() -> Select[Any]:
    ours, linked = aliased(Customer), aliased(Customer)
    names = (RemoteCustomer.name, RemoteCustomer.public_id, RemoteCustomer.state)
    columns: list[Any] = [ImportItem, ours.name, ours.public_id, linked.public_id, *names]
    return (
        select(*columns, User.name)
        .join(ImportRun, ImportRun.id == ImportItem.run_id)
        .outerjoin(RemoteCustomer, _is_remote(ImportRun.account_id))
        .outerjoin(
            CustomerLink,
            (CustomerLink.account_id == ImportRun.account_id)
            & (CustomerLink.remote_id == ImportItem.remote_id),
        )
        .outerjoin(ours, ours.id == ImportItem.customer_id)
        .outerjoin(linked, linked.id == CustomerLink.customer_id)
        .outerjoin(User, User.id == ImportItem.touched_by_id)
    )


def _is_remote(account_id: ColumnElement[int] | Any) -> ColumnElement[bool]:
    return (RemoteCustomer.account_id == account_id) & (
        RemoteCustomer.remote_id == ImportItem.remote_id
    )


def _item(
    item: ImportItem,
    our_name: str | None,
    our_public_id: str | None,
    linked_public_id: str | None,
    name: str | None,
    remote_public_id: str | None,
    state: RemoteState | None,
    touching_name: str | None,
) -> ItemRow:
    is_kept = item.outcome is ItemOutcome.KEPT
    return ItemRow(
        remote_id=item.remote_id,
        name=(our_name if is_kept else None) or name or item.remote_id,
        outcome=item.outcome,
        code=item.reason_code,
        reason=item.reason,
        customer_public_id=our_public_id or linked_public_id,
        remote_public_id=remote_public_id,
        state=state,
        filled=tuple(FIELD_WORDS.get(name, name) for name in item.filled_fields.split()),
        touched_by_name=touching_name or "",
        touched_at=item.touched_at,
    )
