"""The items of a run, written with it: who is taken, what they were told, and what they saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from models import (
    Bin,
    ChosenOutcome,
    Customer,
    ImportItem,
    ImportRun,
    ItemOutcome,
    MatchSuggestion,
    PlannedOutcome,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
)
from services.bins import SOMEBODYS_WILL, is_told_apart
from services.candidates import find_choices
from services.database import in_batches, insert_rows
from services.decision_record import RowsChanged
from services.import_choice import (
    ContinuedItems,
    ImportChoice,
    ImportScope,
    chosen_rows,
    find_named,
)
from services.import_decision import ANOTHER_REVISION, NOBODY, RowFacts, Told, plan_row, told_about
from services.import_targets import find_targets
from services.kept_parties import COMPARE_AGAIN
from services.matching.tiers import Tier
from services.meant import seen_customer
from services.review_query import Meant

__all__ = ["ContinuedItems", "ImportChoice", "ImportScope", "write_items"]

_COLUMNS = (
    "run_id",
    "remote_id",
    "planned",
    "planned_customer_id",
    "seen_revision",
    "outcome",
)
_PENDING = literal(ItemOutcome.PENDING, ImportItem.outcome.type)
#: However an unsynced row may stand, for the rule in SQL.
_EVERY = tuple(
    RowFacts(RemoteState.UNSYNCED, bin_, is_stale, was_taken_out)
    for bin_, is_stale, was_taken_out in product(Bin, (True, False), (True, False))
)


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A named customer, and what the person was told about it; `planned` is what it would be now.

    None is planned for who is left: not unsynced any more, or not any more what the person saw.
    """

    remote: RemoteCustomer
    told: Told
    planned: PlannedOutcome | None

    @property
    def has_changed(self) -> bool:
        return self.told.seen_revision == ANOTHER_REVISION


def write_items(session: Session, run: ImportRun, choice: ImportChoice) -> int:
    """Write a pending item for each who is chosen, in the caller's transaction; return how many.

    Each keeps what the person was told, so that the batch can tell what is another now. A filter
    or a scope of 100,000 takes about a second. Raises RowsChanged where somebody is named, and
    everybody has changed.
    """
    if isinstance(choice, ContinuedItems):
        return _write_again(session, run, choice)
    if isinstance(choice, Meant) and choice.matching is None:
        return _write_named(session, run, choice)
    return _write_selected(session, planned_items(run, choice))


def planned_items(run: ImportRun, choice: Meant | ImportScope) -> Select[*tuple[Any, ...]]:
    """Select the items that the run would be given now by a filter or a scope."""
    conditions = chosen_rows(run.account_id, choice)
    return _planned(run, RemoteCustomer.remote_id).where(*conditions)


def read_told(
    session: Session, account_id: int, meant: Meant, *, creates_maybes: bool
) -> list[ToldRow]:
    """Return the named with what is to become of them. A handful of statements."""
    named = find_named(session, account_id, meant.public_ids)
    choices = find_choices(session, [remote.id for remote in named])
    is_same = [remote.id for remote in named if remote.bin is Bin.SAME]
    targets = find_targets(session, is_same)
    beside = _customers_beside(session, account_id, meant)
    rows = []
    for remote in named:
        is_decided = remote.id in choices
        facts = RowFacts(
            remote.state,
            remote.bin,
            is_stale=is_stale(remote) and not is_decided,
            was_taken_out=remote.why in SOMEBODYS_WILL,
        )
        planned = plan_row(facts, creates_maybes=creates_maybes)
        target = targets.get(remote.id) if planned is PlannedOutcome.LINK else None
        now = Told(planned, target.customer_id if target else None, remote.revision)
        told = told_about(
            now,
            seen=meant.seen.get(remote.public_id, ""),
            seen_customer_id=beside.get(remote.public_id),
            is_decided=is_decided,
        )
        rows.append(ToldRow(remote, told, planned if told == now else None))
    return rows


def is_stale(remote: RemoteCustomer) -> bool:
    """Say whether the row changed since it was compared."""
    return remote.kept_revision not in (remote.revision, COMPARE_AGAIN)


def is_stale_row() -> ColumnElement[bool]:
    """Say the same in SQL, of who nobody has decided about."""
    is_decided = exists().where(ReviewChoice.remote_customer_id == RemoteCustomer.id)
    return and_(
        RemoteCustomer.kept_revision.not_in((RemoteCustomer.revision, COMPARE_AGAIN)), ~is_decided
    )


