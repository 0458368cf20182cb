"""Kill -9 of any process of a cluster at random moments, and how long work then stands still."""

from __future__ import annotations

import os
import random
import signal
import statistics
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from services.runtime import utc_now
from tests.cluster.parts import PROXY, WEB, WORKERS, part_pid, web_processes

#: Whom a kill meets, and how often beside the others.
WEB_PROCESS, WORKER, MASTER = "web process", "worker", "web master"
WEIGHTS = {WEB_PROCESS: 4, WORKER: 4, MASTER: 1, PROXY: 1}
RUNNING = text("SELECT id FROM import_run WHERE state = 'running'")
FINISHED = text("SELECT id, finished_at FROM import_run WHERE finished_at IS NOT NULL")


@dataclass
class Kills:
    """Kills until told to stop, from a seed; remembers whom, when, and which imports ran then."""

    folder: Path
    engine: Engine
    seed: int
    pauses_s: tuple[float, float]
    most: int | None = None
    whom: Counter[str] = field(default_factory=Counter)
    running: list[tuple[datetime, set[int]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        """Kill one after the other until `over`."""
        chance = random.Random(f"cluster-{self.seed}")
        while not self.over.wait(chance.uniform(*self.pauses_s)):
            kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            self._kill(kind, chance)
            if self.whom.total() == self.most:
                return

    def _kill(self, kind: str, chance: random.Random) -> None:
        with self.engine.connect() as connection:
            running = set(connection.scalars(RUNNING))
        pid = self._pid(kind, chance)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.whom[kind] += 1
            if kind == WORKER:
                self.running.append((utc_now(), running))

    def _pid(self, kind: str, chance: random.Random) -> int | None:
        if kind == WEB_PROCESS:
            return chance.choice(web_processes(self.folder) or [None])
        part = {WORKER: chance.choice(WORKERS), MASTER: WEB, PROXY: PROXY}[kind]
        return part_pid(self.folder, part)

    def recoveries_s(self) -> list[float]:
        """Return how long after the last kill of a worker each import ended that ran then."""
        with self.engine.connect() as connection:
            ended = {row.id: row.finished_at for row in connection.execute(FINISHED)}
        last: dict[int, datetime] = {}
        for killed_at, runs in self.running:
            for run in runs:
                if run in ended and killed_at < ended[run]:
                    last[run] = killed_at
        waits: Iterator[timedelta] = (ended[run] - at for run, at in last.items())
        return [wait.total_seconds() for wait in waits]

    def line(self) -> str:
        """Say it in a line."""
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(self.whom.items()))
        waits = self.recoveries_s()
        if not waits:
            return f"{self.whom.total()} kills: {told}"
        return (
            f"{self.whom.total()} kills: {told}; {len(waits)} imports were under way when a worker"
            f" died, ended after {statistics.median(waits):.1f} s in the middle and"
            f" {max(waits):.1f} s at most"
        )
