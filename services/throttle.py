"""How often somebody may try something; remembers hashes, never addresses."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models import Attempt

IPV6_NETWORK_BITS = 64
UNKNOWN_NETWORK = "unknown"


def allow(
    session: Session, *, kind: str, key_hash: str, limit: int, window: timedelta, now: datetime
) -> bool:
    """Count one more attempt, or say no once `limit` of them lie within the window.

    Works in the caller's transaction, so that an attempt counts exactly if what it was for
    happens. A refused attempt is not counted: waiting helps. Forgets what is older than the
    window. Two at once count one after the other: until the transaction ends nobody else counts
    for this key.
    """
    _lock(session, kind, key_hash)
    begin_at = now - window
    session.execute(delete(Attempt).where(Attempt.kind == kind, Attempt.at <= begin_at))
    query = select(func.count()).where(Attempt.kind == kind, Attempt.key_hash == key_hash)
    is_allowed = (session.scalar(query) or 0) < limit
    if is_allowed:
        session.add(Attempt(kind=kind, key_hash=key_hash, at=now))
    return is_allowed


def free_at(session: Session, *, kind: str, key_hash: str, window: timedelta) -> datetime | None:
    """Return when the oldest attempt that counts leaves the window, None where none counts."""
    oldest = select(func.min(Attempt.at)).where(Attempt.kind == kind, Attempt.key_hash == key_hash)
    oldest_at = session.scalar(oldest)
    return None if oldest_at is None else oldest_at + window


def forget(session: Session, *, kind: str, key_hash: str) -> None:
    """Count none of the attempts any more, in the caller's transaction."""
    session.execute(delete(Attempt).where(Attempt.kind == kind, Attempt.key_hash == key_hash))


def take_back(session: Session, *, kind: str, key_hash: str) -> None:
    """Count the latest attempt no more, in the caller's transaction."""
    latest = select(func.max(Attempt.id)).where(Attempt.kind == kind, Attempt.key_hash == key_hash)
    session.execute(delete(Attempt).where(Attempt.id == latest.scalar_subquery()))


def hash_key(secret: str, *parts: str) -> str:
    """Return what stands for the parts in the table.

    Keyed, because all addresses of the old internet can be hashed in an afternoon; each part with
    its length, so that ("1", "23") and ("12", "3") differ.
    """
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(secret.encode(), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def network_of(address: str | None) -> str:
    """Return whom an address belongs to: itself, or the /64 that one IPv6 customer is given."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return UNKNOWN_NETWORK
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if isinstance(parsed, IPv6Address):
        return str(ip_network((int(parsed), IPV6_NETWORK_BITS), strict=False))
    return str(parsed)


def _lock(session: Session, kind: str, key_hash: str) -> None:
    """Let nobody else count for the key; SQLite has one writer at a time anyway.

    Who counts for several keys in one transaction does it in one order of kinds everywhere.
    """
    if session.get_bind().dialect.name == "postgresql":
        digest = hashlib.sha256(f"{kind}:{key_hash}".encode()).digest()
        key = int.from_bytes(digest[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))
