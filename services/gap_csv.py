"""A list of the two-way gap as a file for a spreadsheet, safe like customer_csv."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from services.customer_csv import BYTE_ORDER_MARK, csv_line
from services.database import in_batches, only_reading
from services.gap import GapShow, each_gap_row
from services.gap_rows import GapRow, GapSide
from services.runtime import Runtime

_SIDE = ("Name", "Company", "E-mail", "Phone", "Address")
HEADINGS: tuple[str, ...] = (
    *("Where", *(f"{field} here" for field in _SIDE), *(f"{field} there" for field in _SIDE)),
    *("Open balance", "Currency", "Differs in", "Standing there", "Id there"),
)
FIELD_WORDS = {
    "name": "name",
    "company_name": "company",
    "email": "e-mail",
    "phone": "phone",
    "address": "address",
}


def gap_csv_lines(rows: Iterable[GapRow]) -> Iterator[str]:
    """Yield the file line by line; a placeholder is an empty cell."""
    yield BYTE_ORDER_MARK + csv_line(HEADINGS)
    for row in rows:
        yield csv_line(
            (
                _where(row),
                *_cells(row.here),
                *_cells(row.there),
                Decimal(row.balance.cents).scaleb(-2) if row.there else "",
                row.balance.currency,
                ", ".join(FIELD_WORDS.get(field, field) for field in row.differing),
                standing_there(row),
                row.remote_id,
            )
        )


def stream_gap_csv(
    runtime: Runtime, company_id: int, account_id: int, *, show: GapShow, query: str = ""
) -> Iterator[str]:
    """Yield the file of a whole list in pieces; opens and ends its own session.

    For an answer that is still being sent when its request has ended.
    """
    with runtime.sessions() as session:
        with only_reading():
            session.connection()
        rows = each_gap_row(session, company_id, account_id, show=show, query=query)
        for lines in in_batches(gap_csv_lines(rows)):
            yield "".join(lines)


def standing_there(row: GapRow) -> str:
    """Return in words how the customer stands in the accounting software, "" as any other."""
    if row.ended:
        return f"{row.ended.value} there"
    return "ignored" if row.is_ignored else ""


def _where(row: GapRow) -> str:
    if row.there is None:
        return "Only here"
    return "Linked" if row.here else "Only there"


def _cells(side: GapSide | None) -> tuple[str, ...]:
    if side is None:
        return ("",) * len(_SIDE)
    return (side.name, side.company_name, side.email or "", side.phone, side.address)
