"""Asking for permission, exchanging the code, renewing and giving back."""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
import requests_mock

from services.providers.contract import (
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
    UnreadableAnswer,
    WrongCredentials,
)
from services.providers.oauth import (
    AuthorizationFacts,
    ClientAuth,
    ClientCredentials,
    OAuthAuthorization,
    RevokeBody,
)
from services.providers.registry import ProviderAccess, open_authorization
from services.providers.transport import RefusedAddress, Transport
from tests.providers.support import ACCESS, QUICKBOOKS, Waits, recording

TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
REVOKE_URL = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
CALLBACK = "https://app.example.com/settings/integrations/quickbooks/callback"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ISSUED = recording("tokens__issued")
#: base64 of our-id:our-secret
BASIC = "Basic b3VyLWlkOm91ci1zZWNyZXQ="


@pytest.fixture
def server():
    with requests_mock.Mocker() as mocker:
        yield mocker


@pytest.fixture
def quickbooks():
    return open_authorization(QUICKBOOKS, ACCESS)


def test_the_consent_address_asks_for_the_least(quickbooks):
    request = quickbooks.authorization_request(CALLBACK)

    address, query = request.url.split("?")
    assert address == "https://appcenter.intuit.com/connect/oauth2"
    assert dict(parse_qsl(query)) == {
        "response_type": "code",
        "client_id": "our-id",
        "redirect_uri": CALLBACK,
        "scope": "com.intuit.quickbooks.accounting",
        "state": request.state,
        "code_challenge": _challenge(request.code_verifier),
        "code_challenge_method": "S256",
    }


def test_state_and_verifier_are_long_and_never_the_same(quickbooks):
    requests_made = [quickbooks.authorization_request(CALLBACK) for _ in range(20)]

    assert len({request.state for request in requests_made}) == 20
    assert all(re.fullmatch(r"[\w-]{43}", request.state) for request in requests_made)
    assert len({request.code_verifier for request in requests_made}) == 20
    assert all(43 <= len(request.code_verifier) <= 128 for request in requests_made)


def test_secrets_are_not_printed(quickbooks, server):
    server.post(TOKEN_URL, json=ISSUED)

    request = quickbooks.authorization_request(CALLBACK)
    tokens = quickbooks.refresh("canary-old", now=NOON)

    assert request.code_verifier not in repr(request)
    assert "canary" not in repr(tokens)
    assert "our-secret" not in repr(ClientCredentials("our-id", "our-secret")) + repr(ACCESS)


def test_a_code_is_exchanged_with_its_verifier(quickbooks, server):
    server.post(TOKEN_URL, json=ISSUED)

    tokens = quickbooks.exchange_code(
        "the-code", redirect_uri=CALLBACK, code_verifier="the-verifier", now=NOON
    )

    sent = server.last_request
    assert sent.headers["Authorization"] == BASIC
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(sent.text) == {
        "grant_type": ["authorization_code"],
        "code": ["the-code"],
        "redirect_uri": [CALLBACK],
        "code_verifier": ["the-verifier"],
    }
    assert tokens.access_token == ISSUED["access_token"]
    assert tokens.refresh_token == ISSUED["refresh_token"]
    assert tokens.access_expires_at == NOON + timedelta(hours=1)
    assert tokens.refresh_expires_at == NOON + timedelta(days=101)


def test_a_refresh_sends_the_token_and_no_scope(quickbooks, server):
    server.post(TOKEN_URL, json=ISSUED)

    quickbooks.refresh("old token+/=", now=NOON)

    assert server.last_request.headers["Authorization"] == BASIC
    assert parse_qs(server.last_request.text) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["old token+/="],
    }


@pytest.mark.parametrize("given", [{}, {"refresh_token": ""}, {"refresh_token": None}])
def test_an_answer_without_a_refresh_token_keeps_the_old_one(quickbooks, server, given):
    answer = {key: ISSUED[key] for key in ("access_token", "expires_in")} | given
    server.post(TOKEN_URL, json=answer)

    tokens = quickbooks.refresh("old", now=NOON)

    assert tokens.refresh_token == "old"


