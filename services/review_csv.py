"""The filtered list of remote customers as a file for a spreadsheet, safe like customer_csv."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from models import Bin, RemoteState, WhyUnsynced
from services.customer_csv import BYTE_ORDER_MARK, csv_line
from services.database import in_batches, only_reading
from services.remote_lists import each_row
from services.review_query import ReviewQuery, RowSort
from services.review_rows import ReviewRow
from services.runtime import Runtime

HEADINGS: tuple[str, ...] = (
    *("Name", "Company", "Person", "E-mail", "Phone", "Address", "Open balance", "Currency"),
    *("Match", "Looks like", "Reason", "Why not here", "Id there"),
)
BINS = {Bin.NEW: "New", Bin.SAME: "Same", Bin.MAYBE: "Maybe", Bin.WAITING: "Not compared yet"}
WHYS = {
    WhyUnsynced.NEVER_IMPORTED: "Never imported",
    WhyUnsynced.FAILED: "Import failed",
    WhyUnsynced.REMOVED_HERE: "Removed here",
    WhyUnsynced.UNLINKED: "Link taken back",
    WhyUnsynced.LET_GO: "Unlinked by hand",
}


def review_csv_lines(rows: Iterable[ReviewRow]) -> Iterator[str]:
    """Yield the file line by line; what does not apply to a row is an empty cell."""
    yield BYTE_ORDER_MARK + csv_line(HEADINGS)
    for row in rows:
        is_unsynced = row.state is RemoteState.UNSYNCED
        suggestion = row.suggestion if is_unsynced else None
        yield csv_line(
            (
                row.name,
                row.company_name,
                row.person_name,
                row.email or "",
                row.phone,
                row.address,
                Decimal(row.balance.cents).scaleb(-2),
                row.balance.currency,
                BINS[row.bin] if is_unsynced else "",
                suggestion.name if suggestion else "",
                suggestion.reason if suggestion else "",
                _why(row),
                row.remote_id,
            )
        )


def stream_review_csv(
    runtime: Runtime,
    account_id: int,
    *,
    query: ReviewQuery,
    sort: RowSort = RowSort.BALANCE,
) -> Iterator[str]:
    """Yield the file of everybody who matches in pieces; opens and ends its own session.

    For an answer that is still being sent when its request has ended.
    """
    with runtime.sessions() as session:
        with only_reading():
            session.connection()
        rows = each_row(session, account_id, query=query, sort=sort)
        for lines in in_batches(review_csv_lines(rows)):
            yield "".join(lines)


def _why(row: ReviewRow) -> str:
    if row.state is RemoteState.IGNORED:
        return ": ".join(filter(None, ("Ignored", row.ignore_reason)))
    if row.why is None:
        return ""
    return ": ".join(filter(None, (WHYS[row.why], row.why_text)))
