"""How long to wait before the next try. Pure but for the jitter."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from secrets import SystemRandom
from threading import Event

#: QuickBooks promises no Retry-After; its limits are counted per minute
#: (blogs.intuit.com, post of 2016-08-08 on throttling, read 2026-11-22).
DEFAULT_RETRY_AFTER_S = 60.0
RETRY_AFTER_MIN_S = 1.0
#: A day: the longest limit any of the providers counts by.
RETRY_AFTER_MAX_S = 86_400.0
BACKOFF_FIRST_S = 0.5

_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


def retry_after_s(text: str | None, *, now: datetime) -> float:
    """Read a Retry-After header in any form; missing or nonsense is a minute.

    The forms are seconds and an HTTP date (RFC 9110, section 10.2.3); capped to one day.
    """
    asked_s = DEFAULT_RETRY_AFTER_S if text is None else _asked_s(text.strip(), now)
    return min(max(asked_s, RETRY_AFTER_MIN_S), RETRY_AFTER_MAX_S)


def _asked_s(text: str, now: datetime) -> float:
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return DEFAULT_RETRY_AFTER_S


def backoff_s(failures: int) -> float:
    """Return a wait that doubles with each failure, spread so that workers do not march in step."""
    doubled: float = BACKOFF_FIRST_S * 2 ** (failures - 1)
    return doubled * SystemRandom().uniform(0.75, 1.25)


def wait_unless_stopped(wait_s: float, stop: Event) -> None:
    """Sleep, but wake at once when the work is called off."""
    stop.wait(wait_s)
