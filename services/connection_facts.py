"""What each connection of a company did last, read from our own rows; calls no provider."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from models import (
    Company,
    Connection,
    ConnectionState,
    Reading,
    ReadingFailure,
    ReadingKind,
    ReadingOrigin,
    ReadingState,
    ReconnectReason,
)
from services.local_days import find_zone, local_day, moment
from services.plain_text import plain_line
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderProfile, provider_profile
from services.rechecks import Recheck, view_recheck

SHOWN_CHARACTERS = 100
_ADDRESS = re.compile(r"[^\s@<>()\"',;:]+@[^\s@<>()\"',;:]+")


@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """One ended reading; `read_count` are customer records, `call_count` API calls."""

    id: int
    kind: ReadingKind
    ended_at: datetime
    read_count: int
    call_count: int
    failure: ReadingFailure | None
    reference: str
    lost_field: str
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallCounts:
    """API calls of the company's current month, by what the reading was made for."""

    opened: int = 0
    rechecks: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """One connection that was not ended here. Each reading is the last of its kind, if any.

    `tokens_at` is when the tokens were last given or renewed. `recheck` is None while it is off.
    """

    profile: ProviderProfile
    state: ConnectionState
    reconnect_reason: ReconnectReason | None
    account_name: str
    connected_at: datetime
    ended_at: datetime | None
    tokens_at: datetime
    renewal_failed_at: datetime | None
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    hard_expires_at: datetime | None
    quota_minute_left: int | None
    quota_day_left: int | None
    quota_at: datetime | None
    clock_skew_s: int | None
    last_success: ReadingFacts | None
    last_failure: ReadingFacts | None
    last_full: ReadingFacts | None
    calls: CallCounts
    recheck: Recheck | None

    @property
    def needs_reconnect(self) -> bool:
        return self.state is ConnectionState.RECONNECT_REQUIRED

    @property
    def has_failed_last(self) -> bool:
        """Say whether the newest ended reading is one that failed."""
        if self.last_failure is None:
            return False
        return self.last_success is None or self.last_success.id < self.last_failure.id


def list_connection_facts(
    session: Session, company: Company, *, now: datetime
) -> dict[ProviderKey, ConnectionFacts]:
    """Return the connections by provider, ended ones left out.

    Two statements, and one for each that is re-checked; their cost grows with the readings of
    the company, never with its customers.
    """
    zone = find_zone(company.zone)
    rows = session.execute(_standing(company.id)).all()
    calls = _calls(session, company.id, zone=zone, now=now) if rows else {}
    return {
        ProviderKey(connection.provider): _facts(
            connection,
            readings,
            calls=calls.get(connection.id, CallCounts()),
            recheck=_recheck(session, connection, zone=zone, now=now),
        )
        for connection, *readings in rows
    }


def without_addresses(text: str) -> str:
    """Return a provider's text as one plain line in which no e-mail address is left."""
    # Made plain first: an invisible mark inside an address must not hide it from the pattern.
    line = plain_line(text, len(text))
    return plain_line(_ADDRESS.sub("[address]", line), SHOWN_CHARACTERS)


def _standing(company_id: int) -> Select[Connection, Reading, Reading, Reading]:
    """Select the connections not ended here, each with its last success, failure and full one."""
    success, failure, full = (aliased(Reading) for _ in range(3))
    finished = Reading.state == ReadingState.FINISHED
    return (
        select(Connection, success, failure, full)
        .select_from(Connection)
        .outerjoin(success, success.id == _last_id(finished))
        .outerjoin(failure, failure.id == _last_id(Reading.state == ReadingState.FAILED))
        .outerjoin(full, full.id == _last_id(finished, Reading.kind == ReadingKind.FULL))
        .where(
            Connection.company_id == company_id,
            Connection.state != ConnectionState.DISCONNECTED,
        )
        .options(joinedload(Connection.account))
    )


def _last_id(*conditions: Any) -> Any:
    last = select(Reading.id).where(Reading.account_id == Connection.account_id, *conditions)
    return last.order_by(Reading.id.desc()).limit(1).correlate(Connection).scalar_subquery()


def _recheck(
    session: Session, connection: Connection, *, zone: ZoneInfo, now: datetime
) -> Recheck | None:
    if not connection.rechecks_daily:
        return None
    return view_recheck(session, connection, zone=zone, now=now)


def _calls(
    session: Session, company_id: int, *, zone: ZoneInfo, now: datetime
) -> dict[int, CallCounts]:
    month_at = moment(zone, local_day(zone, now).replace(day=1))
    of_recheck = case((Reading.origin == ReadingOrigin.RECHECK, Reading.call_count), else_=0)
    rows = session.execute(
        select(
            Reading.connection_id,
            func.sum(Reading.call_count - of_recheck),
            func.sum(of_recheck),
        )
        .where(Reading.company_id == company_id, Reading.started_at >= month_at)
        .group_by(Reading.connection_id)
    )
    return {row[0]: CallCounts(opened=int(row[1]), rechecks=int(row[2])) for row in rows}


def _facts(
    connection: Connection,
    readings: Sequence[Reading | None],
    *,
    calls: CallCounts,
    recheck: Recheck | None,
) -> ConnectionFacts:
    last_success, last_failure, last_full = (_reading(reading) for reading in readings)
    return ConnectionFacts(
        profile=provider_profile(ProviderKey(connection.provider)),
        state=connection.state,
        reconnect_reason=connection.reconnect_reason,
        account_name=without_addresses(connection.account.name),
        connected_at=connection.connected_at,
        ended_at=connection.ended_at,
        tokens_at=max(connection.renewed_at or connection.connected_at, connection.connected_at),
        renewal_failed_at=connection.renewal_failed_at,
        access_expires_at=connection.access_expires_at,
        refresh_expires_at=connection.refresh_expires_at,
        hard_expires_at=connection.hard_expires_at,
        quota_minute_left=connection.quota_minute_left,
        quota_day_left=connection.quota_day_left,
        quota_at=connection.quota_at,
        clock_skew_s=connection.clock_skew_s,
        last_success=last_success,
        last_failure=last_failure,
        last_full=last_full,
        calls=calls,
        recheck=recheck,
    )


def _reading(reading: Reading | None) -> ReadingFacts | None:
    if reading is None:
        return None
    return ReadingFacts(
        id=reading.id,
        kind=reading.kind,
        ended_at=reading.finished_at or reading.started_at,
        read_count=reading.read_count,
        call_count=reading.call_count,
        failure=reading.failure,
        reference=without_addresses(reading.failure_reference),
        lost_field=reading.lost_field,
        retry_at=reading.retry_at,
    )
