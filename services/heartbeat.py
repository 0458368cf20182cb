"""The clock's pulse: written by the tick, read by whoever asks whether it still beats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.orm import Session

from models import Heartbeat

TICK = "tick"
DELIVERY = "delivery"
#: A job that beats every minute and missed five beats is no coincidence.
LONGEST_SILENCE = timedelta(minutes=5)
#: With the id of a token key behind it: a server that seals with that key is alive.
SEALING = "token key "
#: With the name of a worker behind it: it lives. It beats every ten seconds.
WORKER = "worker "
LONGEST_WORKER_SILENCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Workers:
    """How many workers live, and when one of them beat last, None if it is forgotten."""

    count: int
    beat_at: datetime | None


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


def note_worker(session: Session, worker: str, *, now: datetime) -> None:
    """Write down that the worker lives; forget those long gone. Commits."""
    session.execute(
        delete(Heartbeat).where(
            Heartbeat.name.startswith(WORKER, autoescape=True),
            Heartbeat.name != WORKER + worker,
            Heartbeat.at < now - LONGEST_SILENCE,
        )
    )
    note_beat(session, name=WORKER + worker, now=now)


def forget_worker(session: Session, worker: str) -> None:
    """Write down that the worker has ended. Commits."""
    session.execute(delete(Heartbeat).where(Heartbeat.name == WORKER + worker))
    session.commit()


def find_workers(session: Session, *, now: datetime) -> Workers:
    """Return how many workers beat within the last minute, and the last beat of any."""
    is_alive = Heartbeat.at >= now - LONGEST_WORKER_SILENCE
    count, beat_at = session.execute(
        select(func.count(case((is_alive, 1))), func.max(Heartbeat.at)).where(
            Heartbeat.name.startswith(WORKER, autoescape=True)
        )
    ).one()
    return Workers(count, beat_at)
