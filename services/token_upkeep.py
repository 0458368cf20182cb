"""Renew tokens that nobody has used for a day, so that they do not die of disuse.

Xero ends a refresh token that was unused for 60 days (developer.xero.com/faq/oauth2), Intuit one
for 100 (blogs.intuit.com, post of 2025-11-12; both read 2026-11-22). No customer is read.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models import Connection, ConnectionState
from services.account_choice import erase_expired_choices
from services.connections import reason_of, require_reconnect
from services.database import only_reading
from services.heartbeat import last_beat_at, note_beat
from services.log_context import telling
from services.providers.contract import ProviderError, ReconnectRequired
from services.runtime import Runtime
from services.token_lease import TokenLease

logger = logging.getLogger(__name__)

UPKEEP = "token upkeep"
UPKEEP_EVERY = timedelta(minutes=2)
UNUSED_FOR = timedelta(hours=24)
#: Connections that were made in one hour are not renewed in one minute.
JITTER = timedelta(hours=2)
RETRY_AFTER = timedelta(minutes=15)
#: A tick stays short: 20 s are the longest that one call may take.
CONNECTIONS_PER_TICK = 5


@dataclass(frozen=True, slots=True)
class Unused:
    """A connection whose tokens are due, with the version that was looked at."""

    connection_id: int
    provider: str
    token_version: int


def keep_tokens(runtime: Runtime) -> None:
    """Renew a few unused tokens and erase choices nobody made. Commits. Calls the network.

    Does nothing within two minutes of the last time, in whatever process. Trouble waits for a
    later time; a permission that ended is marked as such.
    """
    if not _is_due(runtime):
        return
    erase_expired_choices(runtime)
    with only_reading(), runtime.sessions() as session:
        unused = find_unused(session, now=runtime.clock())
    troubled: set[str] = set()
    asked = 0
    for one in unused:
        # Whoever did not answer for one connection is not asked for the next; the others are.
        if one.provider in troubled:
            continue
        if asked == CONNECTIONS_PER_TICK:
            return
        asked += 1
        if not _renew(runtime, one):
            troubled.add(one.provider)


def find_unused(session: Session, *, now: datetime) -> list[Unused]:
    """Return the standing connections whose tokens are due, those that never failed first."""
    since = func.coalesce(Connection.renewed_at, Connection.connected_at)
    failed_at = Connection.renewal_failed_at
    rows = session.execute(
        select(
            Connection.id,
            Connection.provider,
            Connection.token_version,
            Connection.public_id,
            Connection.renewed_at,
            Connection.connected_at,
        )
        .where(
            Connection.state == ConnectionState.CONNECTED,
            since < now - UNUSED_FOR,
            or_(failed_at.is_(None), failed_at < now - RETRY_AFTER),
        )
        .order_by(failed_at.is_not(None), failed_at, since, Connection.id)
    )
    return [
        Unused(row.id, row.provider, row.token_version)
        for row in rows
        if (row.renewed_at or row.connected_at) + UNUSED_FOR + jitter(row.public_id) < now
    ]


def jitter(public_id: str) -> timedelta:
    """Return the connection's own moment within two hours, the same every day."""
    return JITTER * (int(public_id[:4], 16) / 0x10000)


def _is_due(runtime: Runtime) -> bool:
    now = runtime.clock()
    with runtime.sessions() as session:
        last_at = last_beat_at(session, name=UPKEEP)
        if last_at is not None and now - last_at < UPKEEP_EVERY:
            return False
        note_beat(session, name=UPKEEP, now=now)
    return True


def _renew(runtime: Runtime, unused: Unused) -> bool:
    """Renew one token; say whether the provider answered."""
    try:
        # No access token lives for a day, so whoever asks for one renews it.
        with telling(connection_id=unused.connection_id, provider=unused.provider):
            TokenLease(runtime, unused.connection_id).supply()
    except ReconnectRequired as error:
        with runtime.sessions() as session:
            require_reconnect(
                session,
                unused.connection_id,
                reason=reason_of(error),
                now=runtime.clock(),
                token_version=unused.token_version,
            )
            session.commit()
    except ProviderError as error:
        logger.info("a token was not renewed: %s, status %s", type(error).__name__, error.status)
        return False
    return True