def test_an_exchange_without_a_refresh_token_is_no_permission(quickbooks, server):
    server.post(TOKEN_URL, json={"access_token": "a", "expires_in": 3600})

    with pytest.raises(UnreadableAnswer):
        quickbooks.exchange_code("c", redirect_uri=CALLBACK, code_verifier="v", now=NOON)


def test_a_changed_scope_does_not_cost_the_tokens(quickbooks, server):
    server.post(TOKEN_URL, json=ISSUED | {"scope": "openid something.else"})

    tokens = quickbooks.refresh("old", now=NOON)

    assert tokens.refresh_token == ISSUED["refresh_token"]
    assert tokens.scope == "openid something.else"


@pytest.mark.parametrize(
    ("expires_in", "life_s"),
    [
        (3600, 3600),
        ("3600", 3600),
        (10**12, 86_400),
        (None, 1_800),
        ("soon", 1_800),
        (0, 1_800),
        (-1, 1_800),
        (True, 1_800),
        (3600.5, 1_800),
        ([], 1_800),
        ("9" * 400, 1_800),
    ],
)
def test_a_doubtful_lifetime_does_not_cost_the_tokens(quickbooks, server, expires_in, life_s):
    server.post(TOKEN_URL, json=ISSUED | {"expires_in": expires_in})

    tokens = quickbooks.refresh("old", now=NOON)

    assert tokens.access_expires_at == NOON + timedelta(seconds=life_s)
    assert tokens.refresh_token == ISSUED["refresh_token"]


@pytest.mark.parametrize("life", [None, "never", 0, -1, 10**12, {}])
def test_an_end_of_permission_that_cannot_be_is_unknown(quickbooks, server, life):
    server.post(TOKEN_URL, json=ISSUED | {"x_refresh_token_expires_in": life})

    tokens = quickbooks.refresh("old", now=NOON)

    assert tokens.refresh_expires_at is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status_code": 400, "json": recording("tokens__invalid_grant")}, ReconnectRequired),
        ({"status_code": 400, "json": {"error": "invalid_grant"}}, ReconnectRequired),
        ({"status_code": 400, "json": recording("tokens__invalid_client")}, WrongCredentials),
        ({"status_code": 401, "json": recording("tokens__invalid_client")}, WrongCredentials),
        ({"status_code": 400, "json": {"error": "unauthorized_client"}}, WrongCredentials),
        ({"status_code": 400, "json": {"error": "invalid_request"}}, UnreadableAnswer),
        ({"status_code": 400, "json": {"error": ["invalid_grant"]}}, UnreadableAnswer),
        ({"status_code": 400, "text": ""}, UnreadableAnswer),
        ({"status_code": 401, "text": ""}, UnreadableAnswer),
        ({"status_code": 403, "text": "<html>Forbidden</html>"}, ProviderUnavailable),
        ({"status_code": 500, "json": {"error": "invalid_grant"}}, ProviderUnavailable),
        ({"status_code": 503, "text": "<html>Maintenance</html>"}, ProviderUnavailable),
        ({"status_code": 504, "text": ""}, ProviderUnavailable),
        ({"status_code": 429, "json": {"error": "slow_down"}}, RateLimited),
        ({"status_code": 302, "headers": {"Location": "https://evil.example"}}, UnreadableAnswer),
        ({"status_code": 200, "text": "<!doctype html>Maintenance"}, ProviderUnavailable),
        ({"status_code": 200, "text": ""}, UnreadableAnswer),
        ({"status_code": 200, "text": "{}"}, UnreadableAnswer),
        ({"status_code": 200, "text": "[]"}, UnreadableAnswer),
        ({"status_code": 200, "text": "null"}, UnreadableAnswer),
        ({"status_code": 200, "json": {"error": "invalid_grant"}}, UnreadableAnswer),
        ({"status_code": 200, "json": ISSUED | {"error": "server_error"}}, UnreadableAnswer),
        ({"status_code": 200, "json": ISSUED | {"access_token": "a\r\nX: y"}}, UnreadableAnswer),
        ({"status_code": 200, "json": ISSUED | {"access_token": 7}}, UnreadableAnswer),
        ({"status_code": 204, "text": ""}, UnreadableAnswer),
        ({"exc": requests.ReadTimeout}, ProviderUnavailable),
        ({"exc": requests.ConnectionError}, ProviderUnavailable),
    ],
)
def test_a_refusal_is_told_as_what_it_means(quickbooks, server, answer, error):
    server.post(TOKEN_URL, **answer)

    with pytest.raises(error) as raised:
        quickbooks.refresh("canary", now=NOON)

    assert server.call_count == 1
    assert "canary" not in str(raised.value)


