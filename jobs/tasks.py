"""The jobs, as plain functions of the runtime and a row id; no engine is known here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.reading_queue import end_abandoned
from services.readings import refresh
from services.runtime import Runtime
from services.unsynced import READ_JOB

JOBS: Mapping[str, Callable[[Runtime, int], None]] = {READ_JOB: refresh}


def tick(runtime: Runtime) -> None:
    """Do what is due every minute: end what a killed process has left running."""
    with runtime.sessions() as session:
        end_abandoned(session, now=runtime.clock())
