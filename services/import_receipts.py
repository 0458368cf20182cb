"""The receipt of a run: who was left and why, who was brought or taken back, what can be done."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from models import ImportState, ItemOutcome
from services.import_outcomes import OutcomeReason
from services.import_views import ImportView, RunName, list_continuing, list_undos
from services.item_rows import (
    ItemPage,
    ReasonCount,
    count_reason,
    count_reasons,
    count_without_email,
    has_left,
    list_items,
)

#: As items tell that a stop left them, and that a mailed report named whom an undo removed.
STOPPED_CODE = OutcomeReason.STOPPED.code
MAILED_CODE = OutcomeReason.REMOVED_MAILED.code
#: What a person may have to act on, and what is done, of an import and of an undo.
LEFT = (ItemOutcome.FAILED, ItemOutcome.SKIPPED)
BROUGHT = (ItemOutcome.CREATED, ItemOutcome.LINKED)
KEPT = (ItemOutcome.KEPT, ItemOutcome.SKIPPED, ItemOutcome.FAILED)
TAKEN_BACK = (ItemOutcome.REMOVED, ItemOutcome.UNLINKED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the customers of a run that has ended.

    `told` are those with a reason, `done` the others, `reasons` counts the told. `mailed` of the
    removed were named in a report that was mailed. `can_retry` and `can_continue`: somebody who
    failed, or whom a stop left, is still not imported. `is_cleared`: it is so old that the rows of
    one list are gone, while the numbers stay.
    """

    told: ItemPage
    done: ItemPage
    reasons: tuple[ReasonCount, ...]
    without_email: int = 0
    continuing: tuple[RunName, ...] = ()
    undos: tuple[RunName, ...] = ()
    mailed: int = 0
    can_retry: bool = False
    can_continue: bool = False
    is_cleared: bool = False


def view_receipt(
    session: Session,
    company_id: int,
    run: ImportView,
    *,
    told_after: str | None = None,
    done_after: str | None = None,
) -> Receipt:
    """Return the receipt of a run that has ended, with one page of each of its lists."""
    key, is_undo = run.public_id, run.is_undo
    told, done = (KEPT, TAKEN_BACK) if is_undo else (LEFT, BROUGHT)
    is_stopped = run.state is ImportState.STOPPED and not is_undo
    told_page = list_items(session, company_id, key, outcomes=told, after=told_after)
    done_page = list_items(session, company_id, key, outcomes=done, after=done_after)
    return Receipt(
        told=told_page,
        done=done_page,
        is_cleared=_lacks_rows(run, told, told_page, after=told_after)
        or _lacks_rows(run, done, done_page, after=done_after),
        reasons=count_reasons(session, company_id, key, outcomes=told),
        without_email=count_without_email(session, company_id, key) if run.created else 0,
        continuing=() if is_undo else list_continuing(session, company_id, key),
        undos=list_undos(session, company_id, key) if run.undo else (),
        mailed=count_reason(session, company_id, key, outcome=ItemOutcome.REMOVED, code=MAILED_CODE)
        if run.removed
        else 0,
        can_retry=run.failed > 0
        and not is_undo
        and has_left(session, company_id, key, outcome=ItemOutcome.FAILED),
        can_continue=is_stopped
        and has_left(session, company_id, key, outcome=ItemOutcome.SKIPPED, code=STOPPED_CODE),
    )


def _lacks_rows(
    run: ImportView, outcomes: tuple[ItemOutcome, ...], page: ItemPage, *, after: str | None
) -> bool:
    """Say whether the run counts somebody of whom no row is left; pure."""
    counted = sum(getattr(run, outcome.value) for outcome in outcomes)
    return counted > 0 and not page.rows and not after
