"""Reads the rows of one batch of an import, locked, and decides what becomes of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models import (
    Bin,
    ImportRun,
    ItemOutcome,
    PlannedOutcome,
    RemoteAccount,
    RemoteState,
    WhyUnsynced,
)
from services.bins import SOMEBODYS_WILL
from services.candidates import count_look_alikes, find_candidates
from services.import_decision import RowFacts, RowNow, Standing, Told, decide
from services.import_outcomes import REASON_CHARACTERS, ItemResult, OutcomeReason
from services.import_statements import READ_ROWS, STANDING_COLUMNS
from services.import_targets import Target, find_standings, find_targets
from services.kept_parties import COMPARE_AGAIN
from services.plain_text import plain_line

#: A remote customer with the columns of READ_ROWS; reading whole rows takes twice as long.
RemoteRow = Row[*tuple[Any, ...]]
_TAKEN_OUT_WORDS = {
    WhyUnsynced.REMOVED_HERE: "waits for your decision: the customer was removed here",
    WhyUnsynced.LET_GO: "waits for your decision: the link was ended here",
}

_TWIN_WORDS = "waits for your decision: it looks like another in the accounting software"


class PendingItem(Protocol):
    """What a batch needs of an item; its row has it all."""

    @property
    def id(self) -> int: ...
    @property
    def remote_id(self) -> str: ...
    @property
    def planned(self) -> PlannedOutcome | None: ...
    @property
    def planned_customer_id(self) -> int | None: ...
    @property
    def seen_revision(self) -> int: ...


@dataclass(frozen=True, slots=True)
class DecidedBatch:
    """What becomes of each item by remote id, and the rows.

    `customer_ids` are those of who is linked; who is created has none yet.
    """

    remotes: Mapping[str, RemoteRow]
    results: dict[str, ItemResult]
    customer_ids: dict[str, int]

    def with_outcome(self, outcome: ItemOutcome) -> list[RemoteRow]:
        """Return the rows whose item ends so."""
        return [self.remotes[key] for key, each in self.results.items() if each.outcome is outcome]

    def astray(self) -> list[int]:
        """Return the row ids of who is linked and does not know: somebody else was quicker."""
        rows = self.remotes.values()
        return [row.id for row in rows if row.is_linked and row.state is RemoteState.UNSYNCED]

    def carried_out(self) -> list[int]:
        """Return the row ids of who became a customer by a person's decision."""
        done = (self.remotes[key] for key in self.customer_ids)
        return [row.id for row in done if row.is_decided]


def decide_batch(
    session: Session, account: RemoteAccount, run: ImportRun, items: Sequence[PendingItem]
) -> DecidedBatch:
    """Return what becomes of the run's next pending items now, in the order of the remote ids.

    At most six statements for any size.
    """
    rows = session.connection().execute(READ_ROWS, span_of(account, run, items))
    remotes = {row.remote_id: row for row in rows}
    is_same = [row.id for row in remotes.values() if row.bin is Bin.SAME]
    targets = find_targets(session, is_same)
    standings = _standings(session, account.id, items)
    known: dict[object, ItemResult] = {}
    results = {}
    for item in items:
        row = remotes.get(item.remote_id)
        key = _likeness(item, row)
        if key not in known:
            target = targets.get(row.id) if row else None
            now = _now(row, target) if row else None
            result = decide(_told(item, standings), now, creates_maybes=run.creates_maybes)
            known[key] = _worded(result, row, target) if row else result
        results[item.remote_id] = known[key]
    results |= _like_each_other(session, remotes, results)
    linked = {key: one.customer_id for key, one in results.items() if one.customer_id is not None}
    return DecidedBatch(remotes, results, linked)


def span_of(
    account: RemoteAccount, run: ImportRun, items: Sequence[PendingItem]
) -> dict[str, int | str]:
    """Return the items as the statements name them."""
    return {
        "company": account.company_id,
        "account": account.id,
        "run": run.id,
        "first": items[0].remote_id,
        "last": items[-1].remote_id,
    }


def _likeness(item: PendingItem, row: RemoteRow | None) -> object:
    """Return what most rows of a batch have in common, so that each kind is decided once.

    The item itself where a customer here has a part in it, or something has changed.
    """
    if row is None or row.bin is Bin.SAME or item.planned_customer_id is not None:
        return item.id
    if row.revision != row.kept_revision or row.revision != item.seen_revision:
        return item.id
    return (item.planned, *row[:STANDING_COLUMNS])


def _now(row: RemoteRow, target: Target | None) -> RowNow:
    is_changed = row.kept_revision not in (row.revision, COMPARE_AGAIN)
    return RowNow(
        RowFacts(
            RemoteState.LINKED if row.is_linked else row.state,
            row.bin,
            is_stale=is_changed and not row.is_decided,
            was_taken_out=row.why in SOMEBODYS_WILL,
        ),
        row.revision,
        target.customer_id if target else None,
        target.standing if target else Standing.GONE,
        is_here_uncompared=row.is_newly_here,
    )


def _standings(
    session: Session, account_id: int, items: Iterable[PendingItem]
) -> Mapping[int, Standing]:
    planned = {item.planned_customer_id for item in items}
    return find_standings(session, account_id, {each for each in planned if each is not None})


def _told(item: PendingItem, standings: Mapping[int, Standing]) -> Told:
    customer_id = item.planned_customer_id
    standing = Standing.FREE if customer_id is None else standings[customer_id]
    return Told(item.planned, customer_id, item.seen_revision, standing)


def _worded(result: ItemResult, row: RemoteRow, target: Target | None) -> ItemResult:
    """Return the result with its reason in the words that fit this row."""
    if result.outcome is ItemOutcome.LINKED and target:
        reason = OutcomeReason.CHOSEN if target.is_chosen else OutcomeReason.SAME
        words = "" if target.is_chosen else plain_line(target.words, REASON_CHARACTERS)
        return replace(result, reason=reason, words=words)
    if result.reason is OutcomeReason.WAITS and row.why in _TAKEN_OUT_WORDS:
        return replace(result, words=_TAKEN_OUT_WORDS[row.why])
    return result


def _like_each_other(
    session: Session, remotes: Mapping[str, RemoteRow], results: Mapping[str, ItemResult]
) -> dict[str, ItemResult]:
    """Return, with their own words, those who wait and look like nobody but others in the books."""
    waiting = {
        remotes[key].id: key
        for key, result in results.items()
        if result.reason is OutcomeReason.WAITS and not result.words
    }
    if not waiting:
        return {}
    twins = count_look_alikes(session, waiting)
    candidates = find_candidates(session, waiting, chosen={})
    alone = (waiting[row_id] for row_id in twins if row_id not in candidates)
    return {key: replace(results[key], words=_TWIN_WORDS) for key in alone}
