"""The three cards and the page of one provider, which never reads anything by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from extensions import db
from models import Connection, ConnectionState, Reading, ReadingState, RemoteState
from services.providers.contract import ProviderKey
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.conftest import WakeUps
from tests.factories import NOW, make_reading, make_remote_customer
from tests.fakes import FakeAccountingClient

INDEX = "/settings/integrations"


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Every statement the application sends, without the beginnings of transactions."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_the_cards_say_what_is_connected(ada: Browser, connection: Connection) -> None:
    text = text_of(ada.get(INDEX))

    assert "QuickBooks Online Connected" in text
    assert "Harbor Heating & Air LLC" in text
    assert "Xero Not connected See which Xero contacts are missing here." in text
    assert "FreshBooks Not connected See which FreshBooks clients are missing here." in text


def test_a_card_says_how_many_are_missing_once_it_was_checked(
    ada: Browser, session: Session, connection: Connection, wake_ups: WakeUps
) -> None:
    never_read = text_of(ada.get(INDEX))
    reading = make_counted(session, connection, unsynced=2, finished_at=NOW - timedelta(days=3))
    make_remote_customer(session, reading, state=RemoteState.IGNORED)

    read = ada.get(INDEX)

    assert "Missing here not checked yet" in never_read
    assert "Missing here 2 customers Last checked 17 Nov" in text_of(read)
    assert f'<a href="{QUICKBOOKS}/review">2 customers</a>' in read.text
    assert wake_ups.rows == []


@pytest.mark.parametrize(
    ("provider", "noun"), [(ProviderKey.XERO, "contacts"), (ProviderKey.FRESHBOOKS, "clients")]
)
def test_each_provider_can_be_connected(
    app: Flask,
    ada: Browser,
    monkeypatch: pytest.MonkeyPatch,
    provider: ProviderKey,
    noun: str,
) -> None:
    known = SimpleNamespace(client_id="client", client_secret="secret", sandbox_url=None)
    monkeypatch.setattr("blueprints.provider_page.get_runtime", lambda: _with_access(app, known))

    answer = ada.get(f"{INDEX}/{provider}")

    text = text_of(answer)
    assert f"BlueClerk reads your {noun}" in text
    assert "The permission is read-only." in text
    assert f'href="{INDEX}/{provider}/connect"' in answer.text


@pytest.mark.parametrize("provider", [*ProviderKey])
def test_the_history_in_the_tabs_is_of_the_provider_at_hand(
    ada: Browser, provider: ProviderKey
) -> None:
    page, history = ada.get(f"{INDEX}/{provider}"), ada.get(f"{INDEX}/{provider}/imports")

    assert f'href="{INDEX}/{provider}/imports"' in page.text
    for other in ProviderKey:
        assert f'href="{INDEX}/{other}/imports"' in history.text


@pytest.mark.parametrize("word", ["sage", "QuickBooks", "quickbooks2", "..", "%00", "<script>"])
def test_an_unknown_provider_is_no_page(ada: Browser, word: str) -> None:
    assert ada.get(f"{INDEX}/{word}").status_code == 404


def test_the_page_offers_to_connect_what_is_not_connected(ada: Browser) -> None:
    answer = ada.get(QUICKBOOKS)

    text = text_of(answer)
    assert "Not connected" in text
    assert "BlueClerk never changes anything in them." in text
    assert f'href="{QUICKBOOKS}/connect"' in answer.text
    assert 'id="unsynced"' not in answer.text


def test_a_missing_setting_is_named_instead_of_a_broken_link(
    app: Flask, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = SimpleNamespace(client_id="", client_secret="secret", sandbox_url=None)
    monkeypatch.setattr("blueprints.provider_page.get_runtime", lambda: _with_access(app, without))

    page, card, connect = ada.get(QUICKBOOKS), ada.get(INDEX), ada.get(f"{QUICKBOOKS}/connect")

    assert connect.status_code == 503
    for answer in (page, card, connect):
        assert "BLUECLERK_QUICKBOOKS_CLIENT_ID" in answer.text
        assert "CLIENT_SECRET" not in answer.text
    assert f'href="{QUICKBOOKS}/connect"' not in page.text


def _with_access(app: Flask, access: SimpleNamespace) -> SimpleNamespace:
    runtime = app.extensions["runtime"]
    return SimpleNamespace(
        sessions=runtime.sessions,
        clock=runtime.clock,
        public_base_url="https://app.example.com",
        access=lambda _provider: access,
    )


def test_the_page_says_who_connected_what(ada: Browser, connection: Connection) -> None:
    text = text_of(ada.get(QUICKBOOKS))

    assert "QuickBooks Online Connected" in text
    assert "Harbor Heating & Air LLC · connected by Ada Brandt on 21 Oct" in text


def test_the_page_tells_how_the_customers_stand(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=2, counted_count=5)
    for state, status, kind in (
        (RemoteState.LINKED, "active", "customer"),
        (RemoteState.LINKED, "active", "customer"),
        (RemoteState.IGNORED, "active", "customer"),
        (RemoteState.LEFT_OUT, "archived", "customer"),
        (RemoteState.LEFT_OUT, "active", "sub_customer"),
        (RemoteState.LEFT_OUT, "active", "supplier"),
    ):
        make_remote_customer(session, reading, state=state, status=status, kind=kind)

    text = text_of(ada.get(QUICKBOOKS))

    assert "Linked 2 customers" in text
    assert "Ignored 1 · show" in text
    assert "Archived there 1, left out · show" in text
    assert "Sub-customers 1, left out · show · Count them" in text
    assert "Suppliers 1, left out · show" in text
    assert "Last checked 10 s ago · 5 customers" in text


def test_the_collapsed_page_makes_no_provider_call(
    ada: Browser,
    session: Session,
    connection: Connection,
    books: FakeAccountingClient,
    wake_ups: WakeUps,
) -> None:
    make_counted(session, connection, unsynced=2, finished_at=NOW - timedelta(days=30))

    answer = ada.get(QUICKBOOKS)

    assert answer.status_code == 200
    assert 'hx-trigger="opened"' in answer.text
    assert '<details class="alert" id="unsynced" hx-get' in answer.text
    assert "nothing is read from QuickBooks until you open this" in answer.text
    assert (books.call_count, wake_ups.rows) == (0, [])
    assert session.query(Reading).filter_by(state=ReadingState.RUNNING).count() == 0


def test_the_collapsed_page_takes_three_statements(
    ada: Browser, session: Session, connection: Connection, statements: list[str]
) -> None:
    """The sign-in with what the strips of every page may tell, the connection, the counts."""
    make_counted(session, connection, unsynced=3)
    statements.clear()

    ada.get(QUICKBOOKS)

    assert len(statements) <= 3, statements


@pytest.mark.parametrize("query", ["", "?opened=1", "?reading={}"])
def test_no_address_of_the_page_starts_a_reading(
    ada: Browser,
    session: Session,
    connection: Connection,
    books: FakeAccountingClient,
    wake_ups: WakeUps,
    query: str,
) -> None:
    reading = make_reading(session, connection, finished_at=NOW - timedelta(days=30))

    answer = ada.get(QUICKBOOKS + query.format(reading.public_id))

    assert answer.status_code == 200
    assert (books.call_count, wake_ups.rows) == (0, [])
    assert session.query(Reading).count() == 1


def test_a_connection_that_ended_there_asks_to_reconnect(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    connection.state = ConnectionState.RECONNECT_REQUIRED
    connection.ended_at = NOW - timedelta(hours=1)
    session.commit()

    answer = ada.get(QUICKBOOKS)

    text = text_of(answer)
    assert "Reconnect required" in text
    assert "QuickBooks has ended our permission to read your customers." in text
    assert "not yet imported into BlueClerk" not in text
    assert "As of the last whole reading, 10 s ago, 2 of 2 are not yet imported." in text
    assert f'href="{QUICKBOOKS}/connect"' in answer.text
    assert answer.text.count("Reconnect") == text.count("Reconnect QuickBooks") + 2, "tag, sentence"
    assert text.count("Disconnect") == 1
    assert "Permission Ended since 20 Nov 2026, 08:00" in text
    assert "BlueClerk reads" not in text
    assert "Reconnect QuickBooks" in text_of(ada.get(INDEX))


def test_a_connection_that_was_ended_here_can_be_made_again(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=1)
    make_remote_customer(session, reading, state=RemoteState.LINKED)
    connection.state = ConnectionState.DISCONNECTED
    connection.ended_at = NOW - timedelta(minutes=5)
    session.commit()

    text = text_of(ada.get(QUICKBOOKS))

    assert "Not connected" in text
    assert "LLC ended 5 min ago. 1 link is kept and comes back with it." in text


@pytest.mark.parametrize("reading", ["0" * 16, "x", "", "../../x", "<script>"])
def test_an_unknown_reading_is_no_page(ada: Browser, connection: Connection, reading: str) -> None:
    answer = ada.get(QUICKBOOKS, query_string={"reading": reading})

    assert answer.status_code == 404
    assert "There is no such reading" in text_of(answer)


def test_the_settings_begin_with_the_integrations(ada: Browser, mel: Browser) -> None:
    answer, refused = ada.get("/settings"), mel.get("/settings")

    assert (answer.status_code, answer.location) == (303, "/settings/integrations")
    assert refused.status_code == 403
