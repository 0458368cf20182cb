"""Keeps a lease alive while its holder computes or waits for the network."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from services.database import retry_while_busy
from services.log_context import begin_context, current_ids

#: With the last try, which waits for the busy timeout, no longer than the lease.
BUSY_MAX_S = 20.0

logger = logging.getLogger(__name__)


@contextmanager
def keep_beating(
    beat: Callable[[], None], *, every_s: float, name: str, lost: type[Exception]
) -> Iterator[None]:
    """Call `beat` again and again in a thread that ends with the block, or when it raises `lost`.

    Whoever works in the block meets the lost lease by itself.
    """
    done, ids = threading.Event(), current_ids()

    def run() -> None:
        begin_context(**ids)
        while not done.wait(every_s):
            try:
                until = time.monotonic() + BUSY_MAX_S
                retry_while_busy(beat, until=until, sleep=done.wait)
            except lost:
                return
            except SQLAlchemyError as error:
                # The next beat may come through; without any the lease ends by itself.
                kind = type(error).__name__
                logger.warning("a beat of %s was not written: %s", name, kind)

    thread = threading.Thread(target=run, daemon=True, name=name)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
