"""The clock's pulse: written by the tick, read by whoever asks whether it still beats."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models import Heartbeat

TICK = "tick"
DELIVERY = "delivery"
#: A job that beats every minute and missed five beats is no coincidence.
LONGEST_SILENCE = timedelta(minutes=5)
#: With the id of a token key behind it: a server that seals with that key is alive.
SEALING = "token key "


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


def note_token_key(session: Session, key_id: str, *, now: datetime) -> None:
    """Write down which key this server seals with; forget those of servers long gone. Commits."""
    session.execute(
        delete(Heartbeat).where(
            Heartbeat.name.startswith(SEALING, autoescape=True),
            Heartbeat.name != SEALING + key_id,
            Heartbeat.at < now - LONGEST_SILENCE,
        )
    )
    note_beat(session, name=SEALING + key_id, now=now)


def serving_key(session: Session, *, now: datetime) -> str | None:
    """Return the id of the key that the server seals with by its last beat, None if none serves."""
    name = session.scalar(
        select(Heartbeat.name)
        .where(
            Heartbeat.name.startswith(SEALING, autoescape=True),
            Heartbeat.at >= now - LONGEST_SILENCE,
        )
        .order_by(Heartbeat.at.desc())
        .limit(1)
    )
    return name.removeprefix(SEALING) if name is not None else None
