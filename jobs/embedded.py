"""Jobs inside the web process: APScheduler's thread pool and a tick in UTC."""

from __future__ import annotations

import logging
from datetime import UTC
from typing import TYPE_CHECKING

from jobs.tasks import JOBS, deliver_reports, sweep, tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from apscheduler.schedulers.background import BackgroundScheduler

    from services.runtime import Runtime

logger = logging.getLogger(__name__)

THREADS = 4
TICK_S = 60
# Work left by a killed process is found within its lease and one sweep: 35 s.
SWEEP_S = 5


class EmbeddedEngine:
    """Carries wake-ups to threads of this process; `start` belongs to the serving process.

    The scheduler is made when it starts, so that commands never pay for it, and after the fork,
    so that its threads live where the requests are served.
    """

    def __init__(self) -> None:
        self._runtime: Runtime | None = None
        self._scheduler: BackgroundScheduler | None = None

    def attach(self, runtime: Runtime) -> None:
        """Give the engine the runtime that its jobs work with."""
        self._runtime = runtime

    def start(self) -> None:
        """Start the thread pool and the tick; a second call does nothing."""
        if self._scheduler is not None:
            return
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        # A missed moment is caught up once, never dropped: the default grace is one second.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults=defaults,
        )
        self._scheduler.add_job(self._beat, "interval", args=(tick,), seconds=TICK_S)
        self._scheduler.add_job(self._beat, "interval", args=(deliver_reports,), seconds=TICK_S)
        self._scheduler.add_job(self._beat, "interval", args=(sweep,), seconds=SWEEP_S)
        self._scheduler.start()

    def stop(self) -> None:
        """Wait for running jobs and end the threads."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None

    def wake(self, job: str, row_id: int) -> None:
        """Run the job soon, in this process.

        Where the engine is not started (a command, a test) nothing happens: the row is the
        truth, and the next opening finds it.
        """
        if self._scheduler is not None:
            self._scheduler.add_job(self._run, args=(job, row_id))

    def _run(self, job: str, row_id: int) -> None:
        if self._runtime is None:
            raise RuntimeError("the engine was started without a runtime")
        JOBS[job](self._runtime, row_id)

    def _beat(self, work: Callable[[Runtime], None]) -> None:
        if self._runtime is None:
            raise RuntimeError("the engine was started without a runtime")
        try:
            work(self._runtime)
        except Exception:  # the edge of a job: the next beat must still come
            logger.exception("a %s broke", work.__name__)
