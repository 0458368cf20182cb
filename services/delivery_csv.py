"""Every delivery as a file for a spreadsheet, safe like customer_csv."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from services.customer_csv import BYTE_ORDER_MARK, csv_line
from services.database import in_batches, only_reading
from services.report_history import DeliveryView, each_delivery
from services.runtime import Runtime

HEADINGS = (
    *("First day", "Last day", "Recipient", "Kind", "State", "Sign-ups", "Attempts"),
    *("Ended (UTC)", "Next attempt (UTC)", "Answer", "Reason"),
)


def write_deliveries(session: Session, company_id: int) -> Iterator[str]:
    """Yield the company's deliveries line by line, newest first."""
    yield BYTE_ORDER_MARK + csv_line(HEADINGS)
    for view in each_delivery(session, company_id):
        yield csv_line(
            (
                view.first_day.isoformat(),
                view.day.isoformat(),
                view.address,
                _kind(view),
                view.state.value.replace("_", " "),
                _number(view.listed_count),
                Decimal(view.attempts),
                _moment(view.ended_at),
                _moment(view.next_attempt_at),
                _number(view.answer_code),
                view.reason,
            )
        )


def stream_deliveries(runtime: Runtime, company_id: int) -> Iterator[str]:
    """Yield the file in pieces; opens and ends its own session.

    For an answer that is still being sent when its request has ended.
    """
    with runtime.sessions() as session:
        with only_reading():
            session.connection()
        for lines in in_batches(write_deliveries(session, company_id)):
            yield "".join(lines)


def _kind(view: DeliveryView) -> str:
    if view.is_copy:
        return "copy"
    return "report, repeated" if view.is_repeat else "report"


def _number(value: int | None) -> str | Decimal:
    return "" if value is None else Decimal(value)


def _moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at is not None else ""
