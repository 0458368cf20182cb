"""The gap both ways: who is only in the accounting software, linked, only here, or differing.

Reads only. What BlueClerk has stored is told as of the last whole reading; no provider is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models import Customer, CustomerLink, RemoteState
from services.gap_rows import (
    GapRow,
    Key,
    customer_key,
    link_key,
    list_differing,
    list_linked,
    list_only_here,
    list_only_there,
    remote_key,
)
from services.providers.contract import RemoteStatus
from services.remote_counts import Standing, count_standings, count_unsynced

PAGE_ROWS = 50
#: Read at once for a file; more make it no quicker.
FILE_ROWS = 500


class GapShow(StrEnum):
    """Which part of the gap a list shows; the words stand in addresses. DIFFERING are linked."""

    ONLY_THERE = "only-there"
    LINKED = "linked"
    ONLY_HERE = "only-here"
    DIFFERING = "differing"


@dataclass(frozen=True, slots=True)
class GapCounts:
    """Customers on both sides. `only_there` and `linked` are remote customers.

    `ignored` are some of `only_there`. `not_counted` are linked but do not count any more, most
    of them archived or gone there; `archived` are some of those. `linked_here` are the customers
    that `linked` are linked to: two of the books may be one here.
    """

    unsynced: int = 0
    ignored: int = 0
    linked: int = 0
    not_counted: int = 0
    archived: int = 0
    linked_here: int = 0
    only_here: int = 0
    differing: int = 0

    @property
    def only_there(self) -> int:
        return self.unsynced + self.ignored

    @property
    def there(self) -> int:
        return self.only_there + self.linked

    @property
    def active(self) -> int:
        """Return how many count there, as the alert counts them."""
        return self.there - self.not_counted

    @property
    def otherwise_out(self) -> int:
        return self.not_counted - self.archived

    @property
    def here(self) -> int:
        return self.linked_here + self.only_here

    def of(self, show: GapShow) -> int:
        """Return how many rows a list has."""
        count: int = getattr(self, show.value.replace("-", "_"))
        return count


@dataclass(frozen=True, slots=True)
class GapPage:
    """One page of a list. `next_after` continues it by key, None at the end."""

    rows: tuple[GapRow, ...]
    next_after: str | None


def count_gap(session: Session, company_id: int, account_id: int) -> GapCounts:
    """Count both sides. Five statements, each inside an index."""
    standings = count_standings(session, account_id)
    linked_here = _count_linked_here(session, account_id)
    return GapCounts(
        unsynced=count_unsynced(session, account_id),
        ignored=_count(standings, RemoteState.IGNORED, is_counted=True),
        linked=sum(each.count for each in standings if each.state is RemoteState.LINKED),
        not_counted=_count(standings, RemoteState.LINKED, is_counted=False),
        archived=sum(
            each.count
            for each in standings
            if each.state is RemoteState.LINKED
            and not each.is_counted
            and each.status is RemoteStatus.ARCHIVED
        ),
        linked_here=linked_here,
        only_here=_count_here(session, company_id) - linked_here,
        differing=_count_differing(session, account_id),
    )


def list_gap(
    session: Session,
    company_id: int,
    account_id: int,
    *,
    show: GapShow,
    query: str = "",
    after: str | None = None,
    page_rows: int = PAGE_ROWS,
) -> GapPage:
    """Return one page by name, by key; who differs comes in the order of the customers here.

    `query` finds names, companies, e-mail addresses and phones, of who is linked those there. An
    unknown `after` gives the first page.
    """
    start = _start(session, company_id, account_id, show, after)
    limit = page_rows + 1
    if show is GapShow.ONLY_HERE:
        rows = list_only_here(session, company_id, account_id, query, start, limit)
    else:
        listed = {
            GapShow.ONLY_THERE: list_only_there,
            GapShow.LINKED: list_linked,
            GapShow.DIFFERING: list_differing,
        }[show]
        rows = listed(session, account_id, query, start, limit)
    shown = tuple(rows[:page_rows])
    return GapPage(shown, shown[-1].key_id if len(rows) > page_rows else None)


def each_gap_row(
    session: Session, company_id: int, account_id: int, *, show: GapShow, query: str = ""
) -> Iterator[GapRow]:
    """Yield everybody a list shows on all its pages, without holding them all."""
    after = None
    while True:
        page = list_gap(
            session,
            company_id,
            account_id,
            show=show,
            query=query,
            after=after,
            page_rows=FILE_ROWS,
        )
        yield from page.rows
        after = page.next_after
        if after is None:
            return


def _start(
    session: Session, company_id: int, account_id: int, show: GapShow, after: str | None
) -> Key | None:
    if after is None:
        return None
    if show is GapShow.ONLY_HERE:
        return customer_key(session, company_id, after)
    if show is GapShow.DIFFERING:
        return link_key(session, account_id, after)
    return remote_key(session, account_id, after)


def _count(standings: list[Standing], state: RemoteState, *, is_counted: bool) -> int:
    return sum(
        each.count for each in standings if each.state is state and each.is_counted is is_counted
    )


def _count_linked_here(session: Session, account_id: int) -> int:
    return (
        session.scalar(
            select(func.count(CustomerLink.customer_id.distinct())).where(
                CustomerLink.account_id == account_id
            )
        )
        or 0
    )


def _count_here(session: Session, company_id: int) -> int:
    query = select(func.count()).select_from(Customer).where(Customer.company_id == company_id)
    return session.scalar(query) or 0


def _count_differing(session: Session, account_id: int) -> int:
    # Written out, not bound: a database picks a partial index by its literal condition.
    query = (
        select(func.count())
        .select_from(CustomerLink)
        .where(CustomerLink.account_id == account_id, text("customer_link.differing <> ''"))
    )
    return session.scalar(query) or 0
