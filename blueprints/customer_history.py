"""The history of a customer in words: lines with a link to the import; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from models import CustomerOrigin
from services.customer_events import FieldChange, HistoryAction, HistoryEntry
from services.history_rows import RunName
from services.providers.registry import provider_profile

FIELD_WORDS: Mapping[str, str] = {
    "name": "name",
    "company_name": "company",
    "email": "e-mail",
    "phone": "phone",
    "address": "address",
}
_CREATED = {
    CustomerOrigin.JOIN: "Signed up by the web form",
    CustomerOrigin.HAND: "Added by hand",
    CustomerOrigin.IMPORT: "Imported from the accounting software",
}
_FROM_BOOKS = frozenset({HistoryAction.FILLED, HistoryAction.TAKEN})


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened: words, then the run they lead to ("in", "by undo of"), then who."""

    at: datetime
    words: str
    run: RunName | None
    run_words: str
    by_name: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class FieldSource:
    """Where today's value of a field comes from, in words, and since when."""

    words: str
    at: datetime


def tell_history(history: Iterable[HistoryEntry]) -> tuple[HistoryLine, ...]:
    """Return the history as lines; values are told of what a person changed."""
    return tuple(
        HistoryLine(
            at=entry.at,
            words=_words(entry),
            run=entry.run,
            run_words="by undo of" if entry.run and entry.run.is_undo else "in",
            by_name=entry.by_name,
            changes=entry.changes,
        )
        for entry in history
    )


def field_sources(
    history: Iterable[HistoryEntry], origin: CustomerOrigin
) -> dict[str, FieldSource]:
    """Return where the books gave today's value, by field; newest entries come first."""
    seen: set[str] = set()
    found: dict[str, FieldSource] = {}
    for entry in history:
        for change in entry.changes:
            if change.field in seen:
                continue
            seen.add(change.field)
            if entry.action in _FROM_BOOKS and entry.provider and change.after:
                found[change.field] = FieldSource(_source(entry, change, origin), entry.at)
    return found


def fields_words(fields: Iterable[str]) -> str:
    """Name fields in a sentence: e-mail, phone and address."""
    names = [FIELD_WORDS.get(field, field) for field in fields]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _source(entry: HistoryEntry, change: FieldChange, origin: CustomerOrigin) -> str:
    assert entry.provider is not None
    taken = f"taken over from {provider_profile(entry.provider).short_name} on"
    if change.before:
        return taken
    is_import = origin is CustomerOrigin.IMPORT and not entry.run
    return f"was empty at import, {taken}" if is_import else f"was empty, {taken}"


def _words(entry: HistoryEntry) -> str:
    books = provider_profile(entry.provider).short_name if entry.provider else ""
    if entry.action is HistoryAction.CREATED:
        if books:
            return f"Created from {books}"
        return "Added" if entry.by_name else _CREATED[entry.origin or CustomerOrigin.HAND]
    if entry.action is HistoryAction.LINKED:
        return f"Linked to {books}"
    if entry.action is HistoryAction.UNLINKED:
        return f"Unlinked from {books}"
    fields = fields_words(entry.fields)
    fields = fields[:1].upper() + fields[1:]
    if entry.action in _FROM_BOOKS:
        return f"{fields} taken over from {books}" if books else f"{fields} taken over"
    return f"{fields} {'changed' if entry.action is HistoryAction.EDITED else 'emptied again'}"
