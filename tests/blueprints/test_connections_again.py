"""Connecting again, to the same account or to another one: what the page tells and offers."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy.orm import Session

from models import Connection, ConnectionState, RemoteState
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.factories import make_remote_customer
from tests.fakes import FakeAccountingClient, FakeAuthorization

REALM = "9341450000000001"
HARBOR = "Harbor Heating & Air LLC"


@pytest.fixture(autouse=True)
def _provider(consent: FakeAuthorization, books: FakeAccountingClient) -> None:
    """Every test here has the fake provider on the other side."""


def _agree(browser: Browser) -> None:
    location = browser.get(f"{QUICKBOOKS}/connect").location
    state = parse_qs(urlsplit(location).query)["state"][0]
    query = {"state": state, "code": "one-time", "realmId": REALM}
    browser.get(f"{QUICKBOOKS}/callback", query_string=query)


def test_connecting_again_tells_what_is_back(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0)
    for state in (RemoteState.LINKED, RemoteState.LINKED, RemoteState.IGNORED):
        make_remote_customer(session, reading, state=state)

    _agree(ada)

    text = text_of(ada.get(QUICKBOOKS))
    assert f"QuickBooks is connected again to {HARBOR}." in text
    assert "Your 2 links and 1 ignored customer are back." in text


def test_connecting_again_with_nothing_decided_tells_no_zeros(
    ada: Browser, connection: Connection
) -> None:
    _agree(ada)

    text = text_of(ada.get(QUICKBOOKS))
    assert f"QuickBooks is connected again to {HARBOR}. Open the line or press" in text


def test_right_after_the_consent_the_keys_are_from_the_consent(ada: Browser) -> None:
    _agree(ada)

    assert ", from the consent" in text_of(ada.get("/settings/diagnostics"))


def test_another_account_can_be_asked_for_at_any_time(
    ada: Browser, session: Session, connection: Connection
) -> None:
    pages = []
    for state in ConnectionState:
        connection.state = state
        session.commit()
        pages.append(ada.get(QUICKBOOKS).text)

    for page in pages:
        assert f'<a href="{QUICKBOOKS}/connect?other=1">Use another company</a>' in page
