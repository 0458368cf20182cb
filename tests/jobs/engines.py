"""An engine that carries out jobs here: threads of the process, or on PostgreSQL a worker."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from jobs.distributed import DistributedEngine
from jobs.embedded import EmbeddedEngine
from services.runtime import Runtime

WAIT_S = 20
#: The module that knows the beats, by the kind of the database.
BEATS = {"sqlite": "jobs.embedded", "postgresql": "jobs.worker"}


class OneWorker:
    """A worker in a thread, with the engine that sends it wake-ups."""

    def __init__(self, runtime: Runtime) -> None:
        from jobs.worker import Worker

        sender = DistributedEngine()
        sender.attach(runtime)
        self.worker = Worker(replace(runtime, wake=sender.wake))
        self._thread: threading.Thread | None = None
        self.wake = sender.wake

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self.worker.run, kwargs={"takes_signals": False}, daemon=True
            )
            self._thread.start()
            assert self.worker.has_begun.wait(WAIT_S)

    def stop(self) -> None:
        if self._thread is not None:
            self.worker.stop()
            self._thread.join(WAIT_S)
            assert not self._thread.is_alive()
            self._thread = None


Engine = EmbeddedEngine | OneWorker


def make_engine(runtime: Runtime, database_kind: str) -> Engine:
    """Return the engine that goes with the database, not started."""
    if database_kind == "postgresql":
        return OneWorker(runtime)
    engine = EmbeddedEngine()
    engine.attach(runtime)
    return engine


class Job:
    """A job that says where it ran, and waits until it may end."""

    def __init__(self) -> None:
        self.has_begun, self.may_end = threading.Event(), threading.Event()
        self.rows: list[int] = []
        self.thread: threading.Thread | None = None

    def __call__(self, _runtime: Runtime, row_id: int) -> None:
        self.thread = threading.current_thread()
        self.has_begun.set()
        assert self.may_end.wait(WAIT_S)
        self.rows.append(row_id)


def set_beat(
    monkeypatch: pytest.MonkeyPatch,
    database_kind: str,
    name: str,
    work: object = None,
    **paces: float,
) -> None:
    """Exchange a beat of the engine that goes with the database, and how often it comes."""
    if work is not None:
        monkeypatch.setattr(f"{BEATS[database_kind]}.{name}", work)
    for pace, seconds in paces.items():
        monkeypatch.setattr(f"{BEATS[database_kind]}.{pace}", seconds)


__all__ = ["WAIT_S", "Engine", "Job", "OneWorker", "make_engine", "set_beat"]
