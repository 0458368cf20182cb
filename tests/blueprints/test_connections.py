"""Connect, come back, disconnect: every answer of a provider ends in a sentence."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models import Connection, ConnectionState, RemoteState
from services.providers import contract
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.conftest import Clock
from tests.factories import make_remote_customer
from tests.fakes import FakeAccountingClient, FakeAuthorization

REALM = "9341450000000001"
HARBOR = "Harbor Heating & Air LLC"
UNEXPECTED = "We did not expect this answer from QuickBooks"


def _begin(browser: Browser, query: str = "") -> str:
    """Press Connect and return the state that the provider will send back."""
    location = browser.get(f"{QUICKBOOKS}/connect{query}").location
    return parse_qs(urlsplit(location).query)["state"][0]


def _come_back(browser: Browser, **query: str) -> TestResponse:
    return browser.get(f"{QUICKBOOKS}/callback", query_string=query)


@pytest.fixture(autouse=True)
def provider(consent: FakeAuthorization, books: FakeAccountingClient) -> SimpleNamespace:
    return SimpleNamespace(consent=consent, books=books)


def _count(session: Session) -> int:
    return session.query(Connection).count()


def test_connect_leads_to_the_provider_with_our_own_callback(ada: Browser) -> None:
    answer = ada.get(f"{QUICKBOOKS}/connect", headers={"X-Forwarded-Host": "evil.example"})

    assert answer.status_code == 303
    assert answer.location.startswith("https://provider.example/consent?")
    query = parse_qs(urlsplit(answer.location).query)
    assert query["redirect_uri"] == [f"http://127.0.0.1:5000{QUICKBOOKS}/callback"]


def test_saying_yes_makes_a_connection(ada: Browser, provider: SimpleNamespace) -> None:
    answer = _come_back(ada, state=_begin(ada), code="one-time", realmId=REALM)

    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)
    text = text_of(ada.get(QUICKBOOKS))
    assert "QuickBooks Online Connected" in text
    assert f"QuickBooks is connected to {HARBOR}. Open the line or press “Check who is" in text
    assert "connected by Ada Brandt" in text
    assert [call[0] for call in provider.consent.exchanged] == ["one-time"]


def test_a_notice_is_shown_once(ada: Browser) -> None:
    _come_back(ada, state=_begin(ada), code="one-time", realmId=REALM)
    ada.get(QUICKBOOKS)

    assert "QuickBooks is connected to" not in text_of(ada.get(QUICKBOOKS))


def test_saying_no_changes_nothing(ada: Browser, session: Session) -> None:
    answer = _come_back(ada, state=_begin(ada), error="access_denied")

    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)
    assert "permission was declined. Nothing changed." in text_of(ada.get(QUICKBOOKS))
    assert _count(session) == 0


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"code": "one-time", "realmId": REALM},
        {"state": "", "code": "one-time", "realmId": REALM},
        {"state": "wrong", "code": "one-time", "realmId": REALM},
        {"state": "x" * 5_000, "code": "one-time", "realmId": REALM},
        {"state": "\x00", "code": "one-time", "realmId": REALM},
        {"error": "access_denied"},
    ],
)
def test_a_state_that_is_not_ours_is_refused_without_a_call(
    ada: Browser, session: Session, provider: SimpleNamespace, query: dict[str, str]
) -> None:
    answer = _come_back(ada, **query)

    assert answer.status_code == 400
    assert UNEXPECTED in text_of(answer)
    assert f'href="{QUICKBOOKS}/connect"' in answer.text
    assert (provider.consent.exchanged, _count(session)) == ([], 0)


@pytest.mark.parametrize(
    "realm_id",
    ["../../x", "", "1", "12345678901/../x", "9341450000000001 ", "９３４１４５００００００"],
)
def test_an_impossible_realm_id_is_refused_without_a_call(
    ada: Browser, session: Session, provider: SimpleNamespace, realm_id: str
) -> None:
    answer = _come_back(ada, state=_begin(ada), code="one-time", realmId=realm_id)

    assert answer.status_code == 400
    assert UNEXPECTED in text_of(answer)
    assert (provider.consent.exchanged, _count(session)) == ([], 0)


def test_a_missing_code_is_refused(ada: Browser, session: Session) -> None:
    answer = _come_back(ada, state=_begin(ada), realmId=REALM)

    assert answer.status_code == 400
    assert _count(session) == 0


def test_the_state_of_somebody_else_is_refused(
    ada: Browser, zoe: Browser, session: Session
) -> None:
    state = _begin(ada)

    answer = _come_back(zoe, state=state, code="one-time", realmId=REALM)

    assert answer.status_code == 400
    assert _count(session) == 0


def test_the_state_of_another_sign_in_of_mine_is_refused(ada: Browser, session: Session) -> None:
    state = _begin(ada)
    ada.post("/logout")
    ada.sign_in("ada@example.com")

    answer = _come_back(ada, state=state, code="one-time", realmId=REALM)

    assert answer.status_code == 400
    assert _count(session) == 0


def test_a_state_is_refused_after_ten_minutes(ada: Browser, clock: Clock) -> None:
    state = _begin(ada)
    clock.advance(minutes=11)

    answer = _come_back(ada, state=state, code="one-time", realmId=REALM)

    assert answer.status_code == 400


def test_coming_back_twice_says_that_it_is_connected(ada: Browser) -> None:
    query = {"state": _begin(ada), "code": "one-time", "realmId": REALM}
    _come_back(ada, **query)

    answer = _come_back(ada, **query)

    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)
    assert f"QuickBooks is already connected to {HARBOR}." in text_of(ada.get(QUICKBOOKS))


def test_coming_back_twice_to_nothing_starts_again(ada: Browser) -> None:
    state = _begin(ada)
    _come_back(ada, state=state, error="access_denied")

    answer = _come_back(ada, state=state, code="one-time", realmId=REALM)

    assert answer.status_code == 400
    assert "was used already" in text_of(answer)


def test_another_remote_account_stops_and_asks(
    ada: Browser, connection: Connection, provider: SimpleNamespace
) -> None:
    answer = _come_back(ada, state=_begin(ada), code="one-time", realmId="9341450000000002")

    text = text_of(answer)
    assert answer.status_code == 409
    assert "Choose Harbor Heating & Air LLC again" in text
    assert "Use the other company" in text
    assert f'href="{QUICKBOOKS}/connect?other=1"' in answer.text
    assert provider.consent.exchanged == []


def test_another_remote_account_is_taken_when_it_was_meant(
    ada: Browser, connection: Connection
) -> None:
    state = _begin(ada, "?other=1")

    answer = _come_back(ada, state=state, code="one-time", realmId="9341450000000002")

    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (contract.ProviderUnavailable("no"), 503, "QuickBooks did not answer"),
        (contract.UnreadableAnswer("no"), 503, "an answer that we cannot read"),
        (contract.RateLimited("no", retry_after_s=12.3), 503, "QuickBooks asked us to wait"),
        (contract.WrongCredentials("no"), 503, "This is a setting of whoever runs this BlueClerk"),
        (contract.ReconnectRequired("no"), 409, "did not accept the permission"),
    ],
)
def test_trouble_while_connecting_is_told_with_a_next_step(
    ada: Browser,
    session: Session,
    provider: SimpleNamespace,
    error: contract.ProviderError,
    status: int,
    sentence: str,
) -> None:
    state = _begin(ada)
    provider.consent.error = error

    answer = _come_back(ada, state=state, code="one-time", realmId=REALM)

    assert answer.status_code == status
    assert sentence in text_of(answer)
    assert 'role="button"' in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert _count(session) == 0


def test_the_wait_that_was_asked_for_is_passed_on(ada: Browser, provider: SimpleNamespace) -> None:
    state = _begin(ada)
    provider.consent.error = contract.RateLimited("no", retry_after_s=12.3)

    answer = _come_back(ada, state=state, code="one-time", realmId=REALM)

    assert answer.headers["Retry-After"] == "13"


def test_disconnecting_asks_first_and_says_what_stays(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=1)
    make_remote_customer(session, reading, state=RemoteState.IGNORED)

    text = text_of(ada.get(f"{QUICKBOOKS}/disconnect"))

    assert "1 ignored customer stays and counts again when you connect the same" in text
    assert "0 links" not in text
    assert "Disconnect and keep the links" in text


def test_disconnecting_ends_the_connection(
    ada: Browser, session: Session, connection: Connection, provider: SimpleNamespace
) -> None:
    answer = ada.post(f"{QUICKBOOKS}/disconnect")

    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)
    text = text_of(ada.get(QUICKBOOKS))
    assert "QuickBooks is disconnected. Links and decisions are kept." in text
    assert "Not connected" in text
    assert len(provider.consent.revoked) == 1
    session.refresh(connection)
    assert connection.state is ConnectionState.DISCONNECTED
    assert connection.refresh_token is None


def test_a_provider_that_does_not_confirm_is_told(
    ada: Browser, connection: Connection, provider: SimpleNamespace
) -> None:
    provider.consent.error = contract.ProviderUnavailable("no")

    ada.post(f"{QUICKBOOKS}/disconnect")

    assert "please remove BlueClerk there as well" in text_of(ada.get(QUICKBOOKS))


def test_disconnecting_twice_says_that_it_is_done(ada: Browser, connection: Connection) -> None:
    ada.post(f"{QUICKBOOKS}/disconnect")

    answer = ada.post(f"{QUICKBOOKS}/disconnect")

    assert answer.status_code == 409
    assert "QuickBooks is not connected" in text_of(answer)
    assert ada.get(f"{QUICKBOOKS}/disconnect").status_code == 409
