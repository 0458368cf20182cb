"""The queue of runs: those of an account follow each other by id, and only the first is worked on.

A run that is paused stays the first: what was asked for earlier is done earlier. An undo alone
passes it, because it needs nobody's answer.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Exists, and_, exists, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from models import (
    Connection,
    ConnectionState,
    ImportRun,
    ImportState,
    PauseReason,
    RemoteAccount,
    RunKind,
)
from services.import_lease import is_lease_over

IMPORT_JOB = "import_customers"
ACTIVE = (ImportState.QUEUED, ImportState.RUNNING, ImportState.PAUSED)
#: As the partial index of the active runs has it; a bound value would hide that from SQLite.
_IS_ACTIVE = "{}.state IN ('queued', 'running', 'paused')"
IS_ACTIVE: ColumnElement[bool] = literal_column(_IS_ACTIVE.format("import_run"))


def has_active_run(company_id: ColumnElement[int] | InstrumentedAttribute[int]) -> Exists:
    """Say whether an import or an undo of the company has not ended."""
    accounts = select(RemoteAccount.id).where(RemoteAccount.company_id == company_id)
    return exists().where(ImportRun.account_id.in_(accounts), IS_ACTIVE)


def lock_account(session: Session, account_id: int) -> RemoteAccount:
    """Return the account, held by the caller's transaction: runs of it are begun one at a time."""
    return session.execute(
        select(RemoteAccount).where(RemoteAccount.id == account_id).with_for_update()
    ).scalar_one()


def find_active(session: Session, account_id: int) -> ImportRun | None:
    """Return the account's first run that has not ended, or None; the others wait for it."""
    return session.scalar(
        select(ImportRun)
        .where(ImportRun.account_id == account_id, IS_ACTIVE)
        .order_by(ImportRun.id)
        .limit(1)
    )


def find_busy(session: Session, account_id: int) -> ImportRun | None:
    """Return the run that takes from the account's list now or in a moment, or None.

    While the first run is paused no import takes from the list, so it may be read and counted
    unless an undo passes.
    """
    runs = session.scalars(
        select(ImportRun)
        .where(ImportRun.account_id == account_id, IS_ACTIVE)
        .order_by(ImportRun.id)
    ).all()
    if not runs or runs[0].state is not ImportState.PAUSED:
        return runs[0] if runs else None
    passing = (
        run
        for run in runs
        if run.state is ImportState.RUNNING
        or (run.state is ImportState.QUEUED and run.kind is RunKind.UNDO)
    )
    return next(passing, None)


def due_imports(session: Session, *, now: datetime) -> list[int]:
    """Return the runs that somebody should work on: queued, left by a process, done with a pause.

    Of an account only the first, and the undo that may pass it while it is paused.
    """
    return list(session.scalars(select(ImportRun.id).where(is_due(now)).order_by(ImportRun.id)))


def next_due(session: Session, account_id: int, *, now: datetime) -> int | None:
    """Return the account's run that somebody should work on now, or None."""
    return session.scalar(
        select(ImportRun.id)
        .where(ImportRun.account_id == account_id, is_due(now))
        .order_by(ImportRun.id)
        .limit(1)
    )


def is_due(now: datetime) -> ColumnElement[bool]:
    """Say in SQL whether a run may be claimed: its turn has come, and nobody holds it."""
    return and_(
        IS_ACTIVE,
        or_(
            ImportRun.state == ImportState.QUEUED,
            and_(ImportRun.state == ImportState.RUNNING, is_lease_over(now)),
            and_(ImportRun.state == ImportState.PAUSED, _may_go_on(now)),
        ),
        ~_waits_for_another(),
    )


def _may_go_on(now: datetime) -> ColumnElement[bool]:
    """Say whether the moment has come; without permission it comes when there is one again."""
    is_permitted = exists().where(
        Connection.account_id == ImportRun.account_id,
        Connection.state == ConnectionState.CONNECTED,
    )
    lacks_permission = ImportRun.pause_reason == PauseReason.PERMISSION
    return or_(
        and_(lacks_permission, is_permitted),
        and_(~lacks_permission, ImportRun.paused_until_at <= now),
    )


def _waits_for_another() -> ColumnElement[bool]:
    """Say whether another run goes first: the one that runs, and whatever was asked for earlier.

    An undo asks no provider, so it waits for no import that does: one that is paused, or queued
    behind such a one.
    """
    earlier = aliased(ImportRun, name="earlier_run")
    goes_on_soon = and_(
        earlier.state != ImportState.PAUSED,
        or_(earlier.kind == RunKind.UNDO, ~_is_behind_paused(earlier)),
    )
    return exists().where(
        earlier.account_id == ImportRun.account_id,
        literal_column(_IS_ACTIVE.format("earlier_run")),
        or_(
            and_(earlier.id != ImportRun.id, earlier.state == ImportState.RUNNING),
            and_(
                earlier.id < ImportRun.id,
                or_(ImportRun.kind == RunKind.IMPORT, goes_on_soon),
            ),
        ),
    )


def _is_behind_paused(run: type[ImportRun]) -> ColumnElement[bool]:
    paused = aliased(ImportRun, name="paused_run")
    return exists().where(
        paused.account_id == run.account_id,
        paused.id < run.id,
        literal_column(_IS_ACTIVE.format("paused_run")),
        paused.state == ImportState.PAUSED,
    )
