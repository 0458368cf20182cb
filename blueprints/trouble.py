"""A reading that failed, as the alert tells it: one sentence and one next step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from models import ReadingFailure
from services.alert import ONLY_CONSENT_HELPS, tell_at_least, tell_failure
from services.unsynced import ReadingView


class TroubleStep(StrEnum):
    """The one button under the sentence; whoever has to wait gets none that would do nothing."""

    RECONNECT = "reconnect"
    WAIT = "wait"
    TRY_AGAIN = "try_again"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happened, what we did, what is certain all the same, and what to do next.

    `is_read_out`: the list was read to its end, and it is the list that is not believed.
    """

    happened: str
    did: str
    at_least: str
    step: TroubleStep
    may_accept: bool
    may_be_down: bool
    is_read_out: bool


def view_trouble(
    reading: ReadingView, *, provider_name: str, settings: str, now: datetime
) -> Trouble | None:
    """Return the failure as the alert tells it; None for a reading that did not fail."""
    words = tell_failure(reading, provider_name=provider_name, settings=settings)
    if words is None:
        return None
    return Trouble(
        happened=words.happened,
        did=words.did,
        at_least=tell_at_least(reading, provider_name=provider_name),
        step=_step(reading, now=now),
        may_accept=reading.failure is ReadingFailure.FIELD_LOST,
        is_read_out=reading.failure in (ReadingFailure.FIELD_LOST, ReadingFailure.UNSETTLED),
        may_be_down=reading.failure in (ReadingFailure.UNAVAILABLE, ReadingFailure.UNREADABLE),
    )


def _step(reading: ReadingView, *, now: datetime) -> TroubleStep:
    if reading.failure in ONLY_CONSENT_HELPS:
        return TroubleStep.RECONNECT
    is_waiting = reading.retry_at is not None and reading.retry_at > now
    return TroubleStep.WAIT if is_waiting else TroubleStep.TRY_AGAIN
