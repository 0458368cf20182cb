"""Connections as pages show them, and how the customers of their accounts stand. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import Case, case, exists, func, select, text
from sqlalchemy.orm import Session, aliased, joinedload

from models import (
    Connection,
    ConnectionState,
    ImportRun,
    Reading,
    ReadingState,
    ReconnectReason,
    RemoteCustomer,
    RemoteState,
    RunKind,
)
from services.providers.contract import ProviderKey, RemoteKind, RemoteStatus
from services.remote_counts import Standing, count_standings
from services.run_views import ACTIVE

WARN_BEFORE = timedelta(days=14)
_LEFT_OUT_KINDS = {
    RemoteKind.SUB_CUSTOMER: "sub_customers",
    RemoteKind.PROJECT: "projects",
    RemoteKind.SUPPLIER: "suppliers",
}


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


def count_customers(session: Session, account_id: int) -> AccountCounts:
    """Count linked, ignored and left-out remote customers. One statement inside an index."""
    counts: Counter[str] = Counter()
    for standing in count_standings(session, account_id):
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
    last_whole = (
        select(func.max(Reading.id))
        .where(Reading.account_id == Connection.account_id, Reading.state == ReadingState.FINISHED)
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
    is_undone = exists().where(undo.undoes_id == ImportRun.id)
    query = (
        select(Connection, Reading, ImportRun, is_undone, _count_of_new())
        .outerjoin(Reading, Reading.id == last_whole)
        .outerjoin(ImportRun, ImportRun.id == last_run)
        .where(Connection.company_id == company_id)
        .options(joinedload(Connection.account), joinedload(Connection.connected_by))
    )
    if provider is not None:
        query = query.where(Connection.provider == provider.value)
    rows = session.execute(query).all()
    return [
        _view(connection, reading, _last_import(run, is_undone=is_undone) if run else None, new)
        for connection, reading, run, is_undone, new in rows
    ]


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


def _view(
    connection: Connection, reading: Reading | None, last_import: LastImport | None, new: int
) -> ConnectionView:
    return ConnectionView(
        id=connection.id,
        public_id=connection.public_id,
        provider=ProviderKey(connection.provider),
        state=connection.state,
        account_id=connection.account_id,
        account_name=connection.account.name,
        connected_by_name=connection.connected_by.name if connection.connected_by else "",
        connected_at=connection.connected_at,
        ended_at=connection.ended_at,
        reconnect_reason=connection.reconnect_reason,
        ends_at=_ends_at(connection),
        installation=connection.installation,
        read_at=reading.finished_at if reading else None,
        counted_count=reading.counted_count if reading else None,
        includes_sub_customers=connection.account.includes_sub_customers,
        looked_at=connection.looked_at,
        is_looked_at=reading is None or connection.looked_reading_id >= reading.id,
        new_count=new,
        rechecks_daily=connection.rechecks_daily,
        reports_new=connection.reports_new,
        recheck_call_budget=connection.recheck_call_budget,
        last_import=last_import,
    )


def _ends_at(connection: Connection) -> datetime | None:
    if connection.state is not ConnectionState.CONNECTED:
        return None
    ends = (connection.hard_expires_at, connection.refresh_expires_at)
    return min((end for end in ends if end is not None), default=None)


def _last_import(run: ImportRun, *, is_undone: bool) -> LastImport:
    return LastImport(
        public_id=run.public_id,
        created_at=run.created_at,
        is_active=run.state in ACTIVE,
        created=run.created_count,
        linked=run.linked_count,
        skipped=run.skipped_count,
        failed=run.failed_count,
        is_undone=is_undone,
    )
