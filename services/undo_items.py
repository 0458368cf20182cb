"""Whom an undo is about: what an import brought here and no earlier undo has taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, case, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from models import (
    ChosenOutcome,
    Customer,
    CustomerEvent,
    CustomerLink,
    ImportItem,
    ImportRun,
    ItemOutcome,
    ReviewChoice,
    RunKind,
)
from services.database import in_batches
from services.import_outcomes import OutcomeReason
from services.undo_facts import BROUGHT, BY_HAND, MAILED

TAKEN_BACK = (ItemOutcome.REMOVED, ItemOutcome.UNLINKED)


def count_outcomes(session: Session, run: ImportRun) -> Counter[ItemOutcome]:
    """Count what an undo would do now, as `decide_undo` decides it. One statement."""
    is_here = ImportItem.customer_id.is_not(None)
    is_linked = _is_linked(session, run)
    outcome = case(
        (~is_here, ItemOutcome.SKIPPED.value),
        (
            ImportItem.outcome == ItemOutcome.LINKED,
            case((is_linked, ItemOutcome.UNLINKED.value), else_=ItemOutcome.SKIPPED.value),
        ),
        (_has_work(session, run), ItemOutcome.KEPT.value),
        else_=ItemOutcome.REMOVED.value,
    )
    decided = select(outcome.label("outcome")).where(*_is_left(run)).subquery()
    rows = session.execute(select(decided.c.outcome, func.count()).group_by(decided.c.outcome))
    return Counter({ItemOutcome(value): count for value, count in rows})


def first_kept(session: Session, run: ImportRun, *, limit: int) -> Sequence[str]:
    """Return the remote ids of the first whom an undo would keep, in order."""
    return session.scalars(
        select(ImportItem.remote_id)
        .where(
            *_is_left(run),
            ImportItem.outcome == ItemOutcome.CREATED,
            ImportItem.customer_id.is_not(None),
            _has_work(session, run),
        )
        .order_by(ImportItem.remote_id)
        .limit(limit)
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


def _is_linked(session: Session, run: ImportRun) -> ColumnElement[bool]:
    """Say in SQL whether the link that the import made is still there."""
    is_linked = exists().where(
        CustomerLink.customer_id == ImportItem.customer_id,
        CustomerLink.account_id == run.account_id,
        CustomerLink.remote_id == ImportItem.remote_id,
    )
    later = _later_runs(session, run)
    if not later:
        return is_linked
    again = aliased(ImportItem)
    is_brought_later = exists().where(
        again.run_id.in_(later),
        again.remote_id == ImportItem.remote_id,
        again.outcome.in_(BROUGHT),
    )
    return and_(is_linked, ~is_brought_later)


def _has_work(session: Session, run: ImportRun) -> ColumnElement[bool]:
    """Say in SQL whether a customer has newer work; see `Standings.facts_of`."""
    works = [
        exists().where(
            CustomerEvent.customer_id == ImportItem.customer_id, CustomerEvent.action.in_(BY_HAND)
        ),
        ~_is_linked(session, run),
        _is_linked_by_another(run),
        exists().where(
            ReviewChoice.customer_id == ImportItem.customer_id,
            ReviewChoice.outcome == ChosenOutcome.LINK,
        ),
    ]
    if run.began_at is None:
        works.append(exists().where(Customer.id == ImportItem.customer_id, Customer.revision > 1))
    return or_(*works)


def _is_linked_by_another(run: ImportRun) -> ColumnElement[bool]:
    """Say in SQL whether the customer has a link that this import did not make."""
    own = aliased(ImportItem)
    is_own = exists().where(
        own.run_id == run.id,
        own.remote_id == CustomerLink.remote_id,
        own.customer_id == CustomerLink.customer_id,
        own.outcome.in_(BROUGHT),
    )
    return exists().where(
        CustomerLink.customer_id == ImportItem.customer_id,
        or_(CustomerLink.account_id != run.account_id, ~is_own),
    )


def _later_runs(session: Session, run: ImportRun) -> Sequence[int]:
    return session.scalars(
        select(ImportRun.id).where(
            ImportRun.account_id == run.account_id,
            ImportRun.kind == RunKind.IMPORT,
            ImportRun.id > run.id,
        )
    ).all()
