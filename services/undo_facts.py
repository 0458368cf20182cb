"""How the customers stand whom an import brought: what an undo decides by, read batch by batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    ChosenOutcome,
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    ImportItem,
    ImportRun,
    ItemOutcome,
    RemoteAccount,
    ReviewChoice,
    RunKind,
)
from services.import_outcomes import OutcomeReason
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.undo_decision import UndoFacts, Work, edited_words

BROUGHT = (ItemOutcome.CREATED, ItemOutcome.LINKED)
BY_HAND = (CustomerAction.EDITED, CustomerAction.TAKEN)
#: The code of an item whose customer stood in a mailed report when the undo was asked for.
MAILED = OutcomeReason.REMOVED_MAILED.code


class LinkRow(NamedTuple):
    """A link as far as an undo looks at it; `user_id` is who imported it, where that is known."""

    account_id: int
    remote_id: str
    customer_id: int
    linked_at: datetime
    provider: str
    user_id: int | None = None


class ChoiceRow(NamedTuple):
    """A person's standing decision to link somebody in the books to the customer."""

    customer_id: int | None
    provider: str
    decided_at: datetime
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Standings:
    """A batch of an import as it stands now: its items, its customers, what happened since.

    `links` and `events` are by customer, the events oldest first. `later_ids` are remote ids that
    a later import brought here again: their links are not this import's any more. `own_links` are
    all that the import made to any of the customers, by remote id.
    """

    undone: ImportRun
    items: Mapping[str, ImportItem]
    customers: Mapping[int, Customer]
    links: Mapping[int, Sequence[LinkRow]]
    events: Mapping[int, Sequence[CustomerEvent]]
    later_ids: Collection[str]
    own_links: Mapping[str, int]
    choices: Mapping[int, Sequence[ChoiceRow]]

    def facts_of(self, remote_id: str, *, is_mailed: bool = False) -> UndoFacts:
        """Return what decides about one item."""
        item = self.items[remote_id]
        customer = self.customers.get(item.customer_id or 0)
        if customer is None:
            return UndoFacts(item.outcome, is_here=False, is_linked=False)
        is_linked = self.is_linked(remote_id)
        works = [*self._edits(customer), *self._links_since(customer), *self._choices(customer)]
        if not is_linked:
            works.append(self._parting(customer))
        return UndoFacts(
            item.outcome, is_here=True, is_linked=is_linked, works=works, is_mailed=is_mailed
        )

    def is_linked(self, remote_id: str) -> bool:
        """Say whether the link that the import made is still there."""
        return self.own_link(remote_id) is not None

    def own_link(self, remote_id: str) -> LinkRow | None:
        """Return the link that the import made, None where it ended since."""
        if remote_id in self.later_ids:
            return None
        own = (self.undone.account_id, remote_id)
        links = self.links.get(self.items[remote_id].customer_id or 0, ())
        return next((link for link in links if (link.account_id, link.remote_id) == own), None)

    def _edits(self, customer: Customer) -> list[Work]:
        events = [each for each in self.events.get(customer.id, ()) if each.action in BY_HAND]
        if events:
            newest = events[-1]
            words = edited_words([each.field for each in events])
            return [Work(OutcomeReason.EDITED, words, newest.user_id, newest.at)]
        # Edits left no events before runs noted when they began, only another revision.
        is_old = self.undone.began_at is None
        return [Work(OutcomeReason.EDITED)] if is_old and customer.revision > 1 else []

    def _links_since(self, customer: Customer) -> list[Work]:
        works = []
        for link in self.links.get(customer.id, ()):
            if link.account_id != self.undone.account_id:
                name = provider_profile(ProviderKey(link.provider)).short_name
                reason, words = OutcomeReason.LINKED_ELSEWHERE, f"linked to {name} since the import"
            elif self.own_links.get(link.remote_id) != customer.id:
                reason, words = OutcomeReason.MERGED_INTO, ""
            else:
                continue
            works.append(Work(reason, words, link.user_id, link.linked_at))
        return works

    def _choices(self, customer: Customer) -> list[Work]:
        works = []
        for choice in self.choices.get(customer.id, ()):
            name = provider_profile(ProviderKey(choice.provider)).short_name
            words = f"chosen for a {name} customer"
            works.append(Work(OutcomeReason.CHOSEN_FOR, words, choice.user_id, choice.decided_at))
        return works

    def _parting(self, customer: Customer) -> Work:
        """Return how the import's link ended: a person wanted the customer here on its own."""
        for event in reversed(self.events.get(customer.id, ())):
            if event.action is CustomerAction.UNLINKED:
                return Work(OutcomeReason.ALREADY_UNLINKED, "", event.user_id, event.at)
        return Work(OutcomeReason.ALREADY_UNLINKED)


