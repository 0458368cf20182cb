"""Whom an import takes: named, by a filter, by a scope, or again from an earlier run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from models import Bin, ImportItem, ImportRun, ItemOutcome, RemoteCustomer, RemoteState
from services.database import in_batches
from services.remote_lists import Condition, review_conditions
from services.review_query import Meant


class ImportScope(StrEnum):
    """Whom an import of many chooses among the unsynced. NEW are those like nobody here."""

    ALL = "all"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class ContinuedItems:
    """The items of an earlier run that ended so; of `remote_ids` only these, None for all."""

    run_id: int
    outcome: ItemOutcome | None = None
    reason_codes: tuple[str, ...] = ()
    remote_ids: tuple[str, ...] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what holds for the items that are meant."""
        found = [ImportItem.run_id == self.run_id]
        if self.outcome is not None:
            found.append(ImportItem.outcome == self.outcome)
        if self.reason_codes:
            found.append(ImportItem.reason_code.in_(self.reason_codes))
        if self.remote_ids is not None:
            found.append(ImportItem.remote_id.in_(self.remote_ids))
        return found

    def left(self) -> list[ColumnElement[bool]]:
        """Return what holds for those of them who were neither linked nor ignored since.

        Whoever is not counted there any more is tried: the check before the import may find it.
        """
        remote = aliased(RemoteCustomer)
        account = select(ImportRun.account_id).where(ImportRun.id == self.run_id).correlate(None)
        is_settled = exists().where(
            remote.account_id == account.scalar_subquery(),
            remote.remote_id == ImportItem.remote_id,
            remote.state.in_((RemoteState.LINKED, RemoteState.IGNORED)),
        )
        return [*self.conditions(), ~is_settled.correlate(ImportItem)]


ImportChoice = Meant | ImportScope | ContinuedItems


def chosen_rows(account_id: int, choice: Meant | ImportScope) -> list[Condition]:
    """Return what a remote customer has to meet to be taken by a filter or a scope."""
    if isinstance(choice, Meant):
        assert choice.matching is not None, "the named are found by their ids"
        return review_conditions(account_id, choice.matching)
    conditions: list[Condition] = [
        RemoteCustomer.account_id == account_id,
        RemoteCustomer.state == RemoteState.UNSYNCED,
    ]
    return [*conditions, RemoteCustomer.bin == Bin.NEW] if choice is ImportScope.NEW else conditions


def find_named(
    session: Session, account_id: int, public_ids: Sequence[str]
) -> Sequence[RemoteCustomer]:
    """Return the named customers of this account in whatever state; nobody else's."""
    found: list[RemoteCustomer] = []
    for batch in in_batches(sorted(set(public_ids))):
        found.extend(
            session.scalars(
                select(RemoteCustomer)
                .where(RemoteCustomer.account_id == account_id, RemoteCustomer.public_id.in_(batch))
                # Bins are written behind the session's back.
                .execution_options(populate_existing=True)
            )
        )
    return found
