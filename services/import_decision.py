"""What becomes of a row of an import: said before it, decided in its batch, by one rule; pure.

Nothing is guessed: a row that is not any more what a person was told is left, and told.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from models import Bin, ItemOutcome, PlannedOutcome, RemoteState
from services.import_outcomes import ItemResult, OutcomeReason
from services.meant import is_as_seen

_PLANNED = {
    Bin.NEW: PlannedOutcome.CREATE,
    Bin.SAME: PlannedOutcome.LINK,
    Bin.MAYBE: PlannedOutcome.ASK,
    Bin.WAITING: PlannedOutcome.WAIT,
}
_NOT_UNSYNCED = {
    RemoteState.VANISHED: ItemResult(ItemOutcome.FAILED, OutcomeReason.GONE),
    RemoteState.LEFT_OUT: ItemResult(ItemOutcome.FAILED, OutcomeReason.LEFT_OUT),
    RemoteState.LINKED: ItemResult(ItemOutcome.SKIPPED, OutcomeReason.ALREADY_LINKED),
    RemoteState.IGNORED: ItemResult(ItemOutcome.SKIPPED, OutcomeReason.IGNORED),
}
#: Is the revision of no row.
ANOTHER_REVISION = -1
#: Is the id of no customer.
NOBODY = 0


class Standing(Enum):
    """How a customer stands who is to be linked. STALE: changed since it was compared."""

    FREE = auto()
    TAKEN = auto()
    STALE = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class RowFacts:
    """How a remote customer stands, as far as a plan goes.

    `is_stale`: it changed since it was compared, and no person has decided about it.
    `was_taken_out`: it was here, and somebody removed or unlinked it.
    """

    state: RemoteState
    bin: Bin
    is_stale: bool = False
    was_taken_out: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What was said about an item; no plan and revision 0 check nothing.

    `standing` is that of the customer with `customer_id` now.
    """

    planned: PlannedOutcome | None = None
    customer_id: int | None = None
    seen_revision: int = 0
    standing: Standing = Standing.FREE


@dataclass(frozen=True, slots=True)
class RowNow:
    """How the row stands in its batch, and whom it would be linked to.

    `is_here_uncompared`: somebody with its e-mail or name came here and was not compared yet.
    """

    facts: RowFacts
    revision: int
    customer_id: int | None = None
    standing: Standing = Standing.GONE
    is_here_uncompared: bool = False


def plan_row(facts: RowFacts, *, creates_maybes: bool) -> PlannedOutcome | None:
    """Return what an import would do with the row, None where it is not unsynced any more.

    Where the doubtful are created, too, the last comparison is better than none. Even then whom
    somebody took from here comes back by a decision about just this one.
    """
    if facts.state is not RemoteState.UNSYNCED:
        return None
    if facts.was_taken_out and facts.bin in (Bin.MAYBE, Bin.WAITING):
        return PlannedOutcome.ASK
    if creates_maybes and facts.bin is Bin.MAYBE:
        return PlannedOutcome.CREATE
    if facts.is_stale and not creates_maybes:
        return PlannedOutcome.WAIT
    return _PLANNED[facts.bin]


def told_about(
    now: Told, *, seen: str = "", seen_customer_id: int | None = None, is_decided: bool = False
) -> Told:
    """Return what the person was told who asks for a row that stands as `now` says.

    `seen` is the token it was shown with, "" if none, and `seen_customer_id` our customer who
    stood beside it then, None if nobody, NOBODY if that one is not here any more. Whoever saw
    nobody was not told of a link, and whoever saw somebody was not told of a new customer unless
    that was decided.
    """
    if not seen:
        return now
    is_changed = not is_as_seen(seen, now.seen_revision)
    revision = ANOTHER_REVISION if is_changed else now.seen_revision
    is_beside = seen_customer_id is not None
    if now.planned is PlannedOutcome.LINK and not is_beside:
        return Told(PlannedOutcome.CREATE, None, revision)
    is_other = now.planned is PlannedOutcome.CREATE and is_beside and not is_decided
    if now.planned is PlannedOutcome.LINK or is_other:
        return Told(PlannedOutcome.LINK, seen_customer_id, revision)
    return Told(now.planned, None, revision)


def decide(told: Told, now: RowNow | None, *, creates_maybes: bool) -> ItemResult:
    """Return what becomes of the item: CREATED and LINKED are to be carried out."""
    if now is None:
        return _NOT_UNSYNCED[RemoteState.VANISHED]
    if now.facts.state is not RemoteState.UNSYNCED:
        return _NOT_UNSYNCED[now.facts.state]
    if told.seen_revision not in (0, now.revision):
        return _skipped(OutcomeReason.CHANGED)
    planned = plan_row(now.facts, creates_maybes=creates_maybes)
    if planned is PlannedOutcome.WAIT:
        return _waiting(told, now, creates_maybes=creates_maybes)
    is_told = told.planned in (None, PlannedOutcome.WAIT, planned)
    if told.planned is PlannedOutcome.LINK and not (
        is_told and told.customer_id == now.customer_id
    ):
        return _skipped(_LOST[told.standing])
    if not is_told:
        return _skipped(OutcomeReason.DIFFERENT)
    if planned is PlannedOutcome.ASK:
        return _skipped(OutcomeReason.WAITS)
    return _linked(now) if planned is PlannedOutcome.LINK else _created(now)


_LOST = {
    Standing.FREE: OutcomeReason.DIFFERENT,
    Standing.STALE: OutcomeReason.DIFFERENT,
    Standing.TAKEN: OutcomeReason.TARGET_TAKEN,
    Standing.GONE: OutcomeReason.TARGET_GONE,
}


def _waiting(told: Told, now: RowNow, *, creates_maybes: bool) -> ItemResult:
    is_told = told.planned in (None, PlannedOutcome.WAIT, PlannedOutcome.CREATE)
    if creates_maybes and is_told:
        return _created(now)
    return _skipped(OutcomeReason.NOT_COMPARED)


def _linked(now: RowNow) -> ItemResult:
    if now.standing is Standing.FREE:
        return ItemResult(ItemOutcome.LINKED, customer_id=now.customer_id)
    if now.standing is Standing.STALE:
        return _skipped(OutcomeReason.NOT_COMPARED)
    return _skipped(_LOST[now.standing])


def _created(now: RowNow) -> ItemResult:
    if now.is_here_uncompared:
        return _skipped(OutcomeReason.DIFFERENT)
    return ItemResult(ItemOutcome.CREATED)


def _skipped(reason: OutcomeReason) -> ItemResult:
    return ItemResult(ItemOutcome.SKIPPED, reason)
