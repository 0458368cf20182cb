"""A reading that failed, as the alert tells it: one sentence and one next step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models import ReadingFailure
from services.alert import ONLY_CONSENT_HELPS, tell_at_least, tell_failure
from services.providers.registry import ProviderProfile
from services.unsynced import ReadingView

LONGEST_LOOK = timedelta(hours=1)


class TroubleStep(StrEnum):
    """The one button under the sentence; whoever has to wait gets none that would do nothing."""

    RECONNECT = "reconnect"
    WAIT = "wait"
    TRY_AGAIN = "try_again"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happened, what we did, what is certain all the same, and what to do next.

    `wait_ms` is how long the page waits before it looks whether it may offer to try again, 0
    where there is nothing to wait for.
    """

    happened: str
    did: str
    at_least: str
    step: TroubleStep
    may_accept: bool
    may_be_down: bool
    wait_ms: int


def view_trouble(
    reading: ReadingView, *, profile: ProviderProfile, settings: str, now: datetime
) -> Trouble | None:
    """Return the failure as the alert tells it; None for a reading that did not fail."""
    words = tell_failure(reading, profile=profile, settings=settings)
    if words is None:
        return None
    return Trouble(
        happened=words.happened,
        did=words.did,
        at_least=tell_at_least(reading, provider_name=profile.short_name),
        step=_step(reading, now=now),
        may_accept=reading.failure is ReadingFailure.FIELD_LOST,
        may_be_down=reading.failure in (ReadingFailure.UNAVAILABLE, ReadingFailure.UNREADABLE),
        wait_ms=_wait_ms(reading, now=now),
    )


def _step(reading: ReadingView, *, now: datetime) -> TroubleStep:
    if reading.failure in ONLY_CONSENT_HELPS:
        return TroubleStep.RECONNECT
    return TroubleStep.WAIT if _wait_ms(reading, now=now) else TroubleStep.TRY_AGAIN


def _wait_ms(reading: ReadingView, *, now: datetime) -> int:
    if reading.retry_at is None or reading.retry_at <= now:
        return 0
    # A browser counts in 32 bits, and whoever looks early is told again how long it takes.
    wait = min(reading.retry_at - now, LONGEST_LOOK)
    return math.ceil(wait.total_seconds()) * 1000
