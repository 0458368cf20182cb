"""A wake-up as a job of Procrastinate: one task and one queue for each of our jobs.

The row is the truth; what is written here may be lost, doubled or late, and nothing is. So no job
has a lock (the job of a killed worker would keep it), and none is tried again by the engine.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from procrastinate import App
from procrastinate.connector import BaseConnector
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector
from sqlalchemy import text
from sqlalchemy.orm import Session

from jobs.tasks import JOBS

# Two lines for every wake-up would tell nothing that the rows do not.
logging.getLogger("procrastinate").setLevel(logging.WARNING)

_WAITING = text(
    "SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = :job"
    " AND args = CAST(:args AS jsonb) LIMIT 1"
)


def make_app(connector: BaseConnector, run: Callable[[str, int], None]) -> App:
    """Return an App that knows our jobs; a worker of it gives each wake-up to `run`."""
    app = App(connector=connector)
    for job in JOBS:
        app.task(name=job, queue=job, retry=False)(_carrier(job, run))
    return app


def send(session: Session, job: str, row_id: int) -> None:
    """Write a wake-up, unless one for the row waits already. Commits.

    Raises SQLAlchemyError or ProcrastinateException where that cannot be.
    """
    args = {"row_id": row_id}
    if session.execute(_WAITING, {"job": job, "args": json.dumps(args)}).first() is None:
        connection = session.connection().connection.driver_connection
        _sender.configure_task(job, queue=job, connection=connection).defer(**args)
    session.commit()


def _carrier(job: str, run: Callable[[str, int], None]) -> Callable[..., None]:
    def carry(row_id: int) -> None:
        run(job, row_id)

    return carry


def _run_nothing(job: str, row_id: int) -> None:
    raise RuntimeError(f"{job} {row_id} belongs to a worker")


# It has no pool: each wake-up goes out on a connection of whoever sends it.
_sender = make_app(SyncPsycopgConnector(), _run_nothing)
