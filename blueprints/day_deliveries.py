"""What was mailed about one day, as its page and the question before a copy show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from blueprints.delivery_rows import DeliveryLine, DeliveryRow, delivery_lines, delivery_rows
from blueprints.guards import get_runtime, get_signed_in
from blueprints.htmx import next_wait_ms
from models import DeliveryState
from services.local_days import DAY
from services.report_history import DayDeliveries, DeliveryView, find_day, list_deliveries

LONGEST_WAIT_MS = 5_000
#: What waits longer than this before its next attempt is not watched.
SOON = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class DayMails:
    """The mails that hold one day. `row` is None while nothing was mailed.

    `rows` has more than one where mails of other lengths end in the same day. `wait_ms` says when
    to look again, and is None where nothing is about to happen.
    """

    day: date
    row: DeliveryRow | None
    rows: tuple[DeliveryRow, ...]
    lines: tuple[DeliveryLine, ...]
    wait_ms: int | None


def load_day(day: date) -> DayMails:
    """Read what was mailed about the day; only admins get the lines, which name addresses."""
    runtime, who = get_runtime(), get_signed_in()
    with runtime.sessions() as session:
        latest = list_deliveries(session, who.company_id, days=1, before=day + DAY)
        spans: Sequence[DayDeliveries] = [span for span in latest if span.day == day]
        held = find_day(session, who.company_id, day)
        spans = spans or ([held] if held else [])
    rows = delivery_rows(spans, with_addresses=who.is_admin)
    views = [view for span in spans for view in span.deliveries]
    is_watched = runtime.mailer is not None and any(map(_is_about_to_end, views))
    return DayMails(
        day=day,
        row=max(rows, key=lambda row: row.sent, default=None),
        rows=rows,
        lines=delivery_lines(spans) if who.is_admin else (),
        wait_ms=next_wait_ms(longest_ms=LONGEST_WAIT_MS) if is_watched else None,
    )


def _is_about_to_end(view: DeliveryView) -> bool:
    if view.state in (DeliveryState.CLAIMED, DeliveryState.HANDING_OVER):
        return True
    soon = get_runtime().clock() + SOON
    return view.next_attempt_at is not None and view.next_attempt_at <= soon
