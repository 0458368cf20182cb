"""What became of a day's mails, in words for a table; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby

from models import DeliveryState
from services.delivery_words import WAITING
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


class Offer(StrEnum):
    """What an admin can do about a day: send it to whoever has it not, or to all as a copy."""

    MISSING = "missing"
    NOW = "now"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Result:
    """One outcome as a tag: its word, with a number unless it is everybody's."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Copies:
    """What a person sent beside the daily report: to how many, and when the last went out."""

    sent: int
    waiting: int
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One line of the table. `notes` hold addresses only where admins read.

    `offer` is None where nothing can be sent, and on every line but the first of a day:
    whatever ends in one day is sent again together. `missing` is how many lack it.
    """

    first_day: date
    day: date
    sent_at: datetime | None
    next_attempt_at: datetime | None
    sent: int
    recipients: int
    results: tuple[Result, ...]
    notes: tuple[str, ...]
    copies: Copies | None
    offer: Offer | None
    missing: int


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One recipient's delivery as a line."""

    view: DeliveryView
    result: Result


def delivery_rows(
    spans: Sequence[DayDeliveries], *, with_addresses: bool
) -> tuple[DeliveryRow, ...]:
    """Return a row for each span of days; those that end in one day have to stand together."""
    return tuple(
        _row(span, same_day if number == 0 else (), with_addresses=with_addresses)
        for _, group in groupby(spans, lambda span: span.day)
        for same_day in [tuple(group)]
        for number, span in enumerate(same_day)
    )


def delivery_lines(spans: Sequence[DayDeliveries]) -> tuple[DeliveryLine, ...]:
    """Return a line for each delivery; for admins, because they name addresses."""
    return tuple(
        DeliveryLine(view, Result(TONES[WORDS[view.state]], WORDS[view.state].capitalize()))
        for span in spans
        for view in span.deliveries
    )


def _row(
    span: DayDeliveries, same_day: Sequence[DayDeliveries], *, with_addresses: bool
) -> DeliveryRow:
    """Add up the deliveries of one span; copies stand beside the sum, not in it."""
    views = span.reports or span.copies
    reports = [view for each in same_day for view in each.reports]
    missing = sum(map(_is_missing, reports))
    return DeliveryRow(
        first_day=span.first_day,
        day=span.day,
        sent_at=_last_sent_at(views),
        next_attempt_at=min(
            (view.next_attempt_at for view in views if view.next_attempt_at), default=None
        ),
        sent=_count_sent(views),
        recipients=len(views),
        results=tuple(_results(views)),
        notes=tuple(_notes(views, with_addresses=with_addresses)),
        copies=_copies(span.copies) if span.reports and span.copies else None,
        offer=_offer(reports, missing=missing),
        missing=missing,
    )


def _offer(reports: Sequence[DeliveryView], *, missing: int) -> Offer | None:
    has_it = any(view.state is DeliveryState.SENT or _may_have_it(view) for view in reports)
    if missing:
        return Offer.MISSING if has_it else Offer.NOW
    return Offer.AGAIN if has_it else None


def _is_missing(view: DeliveryView) -> bool:
    """Say whether it can be tried now: the rest has it, is being sent it, or was left out."""
    states = (DeliveryState.DUE, DeliveryState.REFUSED, DeliveryState.FAILED)
    return view.state in states and not _may_have_it(view)


def _may_have_it(view: DeliveryView) -> bool:
    return view.is_repeat and view.state is DeliveryState.FAILED


def _count_sent(views: Sequence[DeliveryView]) -> int:
    return sum(view.state is DeliveryState.SENT for view in views)


def _last_sent_at(views: Sequence[DeliveryView]) -> datetime | None:
    sent = (view.ended_at for view in views if view.state is DeliveryState.SENT)
    return max(filter(None, sent), default=None)


def _copies(views: Sequence[DeliveryView]) -> Copies:
    return Copies(
        sent=_count_sent(views),
        waiting=sum(view.state in WAITING for view in views),
        sent_at=_last_sent_at(views),
    )


def _results(views: Sequence[DeliveryView]) -> Iterator[Result]:
    for word, tone in TONES.items():
        count = sum(WORDS[view.state] == word for view in views)
        if count:
            yield Result(tone, word.capitalize() if count == len(views) else f"{count:,} {word}")


def _notes(views: Sequence[DeliveryView], *, with_addresses: bool) -> Iterator[str]:
    """Say each reason once: whose it is, of how many, or alone where it is everybody's."""
    counts = Counter(view.reason for view in views if view.reason)
    for reason, count in counts.items():
        if count == len(views) > 1:
            yield reason
        elif count > 1:
            yield f"{count:,} recipients: {reason}"
        else:
            whose = next(view.address for view in views if view.reason == reason)
            yield f"{whose}: {reason}" if with_addresses else reason
