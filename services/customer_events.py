"""The history of a customer: how it came, its links, and what became of its fields. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from sqlalchemy.orm import Session

from models import Customer, CustomerOrigin, ItemOutcome
from services.customers import require_customer
from services.history_rows import (
    RunName,
    find_adder,
    read_events,
    read_items,
    read_links,
    read_runs,
)
from services.placeholder_email import is_placeholder_email
from services.providers.contract import ProviderKey
from services.review_rows import AnyRow


class HistoryAction(StrEnum):
    """What happened to the customer, or to one or several of its fields; see CustomerAction."""

    CREATED = "created"
    LINKED = "linked"
    UNLINKED = "unlinked"
    EDITED = "edited"
    FILLED = "filled"
    TAKEN = "taken"
    EMPTIED = "emptied"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; a placeholder is no e-mail, so it is ""."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened. `provider` is in whose books, `run` by which import or undo.

    `by_name` is "" where nobody did it: a reading, or a sign-up by the web form. `origin` is told
    of CREATED only.
    """

    at: datetime
    action: HistoryAction
    provider: ProviderKey | None = None
    run: RunName | None = None
    changes: tuple[FieldChange, ...] = ()
    by_name: str = ""
    origin: CustomerOrigin | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(change.field for change in self.changes)


#: What happened at one moment, the later first.
_ORDER = tuple(HistoryAction)


def list_history(session: Session, company_id: int, public_id: str) -> tuple[HistoryEntry, ...]:
    """Return what happened to the customer, newest first. Raises UnknownCustomer.

    Six statements, whatever happened.
    """
    customer = require_customer(session, company_id, public_id)
    items = read_items(session, customer)
    events = read_events(session, customer)
    run_ids = {row.run_id for row in (*items, *events) if row.run_id is not None}
    runs = read_runs(session, company_id, run_ids)
    links = read_links(session, customer)
    entries = [
        *_created(session, customer, items, runs),
        *_linked(items, links, events, runs),
        *_changed(events, runs),
    ]
    entries.sort(key=lambda entry: (entry.at, _ORDER.index(entry.action)), reverse=True)
    return tuple(entries)


def _created(
    session: Session,
    customer: Customer,
    items: Sequence[AnyRow],
    runs: Mapping[int, RunName],
) -> list[HistoryEntry]:
    item = next((item for item in items if item.outcome is ItemOutcome.CREATED), None)
    if item is not None:
        run, by_name = runs[item.run_id], item.by_name or ""
    else:
        run, by_name = None, find_adder(session, customer)
    return [
        HistoryEntry(
            customer.created_at,
            HistoryAction.CREATED,
            provider=run.provider if run else None,
            run=run,
            by_name=by_name,
            origin=customer.origin,
        )
    ]


def _linked(
    items: Sequence[AnyRow],
    links: Sequence[AnyRow],
    events: Sequence[AnyRow],
    runs: Mapping[int, RunName],
) -> list[HistoryEntry]:
    """Return when it was linked: by imports, whose links may have ended, and by merges there."""
    entries, explained = [], set()
    for item in items:
        link = next((link for link in links if _is_of(link, item)), None)
        if link is not None:
            explained.add((link.account_id, link.remote_id))
        if item.outcome is ItemOutcome.LINKED:
            run = runs[item.run_id]
            at = link.linked_at if link else _moment(item, events)
            entries.append(
                HistoryEntry(
                    at, HistoryAction.LINKED, run.provider, run, by_name=item.by_name or ""
                )
            )
    return entries + [
        HistoryEntry(link.linked_at, HistoryAction.LINKED, ProviderKey(link.provider))
        for link in links
        if (link.account_id, link.remote_id) not in explained
    ]


def _is_of(link: AnyRow, item: AnyRow) -> bool:
    """Say whether the item made the link; an earlier one of the two may have ended."""
    is_same = (link.account_id, link.remote_id) == (item.account_id, item.remote_id)
    is_within = item.finished_at is None or link.linked_at <= item.finished_at
    return is_same and item.created_at <= link.linked_at and is_within


def _moment(item: AnyRow, events: Sequence[AnyRow]) -> datetime:
    """Return when an import linked what is not linked any more, as near as it is known."""
    filled = (event.at for event in events if event.run_id == item.run_id)
    moment: datetime = next(filled, None) or item.finished_at or item.created_at
    return moment


def _changed(events: Sequence[AnyRow], runs: Mapping[int, RunName]) -> list[HistoryEntry]:
    """Return the events, those of several fields at once as one entry."""

    def whose(event: AnyRow) -> tuple[object, ...]:
        return event.at, event.action, event.account_id, event.run_id, event.by_name

    grouped = (list(group) for _, group in groupby(events, key=whose))
    return [
        HistoryEntry(
            first.at,
            HistoryAction(first.action.value),
            provider=ProviderKey(first.provider) if first.provider else None,
            run=runs.get(first.run_id) if first.run_id is not None else None,
            changes=tuple(
                FieldChange(event.field, _shown(event.before), _shown(event.after))
                for event in group
                if event.field
            ),
            by_name=first.by_name,
        )
        for first, group in ((group[0], group) for group in grouped)
    ]


def _shown(value: str) -> str:
    return "" if is_placeholder_email(value) else value
