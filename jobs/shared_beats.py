"""The beats of any number of workers: each comes once in its time, and never beside itself.

The moment of the last beat is a row, by the database's clock, and whoever moves it has the beat.
While it lasts, its name is locked on a connection: a killed worker loses the lock by itself. Would
the database forget the lock, a beat could run beside itself, and that doubles nothing either, as
every piece of its work is claimed by a row.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from jobs.running import Beat, run_beat
from services.runtime import Runtime

logger = logging.getLogger(__name__)
BEGUN = "begun "

_LEFT = text("SELECT extract(epoch FROM at - now()) + :period_s FROM heartbeat WHERE name = :name")
_FIRST = text(
    "INSERT INTO heartbeat (name, at) VALUES (:name, now()) ON CONFLICT (name) DO NOTHING"
    " RETURNING id"
)
# What lies in the future was written by a clock that is right again.
_NEXT = text(
    "UPDATE heartbeat SET at = now() WHERE name = :name"
    " AND (at <= now() - make_interval(secs => :period_s)"
    " OR at > now() + make_interval(secs => :period_s)) RETURNING id"
)
_LOCK = text("SELECT pg_try_advisory_lock(hashtext('blueclerk'), hashtext(:name))")
_UNLOCK = text("SELECT pg_advisory_unlock(hashtext('blueclerk'), hashtext(:name))")


class SharedBeats:
    """A thread for each beat, which waits for its turn until the runtime is stopping."""

    def __init__(self, runtime: Runtime, engine: Engine, periods_s: Mapping[Beat, float]) -> None:
        self._runtime, self._engine = runtime, engine
        self._threads = [
            threading.Thread(target=self._keep, args=(work, period_s), name=work.__name__)
            for work, period_s in periods_s.items()
        ]

    def start(self) -> None:
        """Begin to take turns; the first beats are now, unless another worker has just beaten."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for the beats that run."""
        for thread in self._threads:
            thread.join()

    def _keep(self, work: Beat, period_s: float) -> None:
        wait_s = 0.0
        while not self._runtime.stopping.wait(wait_s):
            try:
                self._beat_if_due(work, period_s)
                wait_s = left_s(self._engine, work.__name__, period_s)
            except SQLAlchemyError as error:
                logger.warning("no %s: the database failed (%s)", work.__name__, _kind(error))
                wait_s = period_s
            except Exception:  # the edge of a beat: the next one must still come
                logger.exception("no %s", work.__name__)
                wait_s = period_s

    def _beat_if_due(self, work: Beat, period_s: float) -> None:
        name = work.__name__
        if claim(self._engine, name, period_s):
            with alone(self._engine, name) as is_alone:
                if is_alone:
                    run_beat(self._runtime, work)


def claim(engine: Engine, name: str, period_s: float) -> bool:
    """Say whether this caller has the beat that is due now, and whom nobody else gets."""
    values = {"name": BEGUN + name, "period_s": period_s}
    with engine.begin() as connection:
        moved = connection.execute(_NEXT, values).first()
        return (moved or connection.execute(_FIRST, values).first()) is not None


def left_s(engine: Engine, name: str, period_s: float) -> float:
    """Return the seconds until the beat is due again, 0 if it is."""
    values = {"name": BEGUN + name, "period_s": period_s}
    with engine.connect() as connection:
        left = connection.scalar(_LEFT, values)
    return min(max(float(left or 0), 0.0), period_s)


@contextmanager
def alone(engine: Engine, name: str) -> Iterator[bool]:
    """Hold the name for the block, without a transaction; yields whether nobody else does."""
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        is_alone = bool(connection.scalar(_LOCK, {"name": name}))
        try:
            yield is_alone
        finally:
            if is_alone:
                try:
                    connection.execute(_UNLOCK, {"name": name})
                except SQLAlchemyError:
                    connection.invalidate()  # with its session the lock ends in any case


def _kind(error: SQLAlchemyError) -> str:
    return type(getattr(error, "orig", None) or error).__name__
