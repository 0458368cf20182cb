"""The list of remote customers: which filter shows whom, in which order, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Bin, Connection, Reading, RemoteCustomer, RemoteState, WhyUnsynced
from services import remote_lists
from services.remote_lists import PAGE_ROWS, count_rows, each_row, review_conditions, search
from services.review_query import ReviewQuery, RowFilter, RowSort
from tests.factories import make_reading, make_remote_customer
from tests.services.support import Place

ARCHIVED = {"state": RemoteState.LEFT_OUT, "is_counted": False, "status": "archived"}
LEFT_OUT = {"state": RemoteState.LEFT_OUT, "is_counted": False}


@pytest.fixture
def reading(session: Session, harbor: Place) -> Reading:
    return make_reading(session, session.get_one(Connection, harbor.connection_id))


def _names(session: Session, place: Place, query: ReviewQuery, sort: RowSort) -> list[str]:
    return list(_walk(session, place, query, sort))


def _walk(session: Session, place: Place, query: ReviewQuery, sort: RowSort) -> Iterator[str]:
    after: str | None = None
    while True:
        page = search(session, place.account_id, query=query, sort=sort, after=after)
        yield from (row.name for row in page.rows)
        after = page.next_after
        if after is None:
            return


def _one_of_each(session: Session, reading: Reading) -> None:
    make_remote_customer(session, reading, name="Newcomer", bin=Bin.NEW)
    make_remote_customer(session, reading, name="Twin", bin=Bin.SAME)
    make_remote_customer(session, reading, name="Doubt", bin=Bin.MAYBE)
    make_remote_customer(session, reading, name="Waiting", kept_revision=0)
    make_remote_customer(session, reading, name="Mute", email=None)
    make_remote_customer(session, reading, name="Debtor", balance_cents=100)
    make_remote_customer(session, reading, name="Creditor", balance_cents=-100)
    make_remote_customer(session, reading, name="Broken", why=WhyUnsynced.FAILED)
    make_remote_customer(session, reading, name="Included", kind="sub_customer")
    make_remote_customer(session, reading, name="Dock 7", kind="sub_customer", **LEFT_OUT)
    make_remote_customer(session, reading, name="Old", **ARCHIVED)
    make_remote_customer(session, reading, name="Old dock", kind="sub_customer", **ARCHIVED)
    make_remote_customer(session, reading, name="Sun Supply", kind="supplier", **LEFT_OUT)
    make_remote_customer(session, reading, name="Ivo", state=RemoteState.IGNORED)
    make_remote_customer(session, reading, name="Lea", state=RemoteState.LINKED)
    make_remote_customer(session, reading, name="Gone", state=RemoteState.VANISHED)


UNSYNCED = ["Broken", "Creditor", "Debtor", "Doubt", "Included"]
UNSYNCED += ["Mute", "Newcomer", "Twin", "Waiting"]
SHOWN = {
    RowFilter.UNSYNCED: UNSYNCED,
    RowFilter.NEW: [name for name in UNSYNCED if name not in ("Doubt", "Twin", "Waiting")],
    RowFilter.SAME: ["Twin"],
    RowFilter.MAYBE: ["Doubt"],
    RowFilter.NO_EMAIL: ["Mute"],
    RowFilter.OPEN_BALANCE: ["Debtor"],
    RowFilter.FAILED: ["Broken"],
    RowFilter.SUB_CUSTOMERS: ["Dock 7"],
    RowFilter.ARCHIVED: ["Old", "Old dock"],
    RowFilter.SUPPLIERS: ["Sun Supply"],
    RowFilter.IGNORED: ["Ivo"],
}


@pytest.mark.parametrize("show", RowFilter)
def test_each_filter_shows_and_counts_its_own(
    session: Session, harbor: Place, reading: Reading, show: RowFilter
) -> None:
    _one_of_each(session, reading)

    page = search(session, harbor.account_id, query=ReviewQuery(show), sort=RowSort.NAME)
    counts = count_rows(session, harbor.account_id)

    assert [row.name for row in page.rows] == SHOWN[show]
    assert page.total == counts.of(show) == len(SHOWN[show])


def test_the_bins_add_up_to_the_unsynced(session: Session, harbor: Place, reading: Reading) -> None:
    _one_of_each(session, reading)

    counts = count_rows(session, harbor.account_id)

    assert counts.new + counts.same + counts.maybe + counts.waiting == counts.unsynced
    assert counts.waiting == 1


def test_another_account_is_neither_shown_nor_counted(
    session: Session, harbor: Place, elsewhere: Place
) -> None:
    theirs = make_reading(session, session.get_one(Connection, elsewhere.connection_id))
    _one_of_each(session, theirs)

    page = search(session, harbor.account_id, query=ReviewQuery())
    counts = count_rows(session, harbor.account_id)

    assert (page.rows, page.total, counts.unsynced, counts.ignored) == ((), 0, 0, 0)


def test_the_highest_open_balance_comes_first(
    session: Session, harbor: Place, reading: Reading
) -> None:
    for name, cents in (("Owes little", 5), ("Owed", -10), ("Owes much", 900), ("Even", 0)):
        make_remote_customer(session, reading, name=name, balance_cents=cents)

    names = _names(session, harbor, ReviewQuery(), RowSort.BALANCE)

    assert names == ["Owes much", "Owes little", "Even", "Owed"]


def test_the_newest_are_those_who_were_read_last(session: Session, harbor: Place) -> None:
    connection = session.get_one(Connection, harbor.connection_id)
    for name in ("First", "Second"):
        reading = make_reading(session, connection)
        make_remote_customer(session, reading, name=name)

    names = _names(session, harbor, ReviewQuery(), RowSort.NEWEST)

    assert names == ["Second", "First"]


@pytest.mark.parametrize(("sort", "searched"), [*product(RowSort, ["", "customer"])])
def test_paging_shows_everybody_once_in_one_order(
    session: Session, harbor: Place, reading: Reading, sort: RowSort, searched: str
) -> None:
    for number in range(2 * PAGE_ROWS + 3):
        name = f"Customer {number % 60:03}"
        make_remote_customer(session, reading, name=name, balance_cents=number % 4)
    query = ReviewQuery(text=searched)

    pages = _names(session, harbor, query, sort)
    whole = [row.name for row in each_row(session, harbor.account_id, query=query, sort=sort)]

    assert pages == whole
    assert len(pages) == 2 * PAGE_ROWS + 3
    assert sort is not RowSort.NAME or pages == sorted(pages)


@pytest.mark.parametrize("sort", RowSort)
def test_paging_is_the_same_where_too_many_match_to_keep_them(
    session: Session,
    harbor: Place,
    reading: Reading,
    sort: RowSort,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(2 * PAGE_ROWS + 3):
        name = f"Customer {number % 60:03}"
        make_remote_customer(session, reading, name=name, balance_cents=number % 4)
    query = ReviewQuery(text="customer")
    before = _names(session, harbor, query, sort)

    monkeypatch.setattr(remote_lists, "MANY_HITS", 10)
    after = _names(session, harbor, query, sort)
    total = search(session, harbor.account_id, query=query, sort=sort).total

    assert after == before
    assert total == len(before)


def test_a_page_that_ends_with_the_list_has_no_next_one(
    session: Session, harbor: Place, reading: Reading
) -> None:
    for _ in range(PAGE_ROWS):
        make_remote_customer(session, reading)

    page = search(session, harbor.account_id, query=ReviewQuery())

    assert (len(page.rows), page.next_after) == (PAGE_ROWS, None)


@pytest.mark.parametrize("after", ["nobody", "", "' OR 1=1"])
def test_an_unknown_place_in_the_list_is_its_beginning(
    session: Session, harbor: Place, reading: Reading, after: str
) -> None:
    make_remote_customer(session, reading, name="Ann")

    page = search(session, harbor.account_id, query=ReviewQuery(), after=after)

    assert [row.name for row in page.rows] == ["Ann"]


def test_a_list_continues_after_its_own_rows_only(
    session: Session, harbor: Place, elsewhere: Place, reading: Reading
) -> None:
    theirs = make_reading(session, session.get_one(Connection, elsewhere.connection_id))
    make_remote_customer(session, reading, name="Ann")
    foreign = make_remote_customer(session, theirs, name="Zed").public_id

    page = search(session, harbor.account_id, query=ReviewQuery(), after=foreign)

    assert [row.name for row in page.rows] == ["Ann"]


def test_the_total_stays_true_behind_the_last_row(
    session: Session, harbor: Place, reading: Reading
) -> None:
    last = make_remote_customer(session, reading, name="Ann").public_id

    page = search(session, harbor.account_id, query=ReviewQuery(text="ann"), after=last)

    assert (page.rows, page.total) == ((), 1)


def test_what_is_decided_about_all_who_match_is_what_the_list_shows(
    session: Session, harbor: Place, reading: Reading
) -> None:
    _one_of_each(session, reading)
    queries = [ReviewQuery(show, searched) for show, searched in product(RowFilter, ["", "o"])]

    meant = {
        query: sorted(
            session.scalars(
                select(RemoteCustomer.name).where(*review_conditions(harbor.account_id, query))
            )
        )
        for query in queries
    }

    assert meant == {
        query: sorted(_names(session, harbor, query, RowSort.NAME)) for query in queries
    }
