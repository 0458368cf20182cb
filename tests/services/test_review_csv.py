"""The list as a file: whoever the filter shows, in its order, and nothing that is executed."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy.orm import Session

from models import Bin, Company, Connection, Reading, RemoteState, WhyUnsynced
from services.database import BATCH_ROWS
from services.review_csv import HEADINGS, stream_review_csv
from services.review_query import ReviewQuery, RowFilter, RowSort
from services.runtime import Runtime
from tests.factories import make_customer, make_reading, make_remote_customer
from tests.matching_factories import make_suggestion
from tests.services.support import Place


@pytest.fixture
def reading(session: Session, harbor: Place) -> Reading:
    return make_reading(session, session.get_one(Connection, harbor.connection_id))


def _read(
    runtime: Runtime, place: Place, query: ReviewQuery, sort: RowSort = RowSort.NAME
) -> list[dict[str, str]]:
    whole = "".join(stream_review_csv(runtime, place.account_id, query=query, sort=sort))
    assert whole.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(whole[1:])))


def test_a_row_says_who_it_is_and_what_an_import_would_do(
    runtime: Runtime, session: Session, harbor: Place, reading: Reading
) -> None:
    remote = make_remote_customer(
        session,
        reading,
        name="Łukasz Brown",
        company_name="Brown LLC",
        person_name="Łukasz",
        email="l@example.com",
        phone="555 0100",
        address="12 Main Street",
        balance_cents=-1205,
        currency="USD",
        remote_id="77",
        bin=Bin.MAYBE,
        why=WhyUnsynced.FAILED,
        why_text="too long",
    )
    company = session.get_one(Company, harbor.company_id)
    make_suggestion(session, remote, make_customer(session, company, name="Lukas Brown"))

    [row] = _read(runtime, harbor, ReviewQuery())

    values = ("Łukasz Brown", "Brown LLC", "Łukasz", "l@example.com", "555 0100")
    values += ("12 Main Street", "-12.05", "USD", "Maybe", "Lukas Brown")
    values += ("Same name and same e-mail.", "Import failed: too long", "77")
    assert row == dict(zip(HEADINGS, values, strict=True))


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-1", "@x", "\tx", "\rx", "a;=1", "＝1"])
def test_nothing_is_a_formula(
    runtime: Runtime, session: Session, harbor: Place, reading: Reading, name: str
) -> None:
    make_remote_customer(session, reading, name=name, company_name=name, phone=name, address=name)

    [row] = _read(runtime, harbor, ReviewQuery())

    cells = [cell for heading, cell in row.items() if heading != "Open balance"]
    assert not any(cell.startswith(tuple("=+-@\t\r＝")) for cell in cells)
    assert ";=" not in row["Name"]


def test_the_ignored_have_their_reason_and_no_match(
    runtime: Runtime, session: Session, harbor: Place, reading: Reading
) -> None:
    make_remote_customer(session, reading, state=RemoteState.IGNORED, ignore_reason="a test")

    [row] = _read(runtime, harbor, ReviewQuery(RowFilter.IGNORED))

    assert (row["Why not here"], row["Match"]) == ("Ignored: a test", "")


def test_the_file_has_whoever_the_filter_and_the_search_show_in_their_order(
    runtime: Runtime, session: Session, harbor: Place, reading: Reading
) -> None:
    for number in range(BATCH_ROWS + 2):
        make_remote_customer(session, reading, name=f"Ann {number:04}", balance_cents=number)
    make_remote_customer(session, reading, name="Bob")

    rows = _read(runtime, harbor, ReviewQuery(text="ann"), RowSort.BALANCE)

    names = [row["Name"] for row in rows]
    assert names == [f"Ann {number:04}" for number in reversed(range(BATCH_ROWS + 2))]
