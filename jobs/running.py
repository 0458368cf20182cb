"""One run of a job or a beat, whichever engine carries it: what breaks ends in the log, here.

Every line that it logs carries the name of the job and the id of its row.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobs.tasks import JOBS
from services.database import is_passing, word_for
from services.log_context import telling
from services.metrics import count_job
from services.runtime import Runtime

logger = logging.getLogger(__name__)
Beat = Callable[[Runtime], None]


def run_job(runtime: Runtime, job: str, row_id: int) -> None:
    """Run the job for its row. Raises nothing: the row, and a later sweep, are the way back."""
    with telling(job=job, row_id=row_id), _told(job, what=f"the job {job}"):
        JOBS[job](runtime, row_id)


def run_beat(runtime: Runtime, work: Beat) -> None:
    """Do what is due now. Raises nothing: the next beat must still come."""
    name = work.__name__
    with telling(job=name), _told(name, what=f"a {name}"):
        work(runtime)


@contextmanager
def _told(job: str, *, what: str) -> Iterator[None]:
    """Let what breaks end in the log, and count how it ended."""
    began_at, outcome = time.monotonic(), "ended"
    try:
        yield
    except BaseException as error:  # the edge of a job: nobody else would tell
        if is_passing(error):
            outcome = "busy"
            logger.warning("%s met a database that is %s", what, word_for(error))
        else:
            outcome = "broke"
            logger.exception("%s broke", what)
    count_job(job, outcome=outcome, duration_s=time.monotonic() - began_at)
