"""Whether this process can do its work: the database, its tables, the clock, and sending mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from services.database import only_reading
from services.heartbeat import (
    DELIVERY,
    LONGEST_SILENCE,
    TICK,
    Workers,
    find_workers,
    last_beat_at,
)
from services.report_history import oldest_waiting_at
from services.runtime import Runtime
from services.schema import current_schema, newest_schema

#: Whoever sends beats every minute and with each mail; one mail may take four minutes up to its
#: final dot and ten for the answer to it (services/smtp.py). Twice that is no slow server.
LONGEST_MAIL = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which parts are ready; an age of a beat is None while there never was one.

    `delivery` is about whoever sends mail, not about the mail server. `oldest_unsent_s` is how
    long the report that waits longest has been due, None where none waits. It makes nothing
    unready: no restart of ours would help a mail server. `workers` is how many live, None where
    jobs run in the serving process.
    """

    database: bool
    schema: bool = False
    scheduler: bool = False
    delivery: bool = False
    beat_age_s: int | None = None
    delivery_age_s: int | None = None
    oldest_unsent_s: int | None = None
    workers: int | None = None
    worker_age_s: int | None = None

    @property
    def is_ready(self) -> bool:
        parts = (self.database, self.schema, self.scheduler, self.delivery, self.has_hands)
        return all(parts)

    @property
    def has_hands(self) -> bool:
        """Say whether somebody carries out jobs."""
        return self.workers != 0


def look(runtime: Runtime) -> Readiness:
    """Ask the database for its version, the last beats and unsent mail; changes nothing."""
    try:
        with only_reading(), runtime.sessions() as session:
            if current_schema(session) != newest_schema():
                return Readiness(database=True)
            beat_at = last_beat_at(session, name=TICK)
            delivery_at = last_beat_at(session, name=DELIVERY)
            unsent_at = oldest_waiting_at(session)
            workers = find_workers(session, now=runtime.clock()) if runtime.has_workers else None
    except SQLAlchemyError:
        return Readiness(database=False)
    now = runtime.clock()
    age, delivery_age = _age(beat_at, now=now), _age(delivery_at, now=now)
    return Readiness(
        database=True,
        schema=True,
        scheduler=age is not None and age <= LONGEST_SILENCE,
        delivery=delivery_age is not None and delivery_age <= LONGEST_MAIL,
        beat_age_s=_seconds(age),
        delivery_age_s=_seconds(delivery_age),
        oldest_unsent_s=_seconds(_age(unsent_at, now=now)),
        **_hands(workers, now=now),
    )


def _hands(workers: Workers | None, *, now: datetime) -> dict[str, int | None]:
    if workers is None:
        return {}
    age_s = _seconds(_age(workers.beat_at, now=now))
    return {"workers": workers.count, "worker_age_s": age_s}


def _age(at: datetime | None, *, now: datetime) -> timedelta | None:
    """Clocks of two machines differ a little; what comes from the future is fresh."""
    return max(now - at, timedelta(0)) if at is not None else None


def _seconds(age: timedelta | None) -> int | None:
    return int(age.total_seconds()) if age is not None else None
