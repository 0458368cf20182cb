"""Signups of a day and what was mailed about it, for tests of the report's pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from models import DeliveryState, ReportDelivery, ReportRecipient
from tests.factories import NOW, make_customer, make_report_recipient

YESTERDAY = NOW - timedelta(days=1)


def deliver(session: Session, recipient: ReportRecipient, **overrides: Any) -> ReportDelivery:
    """A delivery of yesterday's report that went out this morning."""
    values = {
        "company_id": recipient.company_id,
        "recipient_id": recipient.id,
        "first_day_on": date(2026, 11, 19),
        "day_on": date(2026, 11, 19),
        "window_start_at": datetime(2026, 11, 19, 5, tzinfo=UTC),
        "window_end_at": datetime(2026, 11, 20, 5, tzinfo=UTC),
        "message_id": "<one@example.com>",
        "state": DeliveryState.SENT,
        "next_attempt_at": NOW,
        "due_at": NOW,
        "ended_at": NOW - timedelta(hours=2),
    }
    row = ReportDelivery(**values | overrides)
    session.add(row)
    session.commit()
    return row


def add_signups(session: Session, people: SimpleNamespace, *, listed: int, filtered: int) -> None:
    for number in range(listed):
        make_customer(
            session,
            people.company,
            name=f"Real {number}",
            email=f"real-{number}@example.com",
            created_at=YESTERDAY,
        )
    for number in range(filtered):
        make_customer(
            session,
            people.company,
            name=f"Nameless {number}",
            email=f"hand-{number:016}@placeholder.local",
            is_placeholder_email=True,
            created_at=YESTERDAY,
        )


def add_recipients(session: Session, people: SimpleNamespace) -> list[ReportRecipient]:
    return [
        make_report_recipient(session, people.company, address=f"{name}@example.com")
        for name in ("olu", "ada")
    ]
