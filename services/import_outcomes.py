"""What became of one item of an import, and the words for it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models import Bin, ItemOutcome, RemoteCustomer, RemoteState


class OutcomeReason(StrEnum):
    """Why a chosen customer was not created; the words a page shows.

    SAME stands where matching left no words of its own.
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


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item."""

    outcome: ItemOutcome
    reason: str = ""
    customer_id: int | None = None
    filled_fields: str = ""


def refuse(remote: RemoteCustomer | None) -> ItemResult:
    """Say why a row that is not unsynced is not imported; an unsynced one is answered later."""
    if remote is None or remote.state is RemoteState.VANISHED:
        return ItemResult(ItemOutcome.FAILED, OutcomeReason.GONE)
    if remote.state is RemoteState.LEFT_OUT:
        return ItemResult(ItemOutcome.FAILED, OutcomeReason.LEFT_OUT)
    if remote.state is RemoteState.LINKED:
        return ItemResult(ItemOutcome.SKIPPED, OutcomeReason.ALREADY_LINKED)
    return ItemResult(ItemOutcome.SKIPPED, OutcomeReason.IGNORED)


def leave_open(bin_: Bin) -> ItemResult:
    """Say why an unsynced row in this bin is left to a person."""
    is_waiting = bin_ is Bin.WAITING
    reason = OutcomeReason.NOT_COMPARED if is_waiting else OutcomeReason.WAITS
    return ItemResult(ItemOutcome.SKIPPED, reason)
