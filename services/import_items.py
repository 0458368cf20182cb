"""Whom a run takes: its items, written with it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models import ImportItem, ImportRun, ItemOutcome
from services.database import insert_rows
from services.import_choice import ImportScope, choose, choose_meant
from services.review_query import Meant


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


ImportChoice = Meant | ImportScope | ContinuedItems


def write_items(session: Session, run: ImportRun, choice: ImportChoice) -> int:
    """Write a pending item for each who is chosen, in the caller's transaction; return how many.

    Raises RowsChanged where somebody is named, and everybody has changed.
    """
    if isinstance(choice, Meant):
        chosen = choose_meant(session, run.account_id, choice)
    elif isinstance(choice, ImportScope):
        chosen = choose(session, run.account_id, choice)
    else:
        chosen = set(session.scalars(select(ImportItem.remote_id).where(*choice.conditions())))
    pending = ({"run_id": run.id, "remote_id": i, "outcome": ItemOutcome.PENDING} for i in chosen)
    insert_rows(session, ImportItem, pending)
    return len(chosen)
