"""A worker: threads for each kind of wake-up, and its turns of the beats, until it shall end."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from procrastinate import PsycopgConnector
from procrastinate.worker import Worker as QueueWorker
from psycopg import AsyncConnection, OperationalError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from jobs.pace import SWEEP_S, THREADS, TICK_S
from jobs.running import run_job
from jobs.shared_beats import SharedBeats
from jobs.tasks import deliver_reports, sweep, tick
from jobs.wake_up_tables import GONE_S, clear_tables, prepare_tables
from jobs.wake_ups import make_app
from services.heartbeat import forget_worker, note_worker
from services.runtime import Runtime

logger = logging.getLogger(__name__)
ALIVE_S = 10.0
#: A wake-up is told at once; this is for those that were told while nobody could hear.
LOOK_S = 2.0
AGAIN_S = 2.0
#: After this the database is gone, and the queues are opened anew when it is back.
PATIENCE_S = 20.0
#: Threads for what is nobody's job: saying that the worker lives.
SPARE_THREADS = 2


class _PatientConnection(AsyncConnection[Any]):
    """Listens again when the database is back; the library would be deaf from then on."""

    @classmethod
    async def connect(cls, *args: Any, **options: Any) -> Any:
        is_listener = options.get("autocommit", False)
        while True:
            try:
                return await super().connect(*args, **options)
            except OperationalError:
                if not is_listener:
                    raise
            await asyncio.sleep(AGAIN_S)


class Worker:
    """One process, or in a test one thread, that carries out what was woken."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._engine = _engine_of(runtime)
        self._name = secrets.token_hex(8)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()
        self.has_begun = threading.Event()
        self._queues: dict[str, QueueWorker] = {}
        self._app = make_app(_connector(self._engine), partial(run_job, runtime))

    def run(self, *, takes_signals: bool = True) -> None:
        """Work until SIGTERM, SIGINT or `stop`; then wait for running jobs, which give back."""
        prepare_tables(self._engine)
        beats = SharedBeats(
            self._runtime,
            self._engine,
            {tick: TICK_S, deliver_reports: TICK_S, sweep: SWEEP_S, clear_wake_ups: TICK_S},
        )
        beats.start()
        try:
            asyncio.run(self._work(takes_signals=takes_signals))
        finally:
            self._runtime.stopping.set()
            beats.join()
            self._say_goodbye()

    def stop(self) -> None:
        """End the work; for another thread, and before the start as well."""
        if self._loop is None:
            self._ending.set()
            return
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._ending.set)

    async def _work(self, *, takes_signals: bool) -> None:
        self._loop = asyncio.get_running_loop()
        # asyncio's own threads are fewer than the queues may need.
        threads = sum(THREADS.values()) + SPARE_THREADS
        self._loop.set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="job"))
        if takes_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                self._loop.add_signal_handler(number, self._ending.set)
        async with self._app.open_async():
            life = asyncio.create_task(self._stay_alive())
            queues = [asyncio.create_task(self._keep_open(job)) for job in THREADS]
            logger.info("the worker has begun")
            self.has_begun.set()
            await self._ending.wait()
            logger.info("the worker ends: running jobs give back what they work on")
            self._runtime.stopping.set()
            life.cancel()
            # Not by cancelling, which the library may overlook while it connects.
            for queue in self._queues.values():
                queue.stop()  # type: ignore[no-untyped-call]
            await asyncio.gather(life, *queues, return_exceptions=True)

    async def _keep_open(self, job: str) -> None:
        """Carry out the wake-ups of one job, and begin anew whenever the database comes back."""
        while not self._ending.is_set():
            queue = self._queues[job] = self._open(job)
            try:
                await queue.run()  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001 - the edge of a queue
                logger.warning("the queue %s was interrupted (%s)", job, type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), AGAIN_S)

    def _open(self, job: str) -> QueueWorker:
        return QueueWorker(
            self._app,
            queues=[job],
            name=job,
            concurrency=THREADS[job],
            fetch_job_polling_interval=LOOK_S,
            delete_jobs="always",
            install_signal_handlers=False,
            stalled_worker_timeout=GONE_S,
        )

    async def _stay_alive(self) -> None:
        while True:
            await asyncio.to_thread(self._note)
            await asyncio.sleep(ALIVE_S)

    def _note(self) -> None:
        try:
            with self._runtime.sessions() as session:
                note_worker(session, self._name, now=self._runtime.clock())
        except SQLAlchemyError as error:
            logger.warning("the worker could not beat (%s)", type(error).__name__)

    def _say_goodbye(self) -> None:
        with suppress(SQLAlchemyError), self._runtime.sessions() as session:
            forget_worker(session, self._name)


def clear_wake_ups(runtime: Runtime) -> None:
    """Keep the tables of wake-ups small. Commits."""
    clear_tables(_engine_of(runtime))


def _connector(engine: Engine) -> PsycopgConnector:
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PsycopgConnector(
        conninfo=address,
        min_size=1,
        max_size=len(THREADS),
        timeout=PATIENCE_S,
        connection_class=_PatientConnection,
    )


def _engine_of(runtime: Runtime) -> Engine:
    with runtime.sessions() as session:
        bind = session.get_bind()
    assert isinstance(bind, Engine)
    return bind
