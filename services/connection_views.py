"""Connections as pages show them, and how the customers of their accounts stand. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Case, Executable, bindparam, case, exists, func, select, text
from sqlalchemy.orm import Session, aliased

from models import (
    Connection,
    ConnectionState,
    ImportRun,
    Reading,
    ReadingState,
    ReconnectReason,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    RunKind,
    User,
)
from services.providers.contract import ProviderKey, RemoteKind, RemoteStatus
from services.remote_counts import Standing, count_standings
from services.run_views import ACTIVE

WARN_BEFORE = timedelta(days=14)
# Written out, not bound: readings have an index for one state only, and SQLite works a statement
# out anew each time where a bound state could decide for it, which takes ten times the answer.
IS_FINISHED = text(f"reading.state = '{ReadingState.FINISHED.value}'")
_LEFT_OUT_KINDS = {
    RemoteKind.SUB_CUSTOMER: "sub_customers",
    RemoteKind.PROJECT: "projects",
    RemoteKind.SUPPLIER: "suppliers",
}

_OF_CONNECTION = (
    Connection.id,
    Connection.public_id,
    Connection.provider,
    Connection.state,
    Connection.account_id,
    Connection.connected_at,
    Connection.ended_at,
    Connection.reconnect_reason,
    Connection.hard_expires_at,
    Connection.refresh_expires_at,
    Connection.installation,
    Connection.looked_at,
    Connection.looked_reading_id,
    Connection.rechecks_daily,
    Connection.reports_new,
    Connection.recheck_call_budget,
)
_OF_OTHERS = (
    RemoteAccount.name.label("account_name"),
    RemoteAccount.includes_sub_customers,
    User.name.label("connected_by_name"),
    Reading.id.label("reading_id"),
    Reading.finished_at.label("read_at"),
    Reading.counted_count,
    ImportRun.public_id.label("run_public_id"),
    ImportRun.created_at.label("run_created_at"),
    ImportRun.state.label("run_state"),
    ImportRun.created_count,
    ImportRun.linked_count,
    ImportRun.skipped_count,
    ImportRun.failed_count,
)


@dataclass(frozen=True, slots=True)
class LastImport:
    """The latest import run of an account, running or ended; an undo of it may still run."""

    public_id: str
    created_at: datetime
    is_active: bool
    created: int
    linked: int
    skipped: int
    failed: int
    is_undone: bool


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection as pages show it; `read_at` is the end of the last whole reading.

    `new_count` are the unsynced who were first read after the reading an admin last looked at;
    `is_looked_at` says that this was the last whole one. `ends_at` is when the permission ends
    unless somebody reconnects, where the provider says so; `installation` the address at which
    it was given.
    """

    id: int
    public_id: str
    provider: ProviderKey
    state: ConnectionState
    account_id: int
    account_name: str
    connected_by_name: str
    connected_at: datetime
    ended_at: datetime | None
    reconnect_reason: ReconnectReason | None
    ends_at: datetime | None
    installation: str
    read_at: datetime | None
    counted_count: int | None
    includes_sub_customers: bool
    looked_at: datetime | None
    is_looked_at: bool
    new_count: int
    rechecks_daily: bool
    reports_new: bool
    recheck_call_budget: int
    last_import: LastImport | None

    @property
    def is_connected(self) -> bool:
        return self.state is ConnectionState.CONNECTED

    @property
    def needs_reconnect(self) -> bool:
        return self.state is ConnectionState.RECONNECT_REQUIRED

    def ends_soon(self, now: datetime) -> bool:
        """Say whether the permission ends within two weeks."""
        return self.ends_at is not None and now <= self.ends_at <= now + WARN_BEFORE


@dataclass(frozen=True, slots=True)
class AccountCounts:
    """How the remote customers of one account stand; all numbers of customers.

    Left out are `archived`, `sub_customers`, `projects` and `suppliers`, each customer in one.
    """

    linked: int = 0
    ignored: int = 0
    archived: int = 0
    sub_customers: int = 0
    projects: int = 0
    suppliers: int = 0
    counted_sub_customers: int = 0


def list_connections(session: Session, company_id: int) -> dict[ProviderKey, ConnectionView]:
    """Return the company's connections by provider, ended ones included. One statement."""
    return {view.provider: view for view in _views(session, company_id, provider=None)}


def view_connection(
    session: Session, company_id: int, provider: ProviderKey
) -> ConnectionView | None:
    """Return the company's connection to the provider, or None. One statement."""
    return next(iter(_views(session, company_id, provider=provider)), None)


