"""The chips of the list, and in which accounting software each customer is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import Connection
from tests.blueprints.linking import make_cool_cars
from tests.blueprints.support import Browser, text_of
from tests.factories import make_customer

PLACEHOLDER = "hand-0123456789abcdef@placeholder.local"


@pytest.fixture
def listed(session: Session, people: SimpleNamespace, connection: Connection) -> SimpleNamespace:
    """Cool Cars in QuickBooks, Otto only here, Nemo without an e-mail."""
    make_customer(session, people.company, name="Otto", search_text="otto")
    make_customer(
        session, people.company, name="Nemo", email=PLACEHOLDER, is_placeholder_email=True
    )
    return make_cool_cars(session, connection)


def test_the_list_says_where_each_is_and_what_it_owes(
    mel: Browser, listed: SimpleNamespace
) -> None:
    text = text_of(mel.get("/customers"))

    assert "3 customers · 1 linked to accounting" in text
    assert "All 3 Linked 1 Only here 2 No e-mail 1 Archived in accounting 0" in text
    assert "Cool Cars old@example.com (415) 555-9933 QuickBooks $755.00" in text
    assert text.count("Only here") == 3


@pytest.mark.parametrize(
    ("show", "names"),
    [
        ("linked", {"Cool Cars"}),
        ("only-here", {"Otto", "Nemo"}),
        ("no-email", {"Nemo"}),
        ("archived", set()),
        ("nonsense", {"Cool Cars", "Otto", "Nemo"}),
    ],
)
def test_a_chip_shows_its_customers(
    mel: Browser, listed: SimpleNamespace, show: str, names: set[str]
) -> None:
    page = text_of(mel.get(f"/customers?show={show}"))
    file = mel.get(f"/customers.csv?show={show}").text

    for text in (page, file):
        assert {name for name in ("Cool Cars", "Otto", "Nemo") if name in text} == names


def test_who_is_archived_there_has_a_tag(
    mel: Browser, session: Session, listed: SimpleNamespace
) -> None:
    listed.remote.status, listed.remote.is_counted = "archived", False
    session.commit()

    text = text_of(mel.get("/customers?show=archived"))

    assert "Archived in accounting 1" in text
    assert "Archived in QuickBooks" in text


def test_a_search_stays_within_the_chip(mel: Browser, listed: SimpleNamespace) -> None:
    page = mel.get("/customers?show=only-here")
    found = mel.htmx_get("/customers/found?show=only-here&q=otto", page="/customers")
    led = mel.get("/customers/found?show=only-here&q=otto")

    assert 'hx-get="/customers/found?show=only-here"' in page.text
    assert 'name="show" value="only-here"' in page.text
    assert "1 customer with “otto”" in text_of(found)
    assert led.location == "/customers?show=only-here&q=otto"


def test_the_chip_of_those_without_e_mail_leads_to_the_worklist(
    mel: Browser, listed: SimpleNamespace
) -> None:
    assert 'href="/customers/without-email"' in mel.get("/customers").text


@pytest.mark.parametrize("show", ["linked", "archived"])
def test_an_empty_chip_says_why(mel: Browser, people: SimpleNamespace, show: str) -> None:
    mel.post("/customers/new", {"name": "Otto"})

    assert "Nobody is in this list" in text_of(mel.get(f"/customers?show={show}"))


def test_zoe_counts_nobody(zoe: Browser, listed: SimpleNamespace) -> None:
    text = text_of(zoe.get("/customers?show=linked"))

    assert "0 customers · 0 linked to accounting" in text
    assert "Cool Cars" not in text
