"""The signups of one local day as a file for a spreadsheet, safe like customer_csv.

Everybody of the day, however many: the page and the mail stop at 200.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models import Company
from services.customer_csv import BYTE_ORDER_MARK, csv_line
from services.database import BATCH_ROWS, in_batches, only_reading
from services.local_days import day_window, find_zone
from services.runtime import Runtime
from services.signup_rows import as_filtered, as_signup, is_listed, select_listed, select_signups

HEADINGS = ("Name", "Company", "E-mail", "Phone", "Came by")
LISTED, FILTERED = "listed", "placeholder address, filtered"


def write_day(
    session: Session, company_id: int, *, day: date, with_filtered: bool
) -> Iterator[str]:
    """Yield the file line by line, as it is read; the time is that of the company's zone.

    `with_filtered` adds those the mail leaves out, and a column that says who they are.
    """
    zone = find_zone(session.get_one(Company, company_id).zone)
    last = ("In the mail",) if with_filtered else ()
    yield BYTE_ORDER_MARK + csv_line((*HEADINGS, f"Signed up ({zone.key})", *last))
    select_rows = select_signups if with_filtered else select_listed
    found = session.execute(select_rows(company_id, day_window(zone, day)))
    for row in found.yield_per(BATCH_ROWS):
        cells = _cells(row, zone)
        if with_filtered:
            yield csv_line((*cells, LISTED if is_listed(row) else FILTERED))
        elif is_listed(row):
            yield csv_line(cells)


def stream_day(
    runtime: Runtime, company_id: int, *, day: date, with_filtered: bool
) -> Iterator[str]:
    """Yield the file in pieces; opens and ends its own session.

    For an answer that is still being sent when its request has ended.
    """
    with runtime.sessions() as session:
        with only_reading():
            session.connection()
        written = write_day(session, company_id, day=day, with_filtered=with_filtered)
        for lines in in_batches(written):
            yield "".join(lines)


def _cells(row: Any, zone: ZoneInfo) -> tuple[str, ...]:
    if not is_listed(row):
        hidden = as_filtered(row, zone)
        return (hidden.name, "", "", "", hidden.came_by, f"{hidden.at:%Y-%m-%d %H:%M}")
    signup = as_signup(row, zone)
    return (
        signup.name,
        signup.company_name,
        signup.email,
        signup.phone,
        signup.came_by,
        f"{signup.at:%Y-%m-%d %H:%M}",
    )
