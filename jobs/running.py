"""One run of a job or a beat, whichever engine carries it: what breaks ends in the log, here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobs.tasks import JOBS
from services.database import is_busy
from services.runtime import Runtime

logger = logging.getLogger(__name__)
Beat = Callable[[Runtime], None]


def run_job(runtime: Runtime, job: str, row_id: int) -> None:
    """Run the job for its row. Raises nothing: the row, and a later sweep, are the way back."""
    with _ending_in_the_log(f"the job {job}"):
        JOBS[job](runtime, row_id)


def run_beat(runtime: Runtime, work: Beat) -> None:
    """Do what is due now. Raises nothing: the next beat must still come."""
    with _ending_in_the_log(f"a {work.__name__}"):
        work(runtime)


@contextmanager
def _ending_in_the_log(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the edge of a job: nobody else would tell
        if is_busy(error):
            logger.warning("%s met a database that is busy", what)
        else:
            logger.exception("%s broke", what)
