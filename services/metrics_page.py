"""The page of metrics: what processes have counted, and what the rows say now."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.database import only_reading
from services.heartbeat import DELIVERY, TICK, Workers, find_workers
from services.metrics import write_counts
from services.queue_facts import Queue, list_beats, list_queues, list_unmatched
from services.runtime import Runtime
from services.schema import current_schema
from services.server_facts import release_version

if TYPE_CHECKING:
    from prometheus_client import Metric

#: However often it is asked for, the rows are looked at no more often than this.
REMEMBERED_S = 5.0
BEATS = {TICK: "scheduler", DELIVERY: "delivery"}


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What one look at the rows has found; without a database there is nothing to tell."""

    now: datetime
    took_s: float
    schema: str = ""
    queues: tuple[Queue, ...] = ()
    beats: Mapping[str, datetime] = field(default_factory=dict)
    workers: Workers | None = None
    has_database: bool = False


class MetricsPage:
    """Writes the page for one application; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: RowFacts | None = None
        self._looked_at = 0.0
        # Since when this process has seen each account wait to be compared: no row says it.
        self._unmatched: dict[int, datetime] = {}

    def write(self, runtime: Runtime) -> bytes:
        """Return the page. A look at the rows of a few seconds ago is good enough."""
        from prometheus_client import CollectorRegistry, generate_latest

        rows = CollectorRegistry()
        rows.register(_RowCollector(self._facts(runtime)))
        return write_counts() + generate_latest(rows)

    def _facts(self, runtime: Runtime) -> RowFacts:
        with self._lock:
            if self._known is None or monotonic() - self._looked_at >= REMEMBERED_S:
                self._known = self._look(runtime)
                self._looked_at = monotonic()
            return self._known

    def _look(self, runtime: Runtime) -> RowFacts:
        began_at, now = perf_counter(), runtime.clock()
        try:
            with only_reading(), runtime.sessions() as session:
                queues = (*list_queues(session, now=now), self._matching(session, now=now))
                beats, schema = list_beats(session), current_schema(session)
                workers = find_workers(session, now=now) if runtime.has_workers else None
        except SQLAlchemyError:
            return RowFacts(now, perf_counter() - began_at)
        took_s = perf_counter() - began_at
        return RowFacts(now, took_s, schema or "none", queues, beats, workers, has_database=True)

    def _matching(self, session: Session, *, now: datetime) -> Queue:
        unmatched = list_unmatched(session, now=now)
        self._unmatched = {each: self._unmatched.get(each, now) for each in unmatched}
        return Queue("matching", len(unmatched), min(self._unmatched.values(), default=None))


class _RowCollector:
    """Tells the facts as gauges, in the way of the library."""

    def __init__(self, facts: RowFacts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        facts = self._facts
        yield _gauge("database_up", "Whether the database answered", int(facts.has_database))
        yield _gauge("rows_look_seconds", "How long the look at the rows took", facts.took_s)
        yield _labelled(
            "build_info",
            "This release, the schema of the database, and Python",
            ("version", "schema", "python"),
            [((release_version(), facts.schema, platform.python_version()), 1)],
        )
        yield _labelled(
            "queue_depth",
            "How many wait",
            ("queue",),
            [((queue.name,), queue.depth) for queue in facts.queues],
        )
        yield _labelled(
            "queue_oldest_seconds",
            "How long the one that waits longest has waited; 0 where none waits",
            ("queue",),
            [((queue.name,), self._age_s(queue.oldest_at)) for queue in facts.queues],
        )
        yield _labelled(
            "heartbeat_age_seconds",
            "How long ago the recurring job was last alive",
            ("job",),
            [
                ((told,), self._age_s(facts.beats[name]))
                for name, told in BEATS.items()
                if name in facts.beats
            ],
        )

        if facts.workers is not None:
            yield _gauge("workers_alive", "Workers that beat within a minute", facts.workers.count)

    def _age_s(self, at: datetime | None) -> float:
        # Clocks of two machines differ a little; what comes from the future is fresh.
        return max((self._facts.now - at).total_seconds(), 0.0) if at is not None else 0.0


def _gauge(name: str, text: str, value: float) -> Metric:
    return _labelled(name, text, (), [((), value)])


def _labelled(
    name: str,
    text: str,
    labels: Sequence[str],
    samples: Sequence[tuple[Sequence[str], float]],
) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"blueclerk_{name}", text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family
