"""The list of customers: filtered, counted, with the books each customer is in."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from models import Bin, Company, Connection, Customer, MatchSuggestion
from services.customer_books import RemoteStanding
from services.customer_lists import (
    PAGE_ROWS,
    CustomerCounts,
    CustomerFilter,
    count_customers,
    each_customer,
    list_customers,
)
from services.providers.contract import ProviderKey
from services.remote_counts import VANISHED_FINGERPRINT
from tests.factories import make_customer, make_link, make_reading, make_remote_customer
from tests.services.linking import NO_EMAIL, link_elsewhere, make_linked
from tests.services.support import Place

QUICKBOOKS, XERO, _ = ProviderKey


def _linked(session: Session, place: Place, name: str, **theirs: Any) -> Customer:
    return make_linked(session, place, ours={"name": name}, theirs={"remote_id": name} | theirs)


def _alone(session: Session, place: Place, name: str, **ours: Any) -> Customer:
    return make_customer(session, session.get_one(Company, place.company_id), name=name, **ours)


@pytest.fixture
def people(session: Session, harbor: Place, elsewhere: Place) -> None:
    """Ann and Cleo are linked, Cleo and Eve archived there; Ben and Dan are only here."""
    _linked(session, harbor, "Ann")
    _alone(session, harbor, "Ben", **NO_EMAIL)
    _linked(session, harbor, "Cleo", status="archived", is_counted=False)
    _alone(session, harbor, "Dan")
    _linked(session, harbor, "Eve", fingerprint=VANISHED_FINGERPRINT, is_counted=False)
    _linked(session, elsewhere, "Zoe's", status="archived", is_counted=False)


NAMES = {
    CustomerFilter.ALL: ["Ann", "Ben", "Cleo", "Dan", "Eve"],
    CustomerFilter.LINKED: ["Ann", "Cleo", "Eve"],
    CustomerFilter.ONLY_HERE: ["Ben", "Dan"],
    CustomerFilter.NO_EMAIL: ["Ben"],
    CustomerFilter.ARCHIVED: ["Cleo", "Eve"],
}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("show", CustomerFilter)
def test_each_filter_shows_whom_it_counts(
    session: Session, harbor: Place, show: CustomerFilter
) -> None:
    counts = count_customers(session, harbor.company_id)

    page = list_customers(session, harbor.company_id, show=show)

    assert [row.name for row in page.rows] == NAMES[show]
    assert page.total == counts.of(show) == len(NAMES[show])


@pytest.mark.usefixtures("people")
def test_a_search_stays_within_its_filter(session: Session, harbor: Place) -> None:
    for name, show in (("e", CustomerFilter.LINKED), ("ben", CustomerFilter.ARCHIVED)):
        make_customer(
            session, session.get_one(Company, harbor.company_id), name=name, search_text=name
        )
        page = list_customers(session, harbor.company_id, query=name, show=show)

        assert page.rows == ()
        assert page.total == 0


@pytest.mark.usefixtures("people")
def test_the_file_holds_whom_the_filter_shows(session: Session, harbor: Place) -> None:
    found = each_customer(session, harbor.company_id, show=CustomerFilter.ONLY_HERE)

    assert [customer.name for customer in found] == ["Ben", "Dan"]


def test_a_company_without_customers_counts_nobody(session: Session, harbor: Place) -> None:
    assert count_customers(session, harbor.company_id) == CustomerCounts(0, 0, 0, 0)


@pytest.mark.parametrize("show", [CustomerFilter.ONLY_HERE, CustomerFilter.NO_EMAIL])
def test_pages_of_a_filter_hold_everybody_once(
    session: Session, harbor: Place, show: CustomerFilter
) -> None:
    for number in range(PAGE_ROWS + 5):
        _alone(session, harbor, "Ann", **NO_EMAIL | {"email": f"{number}@placeholder.local"})
    counts = count_customers(session, harbor.company_id)

    first = list_customers(session, harbor.company_id, show=show, counts=counts)
    second = list_customers(session, harbor.company_id, show=show, after=first.next_after)

    ids = {row.public_id for row in (*first.rows, *second.rows)}
    assert (len(first.rows), len(second.rows)) == (PAGE_ROWS, 5)
    assert len(ids) == first.total == PAGE_ROWS + 5
    assert second.next_after is None


def test_a_row_tells_in_which_books_it_is_and_what_it_owes(session: Session, harbor: Place) -> None:
    ann = _linked(session, harbor, "Ann", balance_cents=8_100, currency="USD")
    link_elsewhere(session, ann, status="archived", balance_cents=500, currency="NZD")

    [row] = list_customers(session, harbor.company_id).rows

    assert [(tag.provider, tag.standing) for tag in row.tags] == [
        (QUICKBOOKS, RemoteStanding.LINKED),
        (XERO, RemoteStanding.ARCHIVED),
    ]
    assert [balance.words for balance in row.balances] == ["NZD 5.00", "$81.00"]


def test_who_was_merged_there_is_not_archived_while_the_other_goes_on(
    session: Session, harbor: Place
) -> None:
    merged = {"status": "archived", "is_counted": False, "merged_into_remote_id": "heir"}
    ann = _linked(session, harbor, "Ann", balance_cents=8_100, **merged)
    reading = make_reading(session, session.get_one(Connection, harbor.connection_id))
    heir = make_remote_customer(session, reading, remote_id="heir", balance_cents=8_100)
    make_link(session, heir, ann)

    [row] = list_customers(session, harbor.company_id).rows

    assert [tag.standing for tag in row.tags] == [RemoteStanding.LINKED]
    assert [balance.cents for balance in row.balances] == [8_100]
    assert count_customers(session, harbor.company_id).archived == 0


def test_a_row_tells_where_somebody_could_be_it(session: Session, harbor: Place) -> None:
    ben = _alone(session, harbor, "Ben")
    reading = make_reading(session, session.get_one(Connection, harbor.connection_id))
    remote = make_remote_customer(session, reading, bin=Bin.MAYBE)
    session.add(
        MatchSuggestion(
            account_id=harbor.account_id,
            remote_customer_id=remote.id,
            customer_id=ben.id,
            tier="likely",
            score=5.0,
            reasons="same_name",
        )
    )
    session.commit()

    [row] = list_customers(session, harbor.company_id).rows

    assert [(tag.provider, tag.standing) for tag in row.tags] == [
        (QUICKBOOKS, RemoteStanding.MAYBE)
    ]


@pytest.mark.sqlite_only
@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("has_statistics", [False, True])
@pytest.mark.parametrize("show", CustomerFilter)
def test_no_list_reads_customers_beside_its_index(
    session: Session, harbor: Place, show: CustomerFilter, has_statistics: bool
) -> None:
    if has_statistics:
        session.execute(text("ANALYZE"))
        session.commit()
    asked: list[tuple[str, Any]] = []
    event.listen(
        session.get_bind(), "before_cursor_execute", lambda *args: asked.append((args[2], args[3]))
    )

    list_customers(session, harbor.company_id, show=show)
    count_customers(session, harbor.company_id)
    plans = [
        row[3]
        for statement, values in asked.copy()
        for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    ]

    assert [plan for plan in plans if plan.startswith("SCAN ") and " USING " not in plan] == []
    assert [plan for plan in plans if "TEMP B-TREE FOR ORDER BY" in plan] == []
