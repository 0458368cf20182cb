"""Jobs inside the web process: threads for each kind of wake-up, APScheduler for the beats."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobs.pace import SWEEP_S, THREADS, TICK_S
from jobs.running import Beat, run_beat, run_job
from jobs.tasks import deliver_reports, sweep, tick

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

    from services.runtime import Runtime


class EmbeddedEngine:
    """Carries wake-ups to threads of this process; `start` belongs to the serving process.

    The scheduler is made when it starts, so that commands never pay for it, and after the fork,
    so that its threads live where the requests are served.
    """

    def __init__(self) -> None:
        self._runtime: Runtime | None = None
        self._scheduler: BackgroundScheduler | None = None
        self._pools: dict[str, ThreadPoolExecutor] = {}
        # What waits or runs here already: a sweep may ask for it many times meanwhile.
        self._awake: set[tuple[str, int]] = set()

    def attach(self, runtime: Runtime) -> None:
        """Give the engine the runtime that its jobs work with."""
        self._runtime = runtime

    def start(self) -> None:
        """Start the thread pools and the beats; a second call does nothing."""
        if self._scheduler is not None:
            return
        if self._runtime is not None:
            self._runtime.stopping.clear()
        from apscheduler.schedulers.background import BackgroundScheduler

        # Wake-ups have threads of their own: long jobs cannot hold up a beat, and APScheduler
        # loses a job that it fires while it is being shut down.
        self._pools = {
            job: ThreadPoolExecutor(threads, thread_name_prefix=job)
            for job, threads in THREADS.items()
        }

        # A missed moment is caught up once, never dropped: the default grace is one second.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults=defaults)
        # The first beats are now: a server that has just started is not silent.
        now = datetime.now(UTC)
        for work in (tick, deliver_reports):
            self._scheduler.add_job(
                self._beat, "interval", args=(work,), seconds=TICK_S, next_run_time=now
            )
        self._scheduler.add_job(self._beat, "interval", args=(sweep,), seconds=SWEEP_S)
        self._scheduler.start()

    def stop(self) -> None:
        """Wait for running jobs and end the threads; what has not begun is left to its row.

        Jobs that look at `stopping` give back what they work on.
        """
        if self._scheduler is not None:
            if self._runtime is not None:
                self._runtime.stopping.set()
            self._scheduler.shutdown(wait=True)
            for pool in self._pools.values():
                # All of them at once stop taking from their queues; then each is waited for.
                pool.shutdown(wait=False, cancel_futures=True)
            for pool in self._pools.values():
                pool.shutdown(wait=True)
            self._scheduler, self._pools = None, {}
            self._awake.clear()

    def wake(self, job: str, row_id: int) -> None:
        """Run the job soon, in this process.

        Where the engine is not started (a command, a test) nothing happens: the row is the
        truth, and the next opening finds it.
        """
        pool = self._pools.get(job)
        if pool is None or (job, row_id) in self._awake:
            return
        self._awake.add((job, row_id))
        with suppress(RuntimeError):  # the pool is ending with its process
            pool.submit(self._run, job, row_id)

    def _run(self, job: str, row_id: int) -> None:
        try:
            run_job(self._attached(), job, row_id)
        finally:
            self._awake.discard((job, row_id))

    def _beat(self, work: Beat) -> None:
        run_beat(self._attached(), work)

    def _attached(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("the engine was started without a runtime")
        return self._runtime