def _customers_beside(session: Session, account_id: int, meant: Meant) -> Mapping[str, int]:
    """Return, by the row's public id, our customer the person saw beside it; NOBODY if gone."""
    seen = {key: seen_customer(token) for key, token in meant.seen.items()}
    wanted = {key: customer for key, customer in seen.items() if customer}
    here: dict[str, int] = {}
    for batch in in_batches(set(wanted.values())):
        found = session.execute(
            select(Customer.public_id, Customer.id)
            .join(RemoteAccount, RemoteAccount.company_id == Customer.company_id)
            .where(RemoteAccount.id == account_id, Customer.public_id.in_(batch))
        )
        here.update((public_id, row_id) for public_id, row_id in found)
    return {key: here.get(customer, NOBODY) for key, customer in wanted.items()}


def _write_named(session: Session, run: ImportRun, meant: Meant) -> int:
    rows = read_told(session, run.account_id, meant, creates_maybes=run.creates_maybes)
    if rows and all(row.has_changed for row in rows):
        raise RowsChanged
    items = [
        {
            "run_id": run.id,
            "remote_id": row.remote.remote_id,
            "planned": row.told.planned,
            "planned_customer_id": row.told.customer_id,
            "seen_revision": row.told.seen_revision,
            "outcome": ItemOutcome.PENDING,
        }
        for row in sorted(rows, key=lambda row: row.remote.remote_id)
    ]
    insert_rows(session, ImportItem, items)
    return len(items)


def _write_again(session: Session, run: ImportRun, again: ContinuedItems) -> int:
    """Write the items of an earlier run once more.

    Who failed is looked at anew; who was stopped still has what was told before. Who was linked
    or ignored meanwhile is left out.
    """
    if again.outcome is ItemOutcome.FAILED:
        planned = _planned(run, ImportItem.remote_id).outerjoin_from(
            ImportItem,
            RemoteCustomer,
            and_(
                RemoteCustomer.account_id == run.account_id,
                RemoteCustomer.remote_id == ImportItem.remote_id,
            ),
        )
        return _write_selected(session, planned.where(*again.left()))
    told = (ImportItem.planned, ImportItem.planned_customer_id, ImportItem.seen_revision)
    as_before: Select[*tuple[Any, ...]] = select(
        literal(run.id), ImportItem.remote_id, *told, _PENDING
    )
    return _write_selected(session, as_before.where(*again.left()))


def _planned(run: ImportRun, remote_id: Any) -> Select[*tuple[Any, ...]]:
    """Select the items of remote customers, with what is planned for each as it stands now."""
    plans = {
        planned: or_(false(), *(_is_so(each) for each in _EVERY if planned is _plan(run, each)))
        for planned in PlannedOutcome
    }
    planned_type = ImportItem.planned.type
    return select(
        literal(run.id),
        remote_id,
        case(*((is_so, literal(planned, planned_type)) for planned, is_so in plans.items())),
        case((plans[PlannedOutcome.LINK], _target())),
        func.coalesce(RemoteCustomer.revision, 0),
        _PENDING,
    )


def _plan(run: ImportRun, facts: RowFacts) -> PlannedOutcome | None:
    return plan_row(facts, creates_maybes=run.creates_maybes)


def _is_so(facts: RowFacts) -> ColumnElement[bool]:
    was_taken_out = RemoteCustomer.why.in_(SOMEBODYS_WILL)
    return and_(
        RemoteCustomer.state == facts.state,
        RemoteCustomer.bin == facts.bin,
        was_taken_out if facts.was_taken_out else ~was_taken_out,
        is_stale_row() if facts.is_stale else ~is_stale_row(),
    )


def _target() -> ColumnElement[int]:
    """Return whom the row would be linked to, as in import_targets: chosen, else the best."""
    chosen = select(ReviewChoice.customer_id).where(
        ReviewChoice.remote_customer_id == RemoteCustomer.id,
        ReviewChoice.outcome == ChosenOutcome.LINK,
    )
    suggested = (
        select(MatchSuggestion.customer_id)
        .where(
            MatchSuggestion.remote_customer_id == RemoteCustomer.id,
            MatchSuggestion.tier == Tier.EXACT.value,
            ~is_told_apart(),
        )
        .order_by(MatchSuggestion.score.desc(), MatchSuggestion.customer_id)
        .limit(1)
    )
    return func.coalesce(
        chosen.correlate(RemoteCustomer).scalar_subquery(),
        suggested.correlate(RemoteCustomer).scalar_subquery(),
    )


def _write_selected(session: Session, items: Select[*tuple[Any, ...]]) -> int:
    """Write the items in the order in which the batches take them; return how many."""
    statement = insert(ImportItem.__table__).from_select(  # type: ignore[arg-type]
        _COLUMNS, items.order_by(items.selected_columns[1])
    )
    counting = statement.execution_options(preserve_rowcount=True)
    return session.connection().execute(counting).rowcount
