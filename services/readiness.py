"""Whether this process can do its work: the database, its tables, and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from services.database import only_reading
from services.heartbeat import TICK, last_beat_at
from services.report_history import oldest_waiting_at
from services.runtime import Runtime

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
#: The tick beats every minute; five missing ones are no coincidence.
LONGEST_SILENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which parts are ready; `beat_age_s` is None while the clock has never beaten.

    `oldest_unsent_s` is how long the report that waits longest has been due, None where none
    waits. It makes nothing unready: no restart of ours would help a mail server.
    """

    database: bool
    schema: bool = False
    scheduler: bool = False
    beat_age_s: int | None = None
    oldest_unsent_s: int | None = None

    @property
    def is_ready(self) -> bool:
        return self.database and self.schema and self.scheduler


def look(runtime: Runtime) -> Readiness:
    """Ask the database for its version, the last beat and unsent mail; changes nothing."""
    try:
        with only_reading(), runtime.sessions() as session:
            version = MigrationContext.configure(session.connection()).get_current_revision()
            if version != newest_schema():
                return Readiness(database=True)
            beat_at = last_beat_at(session, name=TICK)
            unsent_at = oldest_waiting_at(session)
    except SQLAlchemyError:
        return Readiness(database=False)
    now = runtime.clock()
    age = _age(beat_at, now=now)
    return Readiness(
        database=True,
        schema=True,
        scheduler=age is not None and age <= LONGEST_SILENCE,
        beat_age_s=_seconds(age),
        oldest_unsent_s=_seconds(_age(unsent_at, now=now)),
    )


@lru_cache(maxsize=1)
def newest_schema() -> str | None:
    """Return the schema that this release's code was written for."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _age(at: datetime | None, *, now: datetime) -> timedelta | None:
    """Clocks of two machines differ a little; what comes from the future is fresh."""
    return max(now - at, timedelta(0)) if at is not None else None


def _seconds(age: timedelta | None) -> int | None:
    return int(age.total_seconds()) if age is not None else None
