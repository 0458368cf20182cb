"""Imports and their undos as pages and commands show them: progress, end, history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from models import (
    Connection,
    ConnectionState,
    ImportRun,
    ImportState,
    RemoteAccount,
    RunKind,
    User,
)
from services.providers.contract import ProviderKey
from services.run_views import ImportView as ImportView
from services.run_views import RunName as RunName
from services.run_views import UndoneBy

RUNS_SHOWN = 50
#: As the partial index of the active runs has it; a bound value would hide it from SQLite.
_IS_ACTIVE: ColumnElement[bool] = literal_column(
    "import_run.state IN ('queued', 'running', 'paused')"
)


class UnknownImport(Exception):
    """The company has no such import."""


def view_import(session: Session, company_id: int, public_id: str) -> ImportView:
    """Return one run of the company. Raises UnknownImport."""
    query = _runs(company_id).where(ImportRun.public_id == public_id)
    view = next(iter(_views(session, query)), None)
    if view is None:
        raise UnknownImport
    return view


def view_active(session: Session, company_id: int) -> ImportView | None:
    """Return the run that every page tells of: the one that runs, else the first that waits.

    One statement inside a small index while there is none.
    """
    accounts = select(RemoteAccount.id).where(RemoteAccount.company_id == company_id)
    rows = session.execute(
        select(ImportRun.public_id, ImportRun.state)
        .where(ImportRun.account_id.in_(accounts), _IS_ACTIVE)
        .order_by(ImportRun.id)
    ).all()
    if not rows:
        return None
    running = (public_id for public_id, state in rows if state is ImportState.RUNNING)
    return view_import(session, company_id, next(running, rows[0][0]))


def list_imports(
    session: Session, company_id: int, *, provider: ProviderKey, limit: int | None = RUNS_SHOWN
) -> Sequence[ImportView]:
    """Return the latest imports from one provider, newest first, no undos. One statement."""
    query = (
        _runs(company_id)
        .where(RemoteAccount.provider == provider.value, ImportRun.kind == RunKind.IMPORT)
        .order_by(ImportRun.id.desc())
        .limit(limit)
    )
    return _views(session, query)


def find_ahead(session: Session, company_id: int, public_id: str) -> RunName | None:
    """Return the run of the same account that has to end before this one begins.

    An undo passes an import that is paused.
    """
    this = aliased(ImportRun)
    query = (
        _runs(company_id)
        .join(this, (this.account_id == ImportRun.account_id) & (this.id > ImportRun.id))
        .where(
            this.public_id == public_id,
            _IS_ACTIVE,
            or_(this.kind == RunKind.IMPORT, ImportRun.state != ImportState.PAUSED),
        )
        .order_by(ImportRun.id)
        .limit(1)
    )
    return next((_name(view) for view in _views(session, query)), None)


def list_continuing(session: Session, company_id: int, public_id: str) -> tuple[RunName, ...]:
    """Return the runs that tried again what failed or was stopped in this one, oldest first."""
    first = aliased(ImportRun)
    query = (
        _runs(company_id)
        .join(first, first.id == ImportRun.continues_id)
        .where(first.public_id == public_id)
        .order_by(ImportRun.id)
    )
    return tuple(_name(view) for view in _views(session, query))


def list_undos(session: Session, company_id: int, public_id: str) -> tuple[RunName, ...]:
    """Return the undos of the import, oldest first: one that was stopped may be asked again."""
    undone = aliased(ImportRun)
    query = (
        _runs(company_id)
        .join(undone, undone.id == ImportRun.undoes_id)
        .where(undone.public_id == public_id)
        .order_by(ImportRun.id)
    )
    return tuple(_name(view) for view in _views(session, query))


def _runs(company_id: int) -> Select[Any]:
    number = func.row_number().over(order_by=ImportRun.id)
    numbers = (
        select(ImportRun.id, ImportRun.public_id, number.label("number"))
        .where(ImportRun.company_id == company_id, ImportRun.kind == RunKind.IMPORT)
        .cte("numbers")
    )
    # An undo bears the number of what it takes back.
    own, continued = numbers.alias("own"), numbers.alias("continued")
    asking, stopping, undoing = aliased(User), aliased(User), aliased(User)
    undo, later = aliased(ImportRun), aliased(ImportRun)
    latest = (
        select(func.max(later.id))
        .where(later.undoes_id == ImportRun.id)
        .correlate(ImportRun)
        .scalar_subquery()
    )
    taken_back = [
        select(func.sum(getattr(later, name)))
        .where(later.undoes_id == ImportRun.id)
        .correlate(ImportRun)
        .scalar_subquery()
        for name in ("removed_count", "unlinked_count")
    ]
    names = (asking.name, stopping.name, undoing.name)
    numbered = (own.c.public_id, own.c.number, continued.c.public_id, continued.c.number)
    books = (RemoteAccount.name, _connected_name())
    return (
        select(ImportRun, RemoteAccount.provider, undo, *names, *numbered, *books, *taken_back)
        .join(own, own.c.id == func.coalesce(ImportRun.undoes_id, ImportRun.id))
        .join(RemoteAccount, RemoteAccount.id == ImportRun.account_id)
        .outerjoin(continued, continued.c.id == ImportRun.continues_id)
        .outerjoin(asking, asking.id == ImportRun.requested_by_id)
        .outerjoin(stopping, stopping.id == ImportRun.stopped_by_id)
        .outerjoin(undo, undo.id == latest)
        .outerjoin(undoing, undoing.id == undo.requested_by_id)
        .where(ImportRun.company_id == company_id)
    )


def _connected_name() -> ScalarSelect[str]:
    """Return in SQL the books that the provider of a run is connected to, where not the run's."""
    others = aliased(RemoteAccount)
    return (
        select(others.name)
        .join(Connection, Connection.account_id == others.id)
        .where(
            Connection.company_id == ImportRun.company_id,
            Connection.provider == RemoteAccount.provider,
            Connection.state == ConnectionState.CONNECTED,
            Connection.account_id != ImportRun.account_id,
        )
        .correlate(ImportRun, RemoteAccount)
        .scalar_subquery()
    )