def test_a_refused_code_means_start_again(quickbooks, server):
    server.post(TOKEN_URL, status_code=400, json=recording("tokens__invalid_grant"))

    with pytest.raises(ReconnectRequired):
        quickbooks.exchange_code("used", redirect_uri=CALLBACK, code_verifier="v", now=NOON)


def test_permission_is_given_back_with_the_token_as_json(quickbooks, server):
    server.post(REVOKE_URL, status_code=200)

    quickbooks.revoke("RT1-last")

    assert server.last_request.json() == {"token": "RT1-last"}
    assert server.last_request.headers["Authorization"] == BASIC
    assert server.last_request.headers["Content-Type"] == "application/json"


def test_giving_back_what_had_ended_is_no_error(quickbooks, server):
    server.post(REVOKE_URL, status_code=400, json=recording("tokens__invalid_grant"))

    quickbooks.revoke("RT1-dead")

    assert server.call_count == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status_code": 503}, ProviderUnavailable),
        ({"status_code": 429}, RateLimited),
        ({"status_code": 401, "json": {"error": "invalid_client"}}, WrongCredentials),
        ({"status_code": 400, "text": ""}, UnreadableAnswer),
    ],
)
def test_a_failed_giving_back_is_told(quickbooks, server, answer, error):
    server.post(REVOKE_URL, **answer)

    with pytest.raises(error):
        quickbooks.revoke("RT1-last")


def test_other_providers_want_client_and_token_in_the_form(server):
    facts = AuthorizationFacts(
        authorize_url="https://login.example/authorize",
        token_url="https://login.example/token",
        revoke_url="https://login.example/revoke",
        scope=("one", "two"),
        client_auth=ClientAuth.FORM_BODY,
        revoke_body=RevokeBody.FORM,
    )
    authorization = OAuthAuthorization(
        facts, ClientCredentials("id", "s&cret"), transport=Transport((facts.token_url,))
    )
    server.post(facts.revoke_url)

    authorization.revoke("R")

    assert parse_qs(server.last_request.text) == {
        "token": ["R"],
        "client_id": ["id"],
        "client_secret": ["s&cret"],
    }
    assert "Authorization" not in server.last_request.headers


def test_a_sandbox_on_this_machine_is_spoken_to_over_http(server):
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ
    access = ProviderAccess("id", "secret", sandbox_url="http://127.0.0.1:5001")
    server.post("http://127.0.0.1:5001/quickbooks/oauth2/v1/tokens/bearer", json=ISSUED)
    authorization = open_authorization(QUICKBOOKS, access)

    url = authorization.authorization_request("http://127.0.0.1:5000/callback").url
    tokens = authorization.refresh("old", now=NOON)

    assert url.startswith("http://127.0.0.1:5001/quickbooks/connect/oauth2?response_type=code")
    assert tokens.access_token == ISSUED["access_token"]
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ


@pytest.mark.parametrize("url", ["http://sandbox.example:5001", "http://192.168.1.4"])
def test_http_to_another_machine_is_refused(url):
    with pytest.raises(RefusedAddress):
        open_authorization(QUICKBOOKS, ProviderAccess("id", "secret", sandbox_url=url))


def test_http_consent_pages_elsewhere_are_refused_too():
    facts = AuthorizationFacts(
        authorize_url="http://login.example/authorize",
        token_url="https://login.example/token",
        revoke_url="https://login.example/revoke",
        scope=("one",),
        client_auth=ClientAuth.BASIC_HEADER,
        revoke_body=RevokeBody.JSON,
    )
    transport = Transport((facts.token_url,), sleep=Waits())
    authorization = OAuthAuthorization(facts, ClientCredentials("a", "b"), transport=transport)

    with pytest.raises(RefusedAddress):
        authorization.authorization_request(CALLBACK)


def test_the_verifier_is_not_in_the_address(quickbooks):
    request = quickbooks.authorization_request(CALLBACK)

    assert request.code_verifier not in urlsplit(request.url).query


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
