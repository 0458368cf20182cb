"""What became of one item of an import or of its undo, and the words for it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models import ItemOutcome

REASON_CHARACTERS = 200


class OutcomeReason(StrEnum):
    """Why an item ended as it did; the words a page shows.

    SAME stands where matching left no words of its own. CHANGED and DIFFERENT are told, because
    what the person saw is not so any more and nothing is guessed. The second half is of undos.
    """

    SAME = "surely a customer who was here"
    CHOSEN = "as decided on the review page"
    WAITS = "waits for your decision: it may be somebody who is here"
    NOT_COMPARED = "not compared with the customers here yet"
    TARGET_GONE = "the customer to link to is not here any more"
    TARGET_TAKEN = "the customer to link to was linked to another meanwhile"
    ALREADY_LINKED = "already linked meanwhile"
    IGNORED = "ignored meanwhile"
    GONE = "no longer in the accounting software"
    LEFT_OUT = "no longer counted there: archived, or no customer of its own"
    BROKEN = "something broke on our side; nothing of it was saved"
    CHANGED = "changed in the accounting software after you looked; it is back in the list"
    DIFFERENT = "stands differently since you looked; it is back in the list"
    STOPPED = "stopped before its turn"
    REMOVED_UNTOUCHED = "created by this import and untouched since"
    REMOVED_MAILED = "created by this import and untouched since; a mailed report named it"
    UNLINKED = "linked by this import"
    EDITED = "edited here since the import"
    LINKED_ELSEWHERE = "linked to other accounting software since the import"
    MERGED_INTO = "another customer of these books is linked to it"
    CHOSEN_FOR = "chosen for another customer of accounting software"
    ALREADY_REMOVED = "not here any more"
    ALREADY_UNLINKED = "not linked any more"

    @property
    def code(self) -> str:
        """Return what stands for the reason in the item's row."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item. `words` stand in for those of the reason where there are better."""

    outcome: ItemOutcome
    reason: OutcomeReason | None = None
    words: str = ""
    customer_id: int | None = None
    filled_fields: str = ""

    @property
    def reason_code(self) -> str:
        return self.reason.code if self.reason else ""

    @property
    def reason_words(self) -> str:
        return self.words or (self.reason.value if self.reason else "")
