"""What an undo does with one customer of an import, and why; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from models import ItemOutcome
from services.import_outcomes import REASON_CHARACTERS, OutcomeReason
from services.plain_text import plain_line

FIELD_WORDS = {
    "name": "name",
    "company_name": "company name",
    "email": "e-mail",
    "phone": "phone",
    "address": "address",
}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Work:
    """Newer work on a customer that an undo does not take back; by whom and when, where known."""

    reason: OutcomeReason
    words: str = ""
    user_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UndoFacts:
    """How a customer stands whom an import created or linked (`outcome`).

    `is_linked`: the link that the import made is still there. `is_mailed`: a report that was
    mailed names the customer.
    """

    outcome: ItemOutcome
    is_here: bool
    is_linked: bool
    works: Sequence[Work] = ()
    is_mailed: bool = False


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What becomes of one item of an undo; `work` is why a customer is kept."""

    outcome: ItemOutcome
    reason: OutcomeReason
    work: Work | None = None

    @property
    def words(self) -> str:
        own = self.work.words if self.work else ""
        return plain_line(own or self.reason.value, REASON_CHARACTERS)


def decide_undo(facts: UndoFacts) -> UndoResult:
    """Return what an undo does: take back what nobody has built on since.

    A link can be made again, so it is ended whatever happened since. A customer who was created
    is gone with all that was entered, so any newer work keeps it; told is the newest.
    """
    if not facts.is_here:
        return UndoResult(ItemOutcome.SKIPPED, OutcomeReason.ALREADY_REMOVED)
    if facts.outcome is ItemOutcome.LINKED:
        if facts.is_linked:
            return UndoResult(ItemOutcome.UNLINKED, OutcomeReason.UNLINKED)
        return UndoResult(ItemOutcome.SKIPPED, OutcomeReason.ALREADY_UNLINKED)
    if facts.works:
        newest = max(facts.works, key=lambda work: work.at or _LONG_AGO)
        return UndoResult(ItemOutcome.KEPT, newest.reason, newest)
    reason = OutcomeReason.REMOVED_UNTOUCHED
    return UndoResult(
        ItemOutcome.REMOVED, OutcomeReason.REMOVED_MAILED if facts.is_mailed else reason
    )


def edited_words(fields: Sequence[str]) -> str:
    """Return which fields a person edited: "e-mail and phone edited since the import"."""
    words = [text for field, text in FIELD_WORDS.items() if field in fields]
    if not words:
        return ""
    *first, last = words
    listed = f"{', '.join(first)} and {last}" if first else last
    return f"{listed} edited since the import"
