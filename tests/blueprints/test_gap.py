"""The page that sets both sides beside each other: read-only, for admins of the company."""

from __future__ import annotations

import csv
import io
import re
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import Connection, ConnectionState, RemoteState
from services.differences import refresh_differing
from services.gap import PAGE_ROWS
from tests.blueprints.linking import make_cool_cars
from tests.blueprints.support import QUICKBOOKS, Browser, text_of
from tests.factories import make_customer, make_reading, make_remote_customer

GAP = f"{QUICKBOOKS}/gap"


@pytest.fixture
def sides(session: Session, people: SimpleNamespace, connection: Connection) -> SimpleNamespace:
    """Cool Cars is linked and differs; two are only there, one of them ignored; one only here."""
    linked = make_cool_cars(session, connection)
    reading = make_reading(session, connection)
    make_remote_customer(session, reading, name="Young There", phone="(814) 555-0142")
    make_remote_customer(session, reading, name="Ignored There", state=RemoteState.IGNORED)
    make_customer(session, people.company, name="Only Here", search_text="only here")
    return linked


def test_the_numbers_of_both_sides_add_up(ada: Browser, sides: SimpleNamespace) -> None:
    text = text_of(ada.get(GAP))

    assert "QuickBooks and BlueClerk side by side" in text
    assert "In QuickBooks 3 = 1 linked + 2 only there" in text
    assert "In BlueClerk 2 = 1 linked + 1 only here" in text
    assert "Only there 2 Linked 1 Only here 1 Differing 1" in text
    assert "2 customers of QuickBooks are not here: 1 not imported yet and 1 ignored." in text


def test_who_does_not_count_there_any_more_is_told_apart(
    ada: Browser, session: Session, sides: SimpleNamespace
) -> None:
    sides.remote.status, sides.remote.is_counted = "archived", False
    session.commit()

    text = text_of(ada.get(f"{GAP}?show=linked"))

    assert "2 active there + 1 archived there" in text
    assert "Archived there" in text


@pytest.mark.parametrize(
    ("show", "sentence", "row"),
    [
        ("only-there", "2 customers of QuickBooks are not here", "Young There"),
        ("linked", "1 customer of QuickBooks is linked to 1 here.", "Cool Cars Cool Cars Differs"),
        ("only-here", "1 customer here is linked to nobody in QuickBooks.", "Only Here"),
        (
            "differing",
            "1 linked customer has a field that says something else",
            "Phone (415) 555-9933 differs: (415) 555-0000",
        ),
        ("<script>", "2 customers of QuickBooks are not here", "Young There"),
    ],
)
def test_each_list_has_a_sentence_and_its_rows(
    ada: Browser, sides: SimpleNamespace, show: str, sentence: str, row: str
) -> None:
    answer = ada.get(GAP, query_string={"show": show})

    assert sentence in text_of(answer)
    assert row in text_of(answer)
    assert "<script>" not in answer.text


def test_a_list_is_searched_and_keeps_the_search(ada: Browser, sides: SimpleNamespace) -> None:
    answer = ada.get(f"{GAP}?show=only-there&q=0142")

    assert "Young There" in text_of(answer)
    assert "Ignored There" not in text_of(answer)
    assert "gap.csv?show=only-there&amp;q=0142" in answer.text
    assert "Nobody found" in text_of(ada.get(f"{GAP}?q=zebra"))


def test_pages_follow_each_other(
    ada: Browser, session: Session, people: SimpleNamespace, connection: Connection
) -> None:
    for number in range(PAGE_ROWS + 1):
        make_customer(session, people.company, name=f"Customer {number:03}")

    first = ada.get(f"{GAP}?show=only-here")
    found = re.search(r'href="([^"]+after=[^"]+)">Next page', first.text)
    assert found
    second = ada.get(found[1].replace("&amp;", "&"))

    assert "50 of 51" in text_of(first)
    assert "Customer 050" in text_of(second)
    assert "Customer 049" not in text_of(second)


def test_before_the_first_reading_it_says_that_nobody_was_read(
    ada: Browser, connection: Connection
) -> None:
    text = text_of(ada.get(GAP))

    assert "Nothing has been read from QuickBooks yet" in text
    assert "In QuickBooks 0 = 0 linked + 0 only there" in text


def test_a_placeholder_is_no_e_mail(
    ada: Browser, session: Session, people: SimpleNamespace, connection: Connection
) -> None:
    email = "hand-0123456789abcdef@placeholder.local"
    make_customer(session, people.company, email=email, is_placeholder_email=True)

    page = ada.get(f"{GAP}?show=only-here")
    file = ada.get(f"{GAP}.csv?show=only-here")

    assert "no e-mail" in page.text
    assert email not in page.text + file.text


def test_a_whole_list_is_a_file(ada: Browser, session: Session, sides: SimpleNamespace) -> None:
    refresh_differing(session, sides.remote.account_id, ["61"])
    answer = ada.get(f"{GAP}.csv?show=differing")

    head, row = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert "quickbooks-differing-2026-11-20.csv" in answer.headers["Content-Disposition"]
    assert dict(zip(head, row, strict=True))["Differs in"] == "e-mail, phone"


def test_every_line_of_a_customer_has_its_first_cell(
    ada: Browser, session: Session, sides: SimpleNamespace
) -> None:
    refresh_differing(session, sides.remote.account_id, ["61"])

    page = ada.get(f"{GAP}?show=differing").text

    assert page.count('<th scope="row">') == 2
    assert page.count("Cool Cars</a>") + page.count("<bdi>Cool Cars</bdi></a>") == 1
    assert '<span class="skip">Cool Cars</span>' in page


def test_the_page_of_the_provider_leads_there(ada: Browser, sides: SimpleNamespace) -> None:
    assert f'href="{GAP}"' in ada.get(QUICKBOOKS).text


@pytest.mark.parametrize("path", [GAP, f"{GAP}.csv"])
def test_without_a_connection_there_is_no_other_side(
    ada: Browser, zoe: Browser, session: Session, sides: SimpleNamespace, path: str
) -> None:
    connection = session.query(Connection).one()
    connection.state = ConnectionState.DISCONNECTED
    session.commit()

    for browser in (ada, zoe):
        answer = browser.get(path)

        assert answer.status_code == 409
        assert "Cool Cars" not in answer.text


def test_a_member_and_zoe_see_nothing_of_it(
    mel: Browser, zoe: Browser, sides: SimpleNamespace
) -> None:
    assert [mel.get(path).status_code for path in (GAP, f"{GAP}.csv")] == [403, 403]
    assert [zoe.get(path).status_code for path in (GAP, f"{GAP}.csv")] == [409, 409]
