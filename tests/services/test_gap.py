"""Both sides beside each other: who is only there, linked, only here, or differing."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import Company, Connection, RemoteState
from services.customer_books import RemoteStanding
from services.gap import GapCounts, GapShow, count_gap, each_gap_row, list_gap
from services.gap_csv import gap_csv_lines, stream_gap_csv
from services.runtime import Runtime
from tests.factories import (
    make_account,
    make_connection,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
)
from tests.services.support import Place


@pytest.fixture
def sides(session: Session, harbor: Place) -> SimpleNamespace:
    """Two not imported, one ignored, two linked (one of them differs), one only here."""
    company = session.get_one(Company, harbor.company_id)
    reading = make_reading(session, session.get_one(Connection, harbor.connection_id))
    anna, berta = (
        make_customer(session, company, name=name, search_text=name.lower())
        for name in ("Anna here", "Berta here")
    )
    make_customer(session, company, name="Only here", search_text="only here")
    make_remote_customer(session, reading, name="Young", balance_cents=1250, currency="USD")
    make_remote_customer(session, reading, name="Adam")
    make_remote_customer(session, reading, name="Ignored", state=RemoteState.IGNORED)
    there = make_remote_customer(session, reading, name="Anna there", phone="(814) 555-0142")
    make_link(session, there, anna)
    link = make_link(session, make_remote_customer(session, reading, name="Berta there"), berta)
    link.differing = "name phone"
    session.commit()
    return SimpleNamespace(company=company, reading=reading, anna=anna, berta=berta, there=there)


def _names(session: Session, harbor: Place, show: GapShow, **options: str) -> list[str]:
    rows = each_gap_row(session, harbor.company_id, harbor.account_id, show=show, **options)
    return [row.there.name if row.there else row.here.name if row.here else "" for row in rows]


def test_the_numbers_add_up_on_both_sides(
    session: Session, harbor: Place, sides: SimpleNamespace
) -> None:
    counts = count_gap(session, harbor.company_id, harbor.account_id)

    assert counts == GapCounts(
        unsynced=2, ignored=1, linked=2, linked_here=2, only_here=1, differing=1
    )
    assert counts.there == counts.only_there + counts.linked == 5
    assert counts.here == counts.linked_here + counts.only_here == 3


def test_two_of_the_books_may_be_one_here(
    session: Session, harbor: Place, sides: SimpleNamespace
) -> None:
    make_link(session, make_remote_customer(session, sides.reading), sides.anna)

    counts = count_gap(session, harbor.company_id, harbor.account_id)

    assert (counts.linked, counts.linked_here, counts.only_here) == (3, 2, 1)


def test_who_is_linked_and_archived_there_is_told_apart(
    session: Session, harbor: Place, sides: SimpleNamespace
) -> None:
    sides.there.is_counted, sides.there.status = False, "archived"
    session.merge(sides.there)
    session.commit()

    counts = count_gap(session, harbor.company_id, harbor.account_id)
    rows = list_gap(session, harbor.company_id, harbor.account_id, show=GapShow.LINKED).rows

    assert (counts.linked, counts.not_counted, counts.archived) == (2, 1, 1)
    assert (counts.active, counts.otherwise_out) == (4, 0)
    assert [row.ended for row in rows] == [RemoteStanding.ARCHIVED, None]


def test_an_ignored_one_that_left_the_books_is_not_there(
    session: Session, harbor: Place, sides: SimpleNamespace
) -> None:
    make_remote_customer(
        session, sides.reading, state=RemoteState.IGNORED, is_counted=False, status="archived"
    )

    counts = count_gap(session, harbor.company_id, harbor.account_id)

    assert counts.only_there == 3
    assert len(_names(session, harbor, GapShow.ONLY_THERE)) == 3


@pytest.mark.parametrize(
    ("show", "names"),
    [
        (GapShow.ONLY_THERE, ["Adam", "Ignored", "Young"]),
        (GapShow.LINKED, ["Anna there", "Berta there"]),
        (GapShow.ONLY_HERE, ["Only here"]),
        (GapShow.DIFFERING, ["Berta there"]),
    ],
)
def test_each_list_has_its_customers_by_name(
    session: Session, harbor: Place, sides: SimpleNamespace, show: GapShow, names: list[str]
) -> None:
    assert _names(session, harbor, show) == names
    assert count_gap(session, harbor.company_id, harbor.account_id).of(show) == len(names)


@pytest.mark.parametrize("show", list(GapShow))
def test_pages_by_key_hold_everybody_once(
    session: Session, harbor: Place, sides: SimpleNamespace, show: GapShow
) -> None:
    found, after = [], None
    for _ in range(5):
        page = list_gap(
            session, harbor.company_id, harbor.account_id, show=show, after=after, page_rows=1
        )
        found += [row.key_id for row in page.rows]
        after = page.next_after
        if after is None:
            break

    assert after is None
    assert len(set(found)) == len(found) == len(_names(session, harbor, show))


@pytest.mark.parametrize(
    ("show", "query", "names"),
    [
        (GapShow.ONLY_THERE, "YOUNG", ["Young"]),
        (GapShow.ONLY_THERE, "ignored", ["Ignored"]),
        (GapShow.LINKED, "555-0142", ["Anna there"]),
        (GapShow.ONLY_HERE, "only", ["Only here"]),
        (GapShow.DIFFERING, "berta", ["Berta there"]),
        (GapShow.LINKED, "%", []),
    ],
)
def test_each_list_is_searched(
    session: Session,
    harbor: Place,
    sides: SimpleNamespace,
    show: GapShow,
    query: str,
    names: list[str],
) -> None:
    assert _names(session, harbor, show, query=query) == names


def test_who_is_linked_to_another_account_is_only_here(
    session: Session, harbor: Place, sides: SimpleNamespace
) -> None:
    xero = make_account(session, sides.company, provider="xero", remote_account_id="tenant")
    reading = make_reading(session, make_connection(session, xero))
    make_link(session, make_remote_customer(session, reading), sides.anna)

    rows = list_gap(session, harbor.company_id, xero.id, show=GapShow.ONLY_HERE).rows

    assert [row.here.name for row in rows if row.here] == ["Berta here", "Only here"]


def test_nobody_of_another_company_is_in_a_list(
    session: Session, harbor: Place, elsewhere: Place, sides: SimpleNamespace
) -> None:
    counts = count_gap(session, elsewhere.company_id, elsewhere.account_id)

    assert counts == GapCounts()
    assert [_names(session, elsewhere, show) for show in GapShow] == [[]] * 4


@pytest.mark.parametrize("show", list(GapShow))
def test_a_strange_key_gives_the_first_page(
    session: Session, harbor: Place, sides: SimpleNamespace, show: GapShow
) -> None:
    page = list_gap(session, harbor.company_id, harbor.account_id, show=show, after="0" * 16)

    assert len(page.rows) == len(_names(session, harbor, show))


def test_the_file_says_where_and_what_differs(
    runtime: Runtime, session: Session, harbor: Place, sides: SimpleNamespace
) -> None:
    text = "".join(
        stream_gap_csv(runtime, harbor.company_id, harbor.account_id, show=GapShow.DIFFERING)
    )

    head, row = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    cells = dict(zip(head, row, strict=True))
    assert (cells["Where"], cells["Name here"]) == ("Linked", "Berta here")
    assert (cells["Name there"], cells["Differs in"]) == ("Berta there", "name, phone")


def test_the_file_holds_no_formula_and_no_placeholder(
    session: Session, harbor: Place, sides: SimpleNamespace
) -> None:
    make_customer(
        session,
        sides.company,
        name="=HYPERLINK(1)",
        email="hand-0123456789abcdef@placeholder.local",
        is_placeholder_email=True,
    )

    rows = each_gap_row(session, harbor.company_id, harbor.account_id, show=GapShow.ONLY_HERE)
    text = "".join(gap_csv_lines(rows))

    assert '"\'=HYPERLINK(1)"' in text
    assert "placeholder" not in text