def read_standings(
    session: Session, undone: ImportRun, remote_ids: Sequence[str], *, is_locked: bool = False
) -> Standings:
    """Read how items of an import stand, up to some hundred; seven statements for any number.

    `is_locked` holds the customers for the caller's transaction, by id.
    """
    items = _items(session, undone, remote_ids)
    ids = {item.customer_id for item in items.values() if item.customer_id is not None}
    customers = _customers(session, ids, is_locked=is_locked)
    links = _links(session, ids)
    return Standings(
        undone,
        items,
        customers,
        links,
        _events(session, ids),
        _brought_later(session, undone, remote_ids),
        _own_links(session, undone, ids),
        _choices(session, ids),
    )


def _items(
    session: Session, undone: ImportRun, remote_ids: Sequence[str]
) -> Mapping[str, ImportItem]:
    rows = session.scalars(
        select(ImportItem).where(
            ImportItem.run_id == undone.id,
            ImportItem.remote_id.in_(remote_ids),
            ImportItem.outcome.in_(BROUGHT),
        )
    )
    return {item.remote_id: item for item in rows}


def _customers(session: Session, ids: Collection[int], *, is_locked: bool) -> dict[int, Customer]:
    query = select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id)
    if is_locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    return {customer.id: customer for customer in session.scalars(query)}


def _links(session: Session, ids: Collection[int]) -> Mapping[int, Sequence[LinkRow]]:
    linker = (
        select(ImportRun.requested_by_id)
        .join(ImportItem, ImportItem.run_id == ImportRun.id)
        .where(
            ImportItem.customer_id == CustomerLink.customer_id,
            ImportItem.remote_id == CustomerLink.remote_id,
            ImportItem.outcome.in_(BROUGHT),
            ImportRun.account_id == CustomerLink.account_id,
        )
        .order_by(ImportRun.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            CustomerLink.account_id,
            CustomerLink.remote_id,
            CustomerLink.customer_id,
            CustomerLink.linked_at,
            RemoteAccount.provider,
            linker,
        )
        .join(RemoteAccount, RemoteAccount.id == CustomerLink.account_id)
        .where(CustomerLink.customer_id.in_(ids))
        .order_by(CustomerLink.id)
    )
    found: defaultdict[int, list[LinkRow]] = defaultdict(list)
    for row in rows:
        found[row.customer_id].append(LinkRow(*row))
    return found


def _events(session: Session, ids: Collection[int]) -> Mapping[int, Sequence[CustomerEvent]]:
    rows = session.scalars(
        select(CustomerEvent).where(CustomerEvent.customer_id.in_(ids)).order_by(CustomerEvent.id)
    )
    found: defaultdict[int, list[CustomerEvent]] = defaultdict(list)
    for event in rows:
        found[event.customer_id].append(event)
    return found


def _brought_later(session: Session, undone: ImportRun, remote_ids: Sequence[str]) -> set[str]:
    return set(
        session.scalars(
            select(ImportItem.remote_id)
            .join(ImportRun, ImportRun.id == ImportItem.run_id)
            .where(
                ImportRun.account_id == undone.account_id,
                ImportRun.kind == RunKind.IMPORT,
                ImportRun.id > undone.id,
                ImportItem.remote_id.in_(remote_ids),
                ImportItem.outcome.in_(BROUGHT),
            )
        )
    )


def _own_links(session: Session, undone: ImportRun, ids: Collection[int]) -> Mapping[str, int]:
    rows = session.execute(
        select(ImportItem.remote_id, ImportItem.customer_id).where(
            ImportItem.customer_id.in_(ids),
            ImportItem.run_id == undone.id,
            ImportItem.outcome.in_(BROUGHT),
        )
    )
    return {remote_id: customer_id for remote_id, customer_id in rows if customer_id}


def _choices(session: Session, ids: Collection[int]) -> Mapping[int, Sequence[ChoiceRow]]:
    rows = session.execute(
        select(
            ReviewChoice.customer_id,
            RemoteAccount.provider,
            ReviewChoice.decided_at,
            ReviewChoice.decided_by_id,
        )
        .join(RemoteAccount, RemoteAccount.id == ReviewChoice.account_id)
        .where(ReviewChoice.customer_id.in_(ids), ReviewChoice.outcome == ChosenOutcome.LINK)
        .order_by(ReviewChoice.remote_customer_id)
    )
    found: defaultdict[int, list[ChoiceRow]] = defaultdict(list)
    for row in rows:
        found[row.customer_id or 0].append(ChoiceRow(*row))
    return found
