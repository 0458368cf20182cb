"""Jobs in processes of their own: this engine only sends wake-ups, workers carry them out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from services.runtime import Runtime

logger = logging.getLogger(__name__)


class DistributedEngine:
    """Sends wake-ups through the database, from serving processes, commands and workers alike."""

    def __init__(self) -> None:
        self._runtime: Runtime | None = None

    def attach(self, runtime: Runtime) -> None:
        """Give the engine the runtime whose database carries the wake-ups."""
        self._runtime = runtime

    def start(self) -> None:
        """Make ready to send, so that no click waits for it; here runs no job and no beat."""
        import jobs.wake_ups  # noqa: F401

    def stop(self) -> None:
        """Do nothing: what was sent is carried out elsewhere."""

    def wake(self, job: str, row_id: int) -> None:
        """Have the job run soon, by a worker. Writes in a transaction of its own.

        Raises nothing: the row is the truth, and the sweep of a worker finds it.
        """
        # Commands that send nothing do not pay for the library.
        from procrastinate.exceptions import ProcrastinateException

        from jobs.wake_ups import send

        try:
            with self._attached().sessions() as session:
                send(session, job, row_id)
        except (SQLAlchemyError, ProcrastinateException) as error:
            logger.warning(
                "a wake-up of %s could not be sent (%s); a worker finds its row later",
                job,
                type(error).__name__,
            )

    def work(self) -> None:
        """Be a worker until SIGTERM or SIGINT, then let running jobs end. Commits, calls out."""
        from jobs.worker import Worker

        Worker(self._attached()).run()

    def _attached(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("the engine was used without a runtime")
        return self._runtime
