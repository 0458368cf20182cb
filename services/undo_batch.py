"""Take back one batch of an import: customers, links, filled fields and outcomes, at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session

from models import (
    CustomerLink,
    ImportItem,
    ImportRun,
    ItemOutcome,
    RemoteAccount,
    RemoteCustomer,
    WhyUnsynced,
)
from services.customer_removal import remove_rows
from services.kept_removal import end_matching
from services.undo_decision import UndoResult, decide_undo
from services.undo_facts import BROUGHT, MAILED, Standings, read_standings
from services.undo_filling import empty, find_emptied
from services.unlinking import lock_remotes, unlink_rows

#: Mergers of mergers that are followed; a circle ends here, too.
MAX_MERGERS = 10


class UndoItem(Protocol):
    """A pending item of an undo, as far as it is read."""

    @property
    def remote_id(self) -> str: ...


def write_undo_batch(
    session: Session,
    account: RemoteAccount,
    run: ImportRun,
    items: Sequence[UndoItem],
    *,
    now: datetime,
) -> Counter[ItemOutcome]:
    """Give the items of an undo their outcome, in the caller's transaction; return them counted.

    Some thirty statements for any size. The items are the cursor: what has an outcome is done.
    """
    remote_ids = [item.remote_id for item in items]
    end_matching(session, run.company_id, now=now)
    lock_remotes(session, account.id, remote_ids)
    assert run.undoes_id is not None
    undone = session.get_one(ImportRun, run.undoes_id)
    standings = read_standings(session, undone, remote_ids, is_locked=True)
    mailed = _mailed(session, run, remote_ids)
    results = {
        remote_id: decide_undo(standings.facts_of(remote_id, is_mailed=remote_id in mailed))
        for remote_id in remote_ids
    }
    pairs = _pairs(standings, results, ItemOutcome.UNLINKED)
    _unlink(session, account, run, standings, pairs, now=now)
    _record(session, run, results)
    removed = _pairs(standings, results, ItemOutcome.REMOVED).values()
    session.flush()
    why = WhyUnsynced.UNLINKED
    remove_rows(session, run.company_id, sorted(set(removed)), why=why, now=now)
    return Counter(result.outcome for result in results.values())


def _mailed(session: Session, run: ImportRun, remote_ids: Collection[str]) -> set[str]:
    """Return whose customer was in a mailed report when the undo was asked for."""
    return set(
        session.scalars(
            select(ImportItem.remote_id).where(
                ImportItem.run_id == run.id,
                ImportItem.remote_id.in_(remote_ids),
                ImportItem.reason_code == MAILED,
            )
        )
    )


def _pairs(
    standings: Standings, results: Mapping[str, UndoResult], outcome: ItemOutcome
) -> dict[str, int]:
    """Return remote id and customer of the items that end so."""
    return {
        remote_id: customer_id
        for remote_id, result in results.items()
        if result.outcome is outcome
        and (customer_id := standings.items[remote_id].customer_id) is not None
    }


def _unlink(
    session: Session,
    account: RemoteAccount,
    run: ImportRun,
    standings: Standings,
    pairs: Mapping[str, int],
    *,
    now: datetime,
) -> None:
    """End the links and what they filled in, and those of whom the books made of the linked."""
    ended = [*pairs.items(), *_heirs(session, standings, pairs)]
    emptied = find_emptied(session, standings, pairs, ended={remote_id for remote_id, _ in ended})
    unlink_rows(
        session,
        account,
        ended,
        why=WhyUnsynced.UNLINKED,
        run_id=run.id,
        user_id=run.requested_by_id,
        now=now,
    )
    empty(session, standings, emptied, run=run, now=now)


def _heirs(
    session: Session, standings: Standings, pairs: Mapping[str, int]
) -> list[tuple[str, int]]:
    """Return the links that followed a merger in the books, and no import, from any of the pairs.

    Without the import they would not be there.
    """
    found: list[tuple[str, int]] = []
    merged = dict(pairs)
    account_id = standings.undone.account_id
    for _ in range(MAX_MERGERS):
        rows = session.execute(
            select(RemoteCustomer.remote_id, RemoteCustomer.merged_into_remote_id).where(
                RemoteCustomer.account_id == account_id,
                RemoteCustomer.remote_id.in_(merged),
                RemoteCustomer.merged_into_remote_id.is_not(None),
            )
        )
        merged = {
            heir: merged[remote_id] for remote_id, heir in rows if heir and heir not in merged
        }
        if not merged:
            break
        found += merged.items()
    return sorted(_followed(session, standings, found).intersection(found)) if found else []


def _followed(
    session: Session, standings: Standings, heirs: Collection[tuple[str, int]]
) -> set[tuple[str, int]]:
    """Return which of the heirs are linked so without an import."""
    account_id = standings.undone.account_id
    is_imported = exists().where(
        ImportItem.remote_id == CustomerLink.remote_id,
        ImportItem.customer_id == CustomerLink.customer_id,
        ImportItem.outcome.in_(BROUGHT),
    )
    rows = session.execute(
        select(CustomerLink.remote_id, CustomerLink.customer_id).where(
            CustomerLink.account_id == account_id,
            CustomerLink.remote_id.in_([remote_id for remote_id, _ in heirs]),
            ~is_imported,
        )
    )
    return {(remote_id, customer_id) for remote_id, customer_id in rows}


def _record(session: Session, run: ImportRun, results: Mapping[str, UndoResult]) -> None:
    statement = (
        update(ImportItem.__table__)  # type: ignore[arg-type]
        .where(ImportItem.run_id == run.id, ImportItem.remote_id == bindparam("b_remote_id"))
        .values(
            outcome=bindparam("b_outcome", type_=ImportItem.outcome.type),
            reason_code=bindparam("b_code"),
            reason=bindparam("b_reason"),
            touched_by_id=bindparam("b_user_id"),
            touched_at=bindparam("b_at", type_=ImportItem.touched_at.type),
        )
    )
    rows = [
        {
            "b_remote_id": remote_id,
            "b_outcome": result.outcome,
            "b_code": result.reason.code,
            "b_reason": result.words,
            "b_user_id": result.work.user_id if result.work else None,
            "b_at": result.work.at if result.work else None,
        }
        for remote_id, result in results.items()
    ]
    if rows:
        session.connection().execute(statement, rows)
