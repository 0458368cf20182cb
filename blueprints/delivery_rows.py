"""What became of a day's mails, in words for a table; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from models import DeliveryState
from services.report_history import DayDeliveries, DeliveryView

TONES: Mapping[str, str] = {
    "delivered": "ok",
    "waiting": "info",
    "refused": "warn",
    "failed": "bad",
    "skipped": "",
}
WORDS: Mapping[DeliveryState, str] = {
    DeliveryState.SENT: "delivered",
    DeliveryState.DUE: "waiting",
    DeliveryState.CLAIMED: "waiting",
    DeliveryState.HANDING_OVER: "waiting",
    DeliveryState.REFUSED: "refused",
    DeliveryState.FAILED: "failed",
    DeliveryState.SKIPPED: "skipped",
}


@dataclass(frozen=True, slots=True)
class Result:
    """One outcome as a tag: its word, with a number unless it is everybody's."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One line of the table. `notes` hold addresses only where admins read."""

    first_day: date
    day: date
    sent_at: datetime | None
    next_attempt_at: datetime | None
    sent: int
    recipients: int
    results: tuple[Result, ...]
    notes: tuple[str, ...]


def delivery_row(day: DayDeliveries, *, with_addresses: bool) -> DeliveryRow:
    """Add up the deliveries of one span of days."""
    views = day.deliveries
    return DeliveryRow(
        first_day=day.first_day,
        day=day.day,
        sent_at=day.last_sent_at,
        next_attempt_at=min(
            (view.next_attempt_at for view in views if view.next_attempt_at), default=None
        ),
        sent=day.sent_count,
        recipients=len(views),
        results=tuple(_results(views)),
        notes=tuple(dict.fromkeys(_notes(views, with_addresses=with_addresses))),
    )


def _results(views: tuple[DeliveryView, ...]) -> Iterator[Result]:
    for word, tone in TONES.items():
        count = sum(WORDS[view.state] == word for view in views)
        if count:
            yield Result(tone, word.capitalize() if count == len(views) else f"{count} {word}")


def _notes(views: tuple[DeliveryView, ...], *, with_addresses: bool) -> Iterator[str]:
    """Name the recipient where the reason is one recipient's alone."""
    shared = len({view.reason for view in views}) == 1 and len(views) > 1
    for view in views:
        if view.reason:
            named = with_addresses and not shared
            yield f"{view.address}: {view.reason}" if named else view.reason
