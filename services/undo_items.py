"""Whom an undo is about: what an import brought here and no earlier undo has taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from models import (
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    ImportItem,
    ImportRun,
    ItemOutcome,
    RunKind,
)
from services.database import in_batches
from services.import_outcomes import OutcomeReason
from services.undo_facts import BROUGHT, BY_HAND, MAILED

#: What tells that somebody may have worked on a customer, or parted it from the books.
TELLING = (*BY_HAND, CustomerAction.UNLINKED)
TAKEN_BACK = (ItemOutcome.REMOVED, ItemOutcome.UNLINKED)


def count_plain(session: Session, run: ImportRun) -> Counter[ItemOutcome]:
    """Count whom nothing happened to since the import, by what it did with them.

    One statement; a second or so for 100,000.
    """
    rows = session.execute(
        select(ImportItem.outcome, func.count())
        .where(*_is_left(run), ~_is_odd(session, run))
        .group_by(ImportItem.outcome)
    )
    return Counter({outcome: count for outcome, count in rows})


def odd_ids(session: Session, run: ImportRun) -> Sequence[str]:
    """Return the remote ids of the others, in order: each has to be looked at."""
    return session.scalars(
        select(ImportItem.remote_id)
        .where(*_is_left(run), _is_odd(session, run))
        .order_by(ImportItem.remote_id)
    ).all()


def write_undo_items(
    session: Session, undo: ImportRun, run: ImportRun, *, mailed: Collection[str]
) -> int:
    """Write a pending item for each, in the caller's transaction; return how many.

    Who is `mailed`, by remote id, is noted now: later the report would name others.
    """
    columns = [
        ImportItem.run_id,
        ImportItem.remote_id,
        ImportItem.customer_id,
        ImportItem.outcome,
    ]
    pending = literal(ItemOutcome.PENDING, ImportItem.outcome.type)
    chosen = (
        select(literal(undo.id), ImportItem.remote_id, ImportItem.customer_id, pending)
        .where(*_is_left(run))
        .order_by(ImportItem.remote_id)
    )
    session.execute(insert(ImportItem).from_select(columns, chosen))
    for batch in in_batches(sorted(mailed)):
        session.execute(
            update(ImportItem)
            .where(ImportItem.run_id == undo.id, ImportItem.remote_id.in_(batch))
            .values(reason_code=MAILED)
            .execution_options(synchronize_session=False)
        )
    count = select(func.count()).select_from(ImportItem).where(ImportItem.run_id == undo.id)
    return session.scalar(count) or 0


def _is_left(run: ImportRun) -> list[ColumnElement[bool]]:
    undo, item = aliased(ImportRun), aliased(ImportItem)
    is_done = or_(
        item.outcome.in_(TAKEN_BACK),
        and_(item.outcome == ItemOutcome.SKIPPED, item.reason_code != OutcomeReason.STOPPED.code),
    )
    return [
        ImportItem.run_id == run.id,
        ImportItem.outcome.in_(BROUGHT),
        ~exists().where(
            undo.undoes_id == run.id,
            item.run_id == undo.id,
            item.remote_id == ImportItem.remote_id,
            is_done,
        ),
    ]


def _is_odd(session: Session, run: ImportRun) -> ColumnElement[bool]:
    """Say in SQL whether anything happened since that could make the undo keep or skip it."""
    is_own = and_(
        CustomerLink.account_id == run.account_id, CustomerLink.remote_id == ImportItem.remote_id
    )
    of_customer = CustomerLink.customer_id == ImportItem.customer_id
    odd = [
        ImportItem.customer_id.is_(None),
        ~exists().where(of_customer, is_own),
        exists().where(of_customer, ~is_own),
        exists().where(
            CustomerEvent.customer_id == ImportItem.customer_id, CustomerEvent.action.in_(TELLING)
        ),
    ]
    later = _later_runs(session, run)
    if later:
        again = aliased(ImportItem)
        odd.append(
            exists().where(
                again.run_id.in_(later),
                again.remote_id == ImportItem.remote_id,
                again.outcome.in_(BROUGHT),
            )
        )
    if run.began_at is None:
        odd.append(exists().where(Customer.id == ImportItem.customer_id, Customer.revision > 1))
    return or_(*odd)


def _later_runs(session: Session, run: ImportRun) -> Sequence[int]:
    return session.scalars(
        select(ImportRun.id).where(
            ImportRun.account_id == run.account_id,
            ImportRun.kind == RunKind.IMPORT,
            ImportRun.id > run.id,
        )
    ).all()
