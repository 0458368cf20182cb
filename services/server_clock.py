"""How far this machine's clock is from the database's.

Leases and days are told by the clock of whoever works. A machine whose clock is ahead by the length
of a lease takes work from those who are at it, tokens and mails included, and they from it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

#: Leases last 30 s and are renewed every 10 s, or up to 10 s later where the database is busy.
MOST_AHEAD_S = 5.0
ADVICE = "Let every machine take its time from the network (timedatectl set-ntp true)."

_NOW = text("SELECT clock_timestamp()")


def find_lead_s(session: Session, *, now: datetime) -> float:
    """Return by how many seconds we are ahead, less than 0 if behind; SQLite has our own clock."""
    if session.get_bind().dialect.name == "sqlite":
        return 0.0
    there: datetime = session.execute(_NOW).scalar_one()
    return (now - there).total_seconds()


def tell_lead(lead_s: float) -> str | None:
    """Return in words by how much a clock is wrong that is too far off, else None; pure."""
    if abs(lead_s) <= MOST_AHEAD_S:
        return None
    return f"{abs(lead_s):,.0f} seconds {'ahead of' if lead_s > 0 else 'behind'} the database's"
