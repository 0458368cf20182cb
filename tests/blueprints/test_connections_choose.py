"""Choosing between shared accounts, and what the pages say about an end that is near."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models import Connection, ConnectionState, ReconnectReason
from services.providers.contract import RemoteAccount
from services.providers.registry import ProviderAccess
from tests.blueprints.support import QUICKBOOKS, Browser, text_of
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient, FakeAuthorization

XERO = "/settings/integrations/xero"
FRESHBOOKS = "/settings/integrations/freshbooks"
POOLS = RemoteAccount("b1f0c7a2-0000-4000-8000-000000000001", "Fairweather Pools & Co")
SPAS = RemoteAccount("b1f0c7a2-0000-4000-8000-000000000002", "<b>Spas</b>")
TILES = RemoteAccount("b1f0c7a2-0000-4000-8000-000000000003", "Tidewater Tiles")


@pytest.fixture(autouse=True)
def provider(
    app: Flask,
    consent: FakeAuthorization,
    books: FakeAccountingClient,
) -> FakeAuthorization:
    """Xero and FreshBooks as set up as QuickBooks is."""
    access = ProviderAccess("client", "secret", sandbox_url="http://127.0.0.1:9")
    object.__setattr__(app.extensions["runtime"], "access", lambda _provider: access)
    consent.accounts = (POOLS, SPAS)
    return consent


def _agree(browser: Browser, *, provider: str = XERO) -> TestResponse:
    location = browser.get(f"{provider}/connect").location
    state = parse_qs(urlsplit(location).query)["state"][0]
    return browser.get(f"{provider}/callback", query_string={"state": state, "code": "one-time"})


def _name(session: Session) -> str | None:
    connection = session.query(Connection).filter_by(provider="xero").one_or_none()
    return connection.account.name if connection else None


def test_several_shared_accounts_lead_to_a_choice_by_name(ada: Browser, session: Session) -> None:
    answer = _agree(ada)

    assert answer.status_code == 303
    page = ada.get(answer.location)
    text = text_of(page)
    assert "Which organisation is it?" in text
    assert "Fairweather Pools & Co" in text
    assert "&lt;b&gt;Spas&lt;/b&gt;" in page.text
    assert page.text.count('type="radio"') == 2
    assert "no-store" in page.headers["Cache-Control"]
    assert _name(session) is None


def test_choosing_connects_it(ada: Browser, session: Session) -> None:
    address = _agree(ada).location

    answer = ada.post(address, {"account": SPAS.remote_account_id})

    assert (answer.status_code, answer.location) == (303, XERO)
    assert "Xero is connected to &lt;b&gt;Spas&lt;/b&gt;." in text_of(ada.get(XERO))
    assert _name(session) == SPAS.name


def test_a_choice_that_was_made_says_that_it_is_connected(ada: Browser, session: Session) -> None:
    address = _agree(ada).location
    ada.post(address, {"account": SPAS.remote_account_id})

    for again in (
        lambda: ada.post(address, {"account": POOLS.remote_account_id}),
        lambda: ada.get(address),
    ):
        answer = again()

        assert (answer.status_code, answer.location) == (303, XERO)
        assert "Xero is already connected to &lt;b&gt;Spas" in text_of(ada.get(XERO))
    assert _name(session) == SPAS.name


def test_a_choice_that_was_made_and_ended_since_starts_again(ada: Browser) -> None:
    address = _agree(ada).location
    ada.post(address, {"account": SPAS.remote_account_id})
    ada.post(f"{XERO}/disconnect")

    assert ada.get(address).status_code == 409


def test_allowing_once_more_leads_back_to_the_open_choice(
    ada: Browser, provider: FakeAuthorization, clock: Clock
) -> None:
    state = parse_qs(urlsplit(ada.get(f"{XERO}/connect").location).query)["state"][0]
    callback = {"query_string": {"state": state, "code": "one-time"}}
    first = ada.get(f"{XERO}/callback", **callback)

    again = ada.get(f"{XERO}/callback", **callback)
    clock.advance(minutes=11)
    late = ada.get(f"{XERO}/callback", **callback)

    assert (again.status_code, again.location) == (303, first.location)
    assert len(provider.exchanged) == 1
    assert late.status_code == 400


def test_the_choice_counts_in_the_words_of_the_provider(ada: Browser) -> None:
    xero = ada.get(_agree(ada).location)
    freshbooks = ada.get(_agree(ada, provider=FRESHBOOKS).location)

    assert "You shared 2 organisations in Xero." in text_of(xero)
    assert "You have 2 businesses in FreshBooks." in text_of(freshbooks)


def test_a_choice_that_took_too_long_starts_again(
    ada: Browser, session: Session, clock: Clock
) -> None:
    address = _agree(ada).location
    clock.advance(minutes=11)

    for answer in (ada.get(address), ada.post(address, {"account": SPAS.remote_account_id})):
        assert answer.status_code == 409
        assert "This choice is over" in text_of(answer)
        assert f'href="{XERO}/connect"' in answer.text
    assert _name(session) is None


@pytest.mark.parametrize("choice", ["0" * 16, "x", "%00", "1" * 400])
def test_a_choice_that_is_none_is_no_page(ada: Browser, choice: str) -> None:
    for answer in (ada.get(f"{XERO}/choose/{choice}"), ada.post(f"{XERO}/choose/{choice}")):
        assert answer.status_code == 404
        assert "There is no such choice" in text_of(answer)


def test_the_choice_of_somebody_else_is_no_page(
    ada: Browser, zoe: Browser, mel: Browser, session: Session
) -> None:
    address = _agree(ada).location

    assert zoe.get(address).status_code == 404
    assert zoe.post(address, {"account": SPAS.remote_account_id}).status_code == 404
    assert mel.get(address).status_code == 403
    assert _name(session) is None


@pytest.mark.parametrize("account", ["", TILES.remote_account_id, "../../x"])
def test_what_was_not_offered_is_refused(ada: Browser, session: Session, account: str) -> None:
    address = _agree(ada).location

    answer = ada.post(address, {"account": account})

    assert answer.status_code == 422
    assert _name(session) is None


def test_sharing_nothing_is_told(
    ada: Browser, session: Session, provider: FakeAuthorization
) -> None:
    provider.accounts = ()

    answer = _agree(ada)

    assert answer.status_code == 409
    assert "You shared no organisation with BlueClerk" in text_of(answer)
    assert _name(session) is None


def test_a_choice_without_the_account_of_before_says_what_happens(
    ada: Browser, provider: FakeAuthorization
) -> None:
    provider.accounts = (TILES,)
    _agree(ada)
    provider.accounts = (POOLS, SPAS)

    text = text_of(ada.get(_agree(ada).location))

    assert "None of them is Tidewater Tiles" in text
    assert "starts with an empty list" in text


def test_one_other_account_stops_and_names_both(
    ada: Browser, provider: FakeAuthorization, session: Session
) -> None:
    provider.accounts = (TILES,)
    _agree(ada)
    provider.accounts = (POOLS,)

    answer = _agree(ada)

    text = text_of(answer)
    assert answer.status_code == 409
    assert "You chose another Xero organisation" in text
    assert "belong to Tidewater Tiles" in text
    assert "With Fairweather Pools & Co they do not count" in text
    assert "Use Fairweather Pools & Co" in text
    assert _name(session) == TILES.name


@pytest.mark.parametrize(
    ("days", "is_warned"),
    [(13, True), (14, True), (15, False), (0, True), (-1, False), (None, False)],
)
def test_an_end_within_two_weeks_is_said_on_page_and_card(
    ada: Browser, session: Session, connection: Connection, days: int | None, is_warned: bool
) -> None:
    end_at = None if days is None else NOW + timedelta(days=days)
    connection.hard_expires_at = end_at
    connection.refresh_expires_at = NOW + timedelta(days=90)
    session.commit()

    for address in (QUICKBOOKS, "/settings/integrations"):
        text = text_of(ada.get(address))
        assert ("QuickBooks ends this permission" in text) is is_warned
    if days == 14:
        assert "on 4 Dec. Reconnect before then; nothing is lost." in text
    if days == 0:
        assert "QuickBooks ends this permission today at 09:00." in text


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (ReconnectReason.ENDED, "QuickBooks has ended our permission"),
        (ReconnectReason.SCOPE_MISSING, "may no longer read customers in QuickBooks"),
        (ReconnectReason.ACCOUNT_GONE, "This company is no longer shared with us in QuickBooks"),
        (
            ReconnectReason.OTHER_INSTALLATION,
            "This connection was made at https://clerk.example.com.",
        ),
        (None, "QuickBooks has ended our permission"),
    ],
)
def test_the_page_says_why_only_a_reconnect_helps(
    ada: Browser,
    session: Session,
    connection: Connection,
    reason: ReconnectReason | None,
    sentence: str,
) -> None:
    ended = {"state": ConnectionState.RECONNECT_REQUIRED, "reconnect_reason": reason}
    session.execute(update(Connection).values(installation="https://clerk.example.com", **ended))
    session.commit()

    assert sentence in text_of(ada.get(QUICKBOOKS))


def test_freshbooks_says_that_it_needs_an_https_address(app: Flask, ada: Browser) -> None:
    runtime = app.extensions["runtime"]
    object.__setattr__(runtime, "access", lambda _provider: ProviderAccess("client", "secret"))

    page, xero, connect = ada.get(FRESHBOOKS), ada.get(XERO), ada.get(f"{FRESHBOOKS}/connect")

    assert runtime.public_base_url.startswith("http://")
    for answer in (page, connect):
        assert "BLUECLERK_PUBLIC_BASE_URL" in answer.text
        assert "to an https:// address" in text_of(answer)
    assert f'href="{FRESHBOOKS}/connect"' not in page.text
    assert connect.status_code == 503
    assert f'href="{XERO}/connect"' in xero.text


def test_the_sandbox_takes_freshbooks_over_http(ada: Browser) -> None:
    assert f'href="{FRESHBOOKS}/connect"' in ada.get(FRESHBOOKS).text


def test_disconnecting_a_copied_connection_leaves_the_original_alone(
    ada: Browser, session: Session, connection: Connection, provider: FakeAuthorization
) -> None:
    connection.installation = "https://clerk.example.com"
    session.commit()

    ada.post(f"{QUICKBOOKS}/disconnect")

    assert "belongs to the BlueClerk that this one was copied from" in text_of(ada.get(QUICKBOOKS))
    assert provider.revoked == []
    session.refresh(connection)
    assert connection.refresh_token is None


def test_disconnecting_names_the_account_to_the_provider(
    ada: Browser, provider: FakeAuthorization
) -> None:
    provider.accounts = (POOLS,)
    _agree(ada)

    ada.post(f"{XERO}/disconnect")

    assert provider.revoked_accounts == [POOLS.remote_account_id]