def count_customers(
    session: Session, account_id: int, *, counted: int | None = None
) -> AccountCounts:
    """Count linked, ignored and left-out remote customers. One statement inside an index.

    `counted`, of the account's ConnectionView in the same transaction, spares a large list.
    """
    counts: Counter[str] = Counter()
    for standing in count_standings(session, account_id, counted=counted):
        counts[_place_of(standing)] += standing.count
        if standing.is_counted and standing.kind is RemoteKind.SUB_CUSTOMER:
            counts["counted_sub_customers"] += standing.count
    return AccountCounts(**{field.name: counts[field.name] for field in fields(AccountCounts)})


def _place_of(standing: Standing) -> str:
    """Return the count a standing belongs to, one that no page shows for all others."""
    if standing.state in (RemoteState.LINKED, RemoteState.IGNORED):
        return standing.state.value
    if standing.state is not RemoteState.LEFT_OUT:
        return ""
    if standing.status is RemoteStatus.ARCHIVED:
        return "archived"
    return _LEFT_OUT_KINDS.get(standing.kind, "")


def _views(
    session: Session, company_id: int, *, provider: ProviderKey | None
) -> Sequence[ConnectionView]:
    values = {"company_id": company_id, "provider": provider.value if provider else None}
    statement = _look_up(is_one=provider is not None)
    # Columns alone: the session would look for entities to build.
    return [_view(row) for row in session.connection().execute(statement, values)]


@lru_cache(maxsize=2)
def _look_up(*, is_one: bool) -> Executable:
    """Made once: making it takes longer than answering it. No token is among what it reads."""
    last_whole = (
        select(func.max(Reading.id))
        .where(Reading.account_id == Connection.account_id, IS_FINISHED)
        .correlate(Connection)
        .scalar_subquery()
    )
    last_run = (
        select(func.max(ImportRun.id))
        .where(ImportRun.account_id == Connection.account_id, ImportRun.kind == RunKind.IMPORT)
        .correlate(Connection)
        .scalar_subquery()
    )
    undo = aliased(ImportRun)
    query = (
        select(
            *_OF_CONNECTION,
            *_OF_OTHERS,
            exists().where(undo.undoes_id == ImportRun.id).label("is_undone"),
            _count_of_new().label("new_count"),
        )
        .join(RemoteAccount, RemoteAccount.id == Connection.account_id)
        .outerjoin(User, User.id == Connection.connected_by_id)
        .outerjoin(Reading, Reading.id == last_whole)
        .outerjoin(ImportRun, ImportRun.id == last_run)
        .where(Connection.company_id == bindparam("company_id"))
    )
    return query.where(Connection.provider == bindparam("provider")) if is_one else query


def _count_of_new() -> Case[int]:
    """Count the new ones of each connection by the partial index; nobody is new to nobody."""
    count = (
        select(func.count())
        .select_from(RemoteCustomer)
        .where(
            RemoteCustomer.account_id == Connection.account_id,
            RemoteCustomer.first_reading_id > Connection.looked_reading_id,
            # Written out, not bound: a database picks a partial index by its literal condition.
            text("remote_customer.state = 'unsynced'"),
        )
        .correlate(Connection)
        .scalar_subquery()
    )
    return case((Connection.looked_at.is_(None), 0), else_=count)


def _view(row: Any) -> ConnectionView:
    return ConnectionView(
        id=row.id,
        public_id=row.public_id,
        provider=ProviderKey(row.provider),
        state=row.state,
        account_id=row.account_id,
        account_name=row.account_name,
        connected_by_name=row.connected_by_name or "",
        connected_at=row.connected_at,
        ended_at=row.ended_at,
        reconnect_reason=row.reconnect_reason,
        ends_at=_ends_at(row),
        installation=row.installation,
        read_at=row.read_at,
        counted_count=row.counted_count,
        includes_sub_customers=row.includes_sub_customers,
        looked_at=row.looked_at,
        is_looked_at=row.reading_id is None or row.looked_reading_id >= row.reading_id,
        new_count=row.new_count,
        rechecks_daily=row.rechecks_daily,
        reports_new=row.reports_new,
        recheck_call_budget=row.recheck_call_budget,
        last_import=None if row.run_public_id is None else _last_import(row),
    )


def _ends_at(row: Any) -> datetime | None:
    if row.state is not ConnectionState.CONNECTED:
        return None
    ends = (row.hard_expires_at, row.refresh_expires_at)
    return min((end for end in ends if end is not None), default=None)


def _last_import(row: Any) -> LastImport:
    return LastImport(
        public_id=row.run_public_id,
        created_at=row.run_created_at,
        is_active=row.run_state in ACTIVE,
        created=row.created_count,
        linked=row.linked_count,
        skipped=row.skipped_count,
        failed=row.failed_count,
        is_undone=row.is_undone,
    )
