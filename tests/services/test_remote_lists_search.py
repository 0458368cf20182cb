"""Searching the list of remote customers: what is found, and what signs and lengths do not do."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from models import Bin, Connection, Reading, RemoteState
from services.remote_lists import search
from services.review_query import ReviewQuery, RowFilter
from tests.factories import make_reading, make_remote_customer
from tests.services.support import Place


@pytest.fixture
def reading(session: Session, harbor: Place) -> Reading:
    return make_reading(session, session.get_one(Connection, harbor.connection_id))


@pytest.mark.parametrize(
    "searched",
    ["lukasz", "LODZ", "garcia", "wojcik@example.org", "0142", "(312) 555 0142", "+1-312-555-0142"],
)
def test_a_search_looks_at_name_company_person_mail_and_phone(
    session: Session, harbor: Place, reading: Reading, searched: str
) -> None:
    make_remote_customer(
        session,
        reading,
        name="Łukasz Wójcik",
        company_name="Łódź Stolarka",
        person_name="Ana García",
        email="wojcik@example.org",
        phone="312.555.0142",
    )
    make_remote_customer(session, reading, name="Somebody else", phone="312.555.0143")

    page = search(session, harbor.account_id, query=ReviewQuery(text=searched))

    assert [row.name for row in page.rows] == ["Łukasz Wójcik"]
    assert page.total == 1


@pytest.mark.parametrize("sign", ["%", "_", "'", '"', "/", "\\", "*", "[a-z]", "'; --"])
def test_signs_of_patterns_mean_themselves(
    session: Session, harbor: Place, reading: Reading, sign: str
) -> None:
    make_remote_customer(session, reading, name="Plain")
    make_remote_customer(session, reading, name=f"A {sign} B")

    page = search(session, harbor.account_id, query=ReviewQuery(text=f"a {sign}"))

    assert [row.name for row in page.rows] == [f"A {sign} B"]


@pytest.mark.parametrize("searched", ["x" * 10_000, "%" * 10_000, "ﷺ" * 10_000, "1" * 10_000])
def test_a_search_of_ten_thousand_characters_finds_nobody(
    session: Session, harbor: Place, reading: Reading, searched: str
) -> None:
    make_remote_customer(session, reading)

    page = search(session, harbor.account_id, query=ReviewQuery(text=searched))

    assert page.total == 0


@pytest.mark.parametrize("searched", ["\0", " ", "\u200b\0"])
def test_a_search_for_nothing_shows_everybody(
    session: Session, harbor: Place, reading: Reading, searched: str
) -> None:
    make_remote_customer(session, reading, name="Ann")

    page = search(session, harbor.account_id, query=ReviewQuery(text=searched))

    assert [row.name for row in page.rows] == ["Ann"]


def test_a_search_stays_within_the_filter(
    session: Session, harbor: Place, reading: Reading
) -> None:
    make_remote_customer(session, reading, name="Ann One", bin=Bin.SAME)
    make_remote_customer(session, reading, name="Ann Two", bin=Bin.MAYBE)
    make_remote_customer(session, reading, name="Ann Three", state=RemoteState.IGNORED)

    found = {
        show: [
            row.name
            for row in search(session, harbor.account_id, query=ReviewQuery(show, "ann")).rows
        ]
        for show in (RowFilter.SAME, RowFilter.MAYBE, RowFilter.IGNORED)
    }

    assert list(found.values()) == [["Ann One"], ["Ann Two"], ["Ann Three"]]
