"""What token and revoke endpoints answer, and what it means for the connection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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
from services.providers.registry import open_authorization
from tests.providers.support import ACCESS, QUICKBOOKS, REALM_ID, recording

TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
REVOKE_URL = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
CALLBACK = "https://app.example.com/settings/integrations/quickbooks/callback"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ISSUED = recording("tokens__issued")


@pytest.fixture
def server():
    with requests_mock.Mocker() as mocker:
        yield mocker


@pytest.fixture
def quickbooks():
    return open_authorization(QUICKBOOKS, ACCESS)


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
        ({"status_code": 401, "text": ""}, WrongCredentials),
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


def test_giving_back_what_had_ended_is_no_error(quickbooks, server):
    server.post(REVOKE_URL, status_code=400, json=recording("tokens__invalid_grant"))

    quickbooks.revoke("RT1-dead", remote_account_id=REALM_ID, now=NOON)

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
        quickbooks.revoke("RT1-last", remote_account_id=REALM_ID, now=NOON)
