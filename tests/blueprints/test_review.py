"""The list behind the number: filters, pages by key, and what it says when it is empty."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from models import Connection, ConnectionState, RemoteState
from services.remote_lists import PAGE_ROWS
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.conftest import WakeUps
from tests.factories import NOW, make_remote_customer
from tests.fakes import FakeAccountingClient

REVIEW = f"{QUICKBOOKS}/review"


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("", ["Oak", "alamo", "Zebra"]),
        ("balance", ["Oak", "alamo", "Zebra"]),
        ("name", ["alamo", "Oak", "Zebra"]),
        ("x'--", ["Oak", "alamo", "Zebra"]),
    ],
)
def test_the_list_shows_who_owes_most_first_or_goes_by_name(
    ada: Browser, session: Session, connection: Connection, sort: str, names: list[str]
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=4)
    for name, cents in (("Zebra", 0), ("alamo", 500), ("Oak", 90_000)):
        make_remote_customer(session, reading, name=name, balance_cents=cents)
    make_remote_customer(session, reading, name="Linked", state=RemoteState.LINKED)

    text = text_of(ada.get(REVIEW, query_string={"sort": sort}))

    assert sorted(names, key=text.index) == names
    assert "3 of 4 customers in QuickBooks are not yet imported into BlueClerk" in text
    assert "Linked" not in text.split("Customer E-mail Phone")[1]


@pytest.mark.parametrize(
    ("show", "name"),
    [("unsynced", "Una"), ("ignored", "Ida"), ("archived", "Ari"), ("", "Una"), ("x'--", "Una")],
)
def test_a_filter_shows_its_own(
    ada: Browser, session: Session, connection: Connection, show: str, name: str
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=2)
    make_remote_customer(session, reading, name="Una")
    make_remote_customer(session, reading, name="Ida", state=RemoteState.IGNORED)
    make_remote_customer(
        session, reading, name="Ari", state=RemoteState.LEFT_OUT, status="archived"
    )

    rows = text_of(ada.get(REVIEW, query_string={"show": show})).split("Customer E-mail Phone")[1]

    assert [found for found in ("Una", "Ida", "Ari") if found in rows] == [name]


def test_pages_follow_each_other_without_a_gap(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=PAGE_ROWS + 3)

    first = ada.get(f"{REVIEW}?sort=name")
    address = re.search(r'href="([^"]+after=[^"]+)"', first.text)
    assert address
    second = ada.get(address[1].replace("&amp;", "&"))

    assert f"{PAGE_ROWS} of {PAGE_ROWS + 3}" in text_of(first)
    assert "Customer 049" in text_of(first)
    assert "Customer 050" in text_of(second)
    assert "Customer 049" not in text_of(second)
    assert "Next page" not in text_of(second)
    assert "First page" in text_of(second)


@pytest.mark.parametrize("after", ["x", "0" * 16, "' OR 1=1", "\x00", "9" * 5_000])
def test_a_strange_key_shows_the_first_page(
    ada: Browser, session: Session, connection: Connection, after: str
) -> None:
    make_counted(session, connection, unsynced=2)

    answer = ada.get(REVIEW, query_string={"after": after})

    assert answer.status_code == 200
    assert "Customer 000" in text_of(answer)


def test_the_ignored_can_be_restored_page_by_page(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=2)
    for _ in range(2):
        make_remote_customer(session, reading, state=RemoteState.IGNORED)

    page = ada.get(f"{REVIEW}?show=ignored&selected=matching")

    assert "All 2 that match are selected" in text_of(page)
    assert "Restore all 2" in text_of(page)


def test_whoever_was_erased_for_good_cannot_be_restored(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=1)
    erased = {"ignore_reason": "erased for good", "erased_at": NOW, "email": None}
    row = make_remote_customer(session, reading, state=RemoteState.IGNORED, **erased)

    answer = ada.get(f"{REVIEW}?show=ignored")
    refused = ada.post(f"{QUICKBOOKS}/restore", {"id": row.public_id})

    assert "erased for good" in text_of(answer)
    assert "Restore Customer" not in answer.text and "no e-mail" not in text_of(answer)
    assert refused.status_code == 409


def test_nothing_can_be_decided_about_the_archived(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0)
    make_remote_customer(session, reading, state=RemoteState.LEFT_OUT, status="archived")

    html = ada.get(f"{REVIEW}?show=archived").text

    assert "/ignore" not in html
    assert "/restore" not in html


@pytest.mark.parametrize(
    ("show", "sentence"),
    [
        ("unsynced", "Nobody is missing here"),
        ("ignored", "Nobody is ignored"),
        ("archived", "Nobody is archived there"),
    ],
)
def test_an_empty_list_says_so(
    ada: Browser, session: Session, connection: Connection, show: str, sentence: str
) -> None:
    make_counted(session, connection, unsynced=0)

    assert sentence in text_of(ada.get(f"{REVIEW}?show={show}"))


def test_before_the_first_reading_the_list_says_how_to_get_one(
    ada: Browser, connection: Connection
) -> None:
    assert "Nothing has been read from QuickBooks yet." in text_of(ada.get(REVIEW))


def test_the_list_never_reads_from_the_provider(
    ada: Browser, connection: Connection, books: FakeAccountingClient, wake_ups: WakeUps
) -> None:
    ada.get(REVIEW)

    assert (books.call_count, wake_ups.rows) == (0, [])


def test_the_list_stays_readable_when_the_permission_has_ended(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    connection.state = ConnectionState.RECONNECT_REQUIRED
    session.commit()

    text = text_of(ada.get(REVIEW))

    assert "As of the last whole reading, 10 s ago." in text
    assert "Customer 001" in text


def test_there_is_no_list_without_a_connection(ada: Browser) -> None:
    answer = ada.get(REVIEW)

    assert answer.status_code == 409
    assert "QuickBooks is not connected" in text_of(answer)
