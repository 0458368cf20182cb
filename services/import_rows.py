"""Reads the rows of one batch of an import, locked, and decides what becomes of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import Row, exists, or_, select
from sqlalchemy.orm import Session

from models import (
    Bin,
    Customer,
    CustomerLink,
    ItemOutcome,
    PlannedOutcome,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    WhyUnsynced,
)
from services.bins import SOMEBODYS_WILL
from services.candidates import find_choices
from services.email_addresses import email_key
from services.import_decision import RowFacts, RowNow, Standing, Told, decide
from services.import_outcomes import REASON_CHARACTERS, ItemResult, OutcomeReason
from services.import_targets import Target, find_standings, find_targets, is_changed_customer
from services.kept_parties import COMPARE_AGAIN
from services.plain_text import plain_line

#: A remote customer with the columns that a batch needs; reading whole rows takes twice as long.
RemoteRow = Row[*tuple[Any, ...]]
_COLUMNS = (
    RemoteCustomer.id,
    RemoteCustomer.remote_id,
    RemoteCustomer.state,
    RemoteCustomer.bin,
    RemoteCustomer.why,
    RemoteCustomer.revision,
    RemoteCustomer.kept_revision,
    RemoteCustomer.name,
    RemoteCustomer.sort_key,
    RemoteCustomer.company_name,
    RemoteCustomer.email,
    RemoteCustomer.phone,
    RemoteCustomer.address,
)
_TAKEN_OUT_WORDS = {
    WhyUnsynced.REMOVED_HERE: "waits for your decision: the customer was removed here",
    WhyUnsynced.LET_GO: "waits for your decision: the link was ended here",
}


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
    """What becomes of each item by remote id, and the rows; CREATED have no customer yet.

    `astray` are the row ids of those who are linked and do not know.
    """

    remotes: Mapping[str, RemoteRow]
    results: dict[str, ItemResult]
    astray: Collection[int]

    def with_outcome(self, outcome: ItemOutcome) -> list[RemoteRow]:
        """Return the rows whose item ends so."""
        return [self.remotes[key] for key, each in self.results.items() if each.outcome is outcome]

    def customer_ids(self) -> dict[str, int]:
        """Return by remote id who the customer is, of those who have one now."""
        found = {key: result.customer_id for key, result in self.results.items()}
        return {key: each for key, each in found.items() if each is not None}

    def done_ids(self) -> list[int]:
        """Return the row ids of those who were created or linked."""
        return [self.remotes[key].id for key in self.customer_ids()]


def decide_batch(
    session: Session,
    account: RemoteAccount,
    items: Sequence[PendingItem],
    *,
    creates_maybes: bool,
) -> DecidedBatch:
    """Return what becomes of the items now. A handful of statements for any size."""
    remotes = _remotes(session, account.id, [item.remote_id for item in items])
    wanted = [row for row in remotes.values() if row.state is RemoteState.UNSYNCED]
    targets = find_targets(session, [row.id for row in wanted if row.bin is Bin.SAME])
    now = _Now(
        targets=targets,
        stale=_stale(session, wanted),
        linked=_already_linked(session, account.id, wanted),
        newly_here=_newly_here(session, account, [row for row in wanted if row.id not in targets]),
    )
    standings = _standings(session, account.id, items)
    results = {}
    for item in items:
        row = remotes.get(item.remote_id)
        result = decide(
            _told(item, standings),
            None if row is None else now.of(row),
            creates_maybes=creates_maybes,
        )
        results[item.remote_id] = result if row is None else _worded(result, row, targets)
    return DecidedBatch(remotes, results, now.linked)


@dataclass(frozen=True, slots=True)
class _Now:
    """What is known of the rows of a batch, by row id."""

    targets: Mapping[int, Target]
    stale: Collection[int]
    linked: Collection[int]
    newly_here: Collection[int]

    def of(self, row: RemoteRow) -> RowNow:
        state = RemoteState.LINKED if row.id in self.linked else row.state
        target = self.targets.get(row.id)
        return RowNow(
            RowFacts(state, row.bin, row.id in self.stale, row.why in SOMEBODYS_WILL),
            row.revision,
            target.customer_id if target else None,
            target.standing if target else Standing.GONE,
            row.id in self.newly_here,
        )


def is_stale_row(row: RemoteRow | RemoteCustomer) -> bool:
    """Say whether the row changed since it was compared."""
    return row.kept_revision not in (row.revision, COMPARE_AGAIN)


def _remotes(session: Session, account_id: int, remote_ids: Sequence[str]) -> dict[str, RemoteRow]:
    rows = session.execute(
        select(*_COLUMNS)
        .where(RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(remote_ids))
        .order_by(RemoteCustomer.id)
        .with_for_update()
    )
    return {row.remote_id: row for row in rows}


def _stale(session: Session, rows: Iterable[RemoteRow]) -> set[int]:
    """Return who changed since the comparison; whom a person has decided about did not."""
    changed = {row.id for row in rows if is_stale_row(row)}
    return changed - find_choices(session, changed).keys() if changed else changed


def _already_linked(session: Session, account_id: int, rows: Sequence[RemoteRow]) -> set[int]:
    """Return who is linked though the row does not know: somebody else was quicker."""
    found = set(
        session.scalars(
            select(CustomerLink.remote_id).where(
                CustomerLink.account_id == account_id,
                CustomerLink.remote_id.in_([row.remote_id for row in rows]),
            )
        )
    )
    return {row.id for row in rows if row.remote_id in found}


def _newly_here(
    session: Session, account: RemoteAccount, rows: Sequence[RemoteRow]
) -> Collection[int]:
    """Return who has the e-mail or the name of somebody who came here and was not compared yet.

    Added by hand since, through the public page, or by an import from other books; who is linked
    to this account came with this import or one before.
    """
    emails, names = {email_key(row.email) for row in rows if row.email}, {r.sort_key for r in rows}
    is_ours = exists().where(
        CustomerLink.customer_id == Customer.id, CustomerLink.account_id == account.id
    )
    found = session.execute(
        select(Customer.email_key, Customer.sort_key).where(
            Customer.company_id == account.company_id,
            or_(Customer.email_key.in_(emails), Customer.sort_key.in_(names)),
            is_changed_customer(),
            ~is_ours,
        )
    ).all()
    if not found:
        return ()
    keys, sort_keys = {row.email_key for row in found}, {row.sort_key for row in found}
    return {
        row.id
        for row in rows
        if row.sort_key in sort_keys or (row.email and email_key(row.email) in keys)
    }


def _standings(
    session: Session, account_id: int, items: Iterable[PendingItem]
) -> Mapping[int, Standing]:
    planned = {item.planned_customer_id for item in items}
    return find_standings(session, account_id, {each for each in planned if each is not None})


def _told(item: PendingItem, standings: Mapping[int, Standing]) -> Told:
    customer_id = item.planned_customer_id
    standing = Standing.FREE if customer_id is None else standings[customer_id]
    return Told(item.planned, customer_id, item.seen_revision, standing)


def _worded(result: ItemResult, row: RemoteRow, targets: Mapping[int, Target]) -> ItemResult:
    """Return the result with its reason in the words that fit this row."""
    if result.outcome is ItemOutcome.LINKED:
        target = targets[row.id]
        reason = OutcomeReason.CHOSEN if target.is_chosen else OutcomeReason.SAME
        words = "" if target.is_chosen else plain_line(target.words, REASON_CHARACTERS)
        return replace(result, reason=reason, words=words)
    if result.reason is OutcomeReason.WAITS and row.why in _TAKEN_OUT_WORDS:
        return replace(result, words=_TAKEN_OUT_WORDS[row.why])
    return result
