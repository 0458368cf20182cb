"""Customers as a file for a spreadsheet, with nothing in it that a spreadsheet would execute."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from services.customer_lists import CustomerFilter, each_customer
from services.customers import CustomerView
from services.database import in_batches, only_reading
from services.runtime import Runtime

BYTE_ORDER_MARK = "\ufeff"
HEADINGS = ("Name", "Company", "E-mail", "Phone", "Address", "Signed up (UTC)")
# A cell that begins with one of these is a formula to some spreadsheet (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
# A spreadsheet that separates by one of these begins a cell behind it, even inside our quotes;
# it takes a line break there for the end of a row, too.
_AFTER_SEPARATOR = re.compile(r"""[;\t\r\n][ "]*(?=[=+\-@＝＋－＠])""")


def csv_lines(customers: Iterable[CustomerView]) -> Iterator[str]:
    """Yield the file line by line; a placeholder is an empty cell."""
    yield BYTE_ORDER_MARK + csv_line(HEADINGS)
    for customer in customers:
        yield csv_line(
            (
                customer.name,
                customer.company_name,
                customer.email or "",
                customer.phone,
                customer.address,
                customer.created_at.strftime("%Y-%m-%d %H:%M"),
            )
        )


def stream_csv(
    runtime: Runtime,
    company_id: int,
    *,
    query: str = "",
    show: CustomerFilter = CustomerFilter.ALL,
) -> Iterator[str]:
    """Yield the company's file in pieces, as they are read; opens and ends its own session.

    For an answer that is still being sent when its request has ended.
    """
    with runtime.sessions() as session:
        with only_reading():
            session.connection()
        found = each_customer(session, company_id, query=query, show=show)
        for lines in in_batches(csv_lines(found)):
            yield "".join(lines)


def guard_formula(text: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula."""
    cleaned = text.replace("\0", "")
    cleaned = _AFTER_SEPARATOR.sub(r"\g<0>'", cleaned)
    return f"'{cleaned}" if text.startswith(_FORMULA_STARTS) else cleaned


def csv_line(cells: Iterable[str | Decimal]) -> str:
    """Return one line of a file; texts are guarded, numbers are ours and stay numbers."""
    buffer = io.StringIO()
    guarded = [guard_formula(cell) if isinstance(cell, str) else str(cell) for cell in cells]
    # Quoted, so that no cell ends early where a spreadsheet separates by something else.
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerow(guarded)
    return buffer.getvalue()