def _views(session: Session, query: Select[Any]) -> Sequence[ImportView]:
    return [_view(*row) for row in session.execute(query)]


def _view(
    run: ImportRun,
    provider: str,
    undo: ImportRun | None,
    asking_name: str | None,
    stopping_name: str | None,
    undoing_name: str | None,
    own_public_id: str,
    number: int,
    continued_public_id: str | None,
    continued_number: int | None,
    account_name: str,
    connected_name: str | None,
    *taken_back: int | None,
) -> ImportView:
    continued = RunName(continued_public_id or "", continued_number or 0)
    return ImportView(
        public_id=run.public_id,
        number=number,
        kind=run.kind,
        provider=ProviderKey(provider),
        state=run.state,
        requested_by_name=asking_name or "",
        created_at=run.created_at,
        began_at=run.began_at,
        finished_at=run.finished_at,
        chosen=run.chosen_count,
        is_interrupted=run.attempts > 1,
        wants_stop=run.wants_stop,
        stopped_by_name=stopping_name or "",
        pause_reason=run.pause_reason,
        pause_failure=run.pause_failure,
        paused_until_at=run.paused_until_at,
        undoes=RunName(own_public_id, number) if run.kind is RunKind.UNDO else None,
        continues=continued if continued_public_id else None,
        undo=_undone_by(undo, undoing_name or "", *taken_back) if undo else None,
        account_name=account_name,
        connected_name=connected_name,
        **_outcomes(run),
    )


def _outcomes(run: ImportRun) -> dict[str, int]:
    return {
        "call_count": run.call_count,
        "created": run.created_count,
        "linked": run.linked_count,
        "skipped": run.skipped_count,
        "failed": run.failed_count,
        "removed": run.removed_count,
        "unlinked": run.unlinked_count,
        "kept": run.kept_count,
    }


def _undone_by(undo: ImportRun, name: str, removed: int | None, unlinked: int | None) -> UndoneBy:
    return UndoneBy(
        public_id=undo.public_id,
        state=undo.state,
        requested_by_name=name,
        created_at=undo.created_at,
        removed=removed or 0,
        unlinked=unlinked or 0,
        kept=undo.kept_count,
        failed=undo.failed_count,
    )


def _name(view: ImportView) -> RunName:
    return RunName(view.public_id, view.number, view.kind)
