"""The clock's pulse: written by the tick, read by whoever asks whether it still beats."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import Heartbeat

TICK = "tick"
DELIVERY = "delivery"


def note_beat(session: Session, *, name: str, now: datetime) -> None:
    """Write down that the job is alive. Commits."""
    changed = session.execute(
        update(Heartbeat).where(Heartbeat.name == name).values(at=now).returning(Heartbeat.id)
    ).first()
    if changed is None:
        session.add(Heartbeat(name=name, at=now))
    session.commit()


def last_beat_at(session: Session, *, name: str) -> datetime | None:
    """Return when the job was last alive, or None if it never was."""
    return session.scalar(select(Heartbeat.at).where(Heartbeat.name == name))
