"""How many remote customers each filter of the review page shows, counted inside one index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models import Bin, RemoteState, WhyUnsynced
from services.providers.contract import RemoteKind, RemoteStatus
from services.remote_counts import Standing, by_index, count_standings, written_values
from services.review_query import RowFilter


@dataclass(frozen=True, slots=True)
class FilterCounts:
    """Customers by filter; `waiting` were not compared with the customers here yet."""

    unsynced: int = 0
    new: int = 0
    same: int = 0
    maybe: int = 0
    waiting: int = 0
    no_email: int = 0
    open_balance: int = 0
    failed: int = 0
    sub_customers: int = 0
    archived: int = 0
    suppliers: int = 0
    ignored: int = 0

    def of(self, show: RowFilter) -> int:
        """Return the count of one filter."""
        count: int = getattr(self, show.value)
        return count


# One index range for each combination of what the filters ask for: counting 100,000 entries takes
# 6 ms so, and 25 ms as sums over all of them. Nothing in it comes from outside.
# The state is written out, not bound: a database picks a partial index by its literal condition.
_FACETS = f"""
WITH bins(one_bin) AS (VALUES {written_values(Bin)}),
     emails(has_one) AS (VALUES (false), (true)),
     whys(one_why) AS (VALUES {written_values(WhyUnsynced)})
SELECT one_bin, has_one, one_why,
  (SELECT count(*) FROM remote_customer /* index */ WHERE account_id = :account
    AND state = 'unsynced' AND bin = one_bin AND has_email = has_one AND why = one_why
    AND balance_cents > 0),
  (SELECT count(*) FROM remote_customer /* index */ WHERE account_id = :account
    AND state = 'unsynced' AND bin = one_bin AND has_email = has_one AND why = one_why
    AND balance_cents <= 0)
FROM bins, emails, whys
"""  # noqa: S608


def count_rows(
    session: Session, account_id: int, *, standings: Sequence[Standing] | None = None
) -> FilterCounts:
    """Count what each filter shows, by an index; who is not unsynced by `standings`, if counted.

    Two statements, or one.
    """
    others = count_standings(session, account_id) if standings is None else standings
    statement = by_index(session, _FACETS, "ix_remote_customer_bins")
    facets = session.execute(statement, {"account": account_id}).all()
    return FilterCounts(**_of_unsynced(facets), **_of_others(others))


def _of_unsynced(facets: Sequence[Row[*tuple[Any, ...]]]) -> dict[str, int]:
    counts = dict.fromkeys(("unsynced", "no_email", "open_balance", "failed", *Bin), 0)
    for bin_, has_email, why, owing, not_owing in facets:
        number = owing + not_owing
        counts["unsynced"] += number
        counts[bin_] += number
        counts["open_balance"] += owing
        counts["no_email"] += 0 if has_email else number
        counts["failed"] += number if why == WhyUnsynced.FAILED else 0
    return {str(name): number for name, number in counts.items()}


def _of_others(standings: Iterable[Standing]) -> dict[str, int]:
    counts = dict.fromkeys(("ignored", "archived", "sub_customers", "suppliers"), 0)
    for standing in standings:
        if standing.state is RemoteState.IGNORED:
            counts["ignored"] += standing.count
        elif standing.state is not RemoteState.LEFT_OUT:
            continue
        elif standing.status is RemoteStatus.ARCHIVED:
            counts["archived"] += standing.count
        elif standing.kind is RemoteKind.SUB_CUSTOMER:
            counts["sub_customers"] += standing.count
        elif standing.kind is RemoteKind.SUPPLIER:
            counts["suppliers"] += standing.count
    return counts
