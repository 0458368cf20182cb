"""How a run ends: everybody has an outcome, or a person has stopped it. Written down either way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models import ImportItem, ImportRun, ImportState, ItemOutcome, RunKind
from services.audit import AuditAction, record_event
from services.import_lease import give_up_lease
from services.import_outcomes import OutcomeReason

STOPPED = OutcomeReason.STOPPED.code


def finish_run(session: Session, run: ImportRun, *, now: datetime) -> None:
    """End a run whose items all have their outcome, in the caller's transaction."""
    _end(run, ImportState.FINISHED, now=now)
    _record_work(session, run, now=now)


def stop_now(session: Session, run: ImportRun, *, now: datetime) -> None:
    """End a run although items wait: these are skipped as stopped. In the caller's transaction.

    Whoever asked for it stands in the run already. A stop that finds nobody waiting came too
    late: the run has come to its end.
    """
    left = _skip_pending(session, run.id)
    if not left:
        run.stopped_by_id = None
        finish_run(session, run, now=now)
        return
    run.skipped_count += left
    _end(run, ImportState.STOPPED, now=now)
    if run.began_at is not None:
        _record_work(session, run, now=now)
    record_event(
        session,
        company_id=run.company_id,
        user_id=run.stopped_by_id,
        action=AuditAction.UNDO_STOPPED if run.kind is RunKind.UNDO else AuditAction.STOPPED,
        subject=run.public_id,
        detail=f"{left:,} left",
        now=now,
    )


def _end(run: ImportRun, state: ImportState, *, now: datetime) -> None:
    give_up_lease(run, state=state)
    run.finished_at = now
    run.pause_reason = run.pause_failure = run.paused_until_at = None


def _skip_pending(session: Session, run_id: int) -> int:
    is_pending = (ImportItem.run_id == run_id, ImportItem.outcome == ItemOutcome.PENDING)
    left = session.scalar(select(func.count()).select_from(ImportItem).where(*is_pending)) or 0
    session.execute(
        update(ImportItem)
        .where(*is_pending)
        .values(
            outcome=ItemOutcome.SKIPPED, reason_code=STOPPED, reason=OutcomeReason.STOPPED.value
        )
        .execution_options(synchronize_session=False)
    )
    return left


def _record_work(session: Session, run: ImportRun, *, now: datetime) -> None:
    if run.kind is RunKind.UNDO:
        action = AuditAction.UNDONE
        detail = f"{run.removed_count:,} removed, {run.unlinked_count:,} unlinked"
    else:
        action = AuditAction.IMPORTED
        detail = f"{run.created_count:,} created, {run.linked_count:,} linked"
    record_event(
        session,
        company_id=run.company_id,
        user_id=run.requested_by_id,
        action=action,
        subject=run.public_id,
        detail=detail,
        now=now,
    )
