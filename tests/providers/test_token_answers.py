"""What token and revoke endpoints answer, and what it means for the connection."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import requests

from services.providers.contract import (
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
    ScopeMissing,
    UnreadableAnswer,
    WrongCredentials,
)
from services.providers.registry import open_authorization
from services.providers.token_answers import read_tokens
from services.providers.transport import Reply
from tests.providers.support import (
    ACCESS,
    CALLBACK,
    NOON,
    QUICKBOOKS,
    REALM_ID,
    REVOKE_URL,
    TOKEN_URL,
    recording,
)

ISSUED = recording("tokens__issued")
#: The part of an answer that all providers give.
ISSUED_PLAIN = {key: ISSUED[key] for key in ("access_token", "refresh_token", "expires_in")}


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
    ("life", "hard_expires_at"),
    [
        (157_680_000, NOON + timedelta(days=1_825)),
        ("86400", NOON + timedelta(days=1)),
        (None, None),
        (0, None),
        (-1, None),
        ("never", None),
        (10**12, None),
    ],
)
def test_the_end_that_no_renewal_moves_is_kept(quickbooks, server, life, hard_expires_at):
    server.post(TOKEN_URL, json=ISSUED | {"x_refresh_token_hard_expires_in": life})

    tokens = quickbooks.refresh("old", now=NOON)

    assert tokens.hard_expires_at == hard_expires_at
    assert tokens.refresh_expires_at == NOON + timedelta(days=101)


@pytest.mark.parametrize(
    ("created", "life"),
    [
        (NOON, timedelta(hours=12)),
        (NOON - timedelta(minutes=2), timedelta(hours=11, minutes=58)),
        (NOON - timedelta(hours=11), timedelta(hours=1)),
        (NOON - timedelta(hours=11, minutes=55), timedelta(minutes=5)),
        (NOON - timedelta(hours=11, minutes=56), timedelta(minutes=30)),
        (NOON - timedelta(days=300), timedelta(minutes=30)),
        (NOON + timedelta(seconds=1), timedelta(hours=12)),
        (NOON + timedelta(days=300), timedelta(hours=12)),
    ],
)
def test_a_token_lives_from_the_moment_it_was_created(created, life):
    tokens = _read({"created_at": int(created.timestamp()), "expires_in": 43_200})

    assert tokens.access_expires_at == NOON + life


@pytest.mark.parametrize(
    "created_at", [None, "", "2026-11-22 12:00:00", 0, -5, True, 1.5, [], "9" * 15, 10**30]
)
def test_a_moment_of_creation_that_cannot_be_is_now(created_at):
    tokens = _read({"created_at": created_at, "expires_in": 43_200})

    assert tokens.access_expires_at == NOON + timedelta(hours=12)


def test_a_moment_of_creation_may_be_written_as_text():
    created_at = str(int((NOON - timedelta(hours=1)).timestamp()))

    tokens = _read({"created_at": created_at, "expires_in": "43200"})

    assert tokens.access_expires_at == NOON + timedelta(hours=11)


def test_a_token_said_to_live_for_a_minute_does():
    tokens = _read({"expires_in": 60})

    assert tokens.access_expires_at == NOON + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("told", "expires_at"),
    [
        ({}, NOON + timedelta(days=60)),
        ({"x_refresh_token_expires_in": 86_400}, NOON + timedelta(days=1)),
    ],
)
def test_the_end_of_an_unused_permission_is_known_where_nobody_tells(told, expires_at):
    tokens = _read(told, refresh_life_s=60 * 86_400)

    assert tokens.refresh_expires_at == expires_at


@pytest.mark.parametrize(
    "scope",
    ["user:profile:read user:clients:read", "user:clients:read", "  user:clients:read\t", "", None],
)
def test_a_scope_that_covers_customers_or_is_not_told_is_good(scope):
    tokens = _read({"scope": scope}, needed_scope="user:clients:read")

    assert tokens.access_token == ISSUED["access_token"]


@pytest.mark.parametrize("scope", ["user:profile:read", "user:clients:readx", "openid"])
def test_a_scope_without_customers_is_told_apart(scope):
    with pytest.raises(ScopeMissing):
        _read({"scope": scope}, needed_scope="user:clients:read")


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
        ({"status_code": 401, "text": "Unauthorized"}, WrongCredentials),
        ({"status_code": 401, "json": {"error": "invalid_grant"}}, UnreadableAnswer),
        ({"status_code": 401, "text": "<html>Sign in</html>"}, ProviderUnavailable),
        ({"status_code": 403, "json": {"error": "invalid_grant"}}, UnreadableAnswer),
        ({"status_code": 403, "text": "<html>Forbidden</html>"}, ProviderUnavailable),
        ({"status_code": 500, "json": {"error": "invalid_grant"}}, ProviderUnavailable),
        ({"status_code": 503, "text": "<html>Maintenance</html>"}, ProviderUnavailable),
        ({"status_code": 504, "text": ""}, ProviderUnavailable),
        ({"status_code": 408, "text": ""}, ProviderUnavailable),
        ({"status_code": 429, "json": {"error": "slow_down"}}, RateLimited),
        ({"status_code": 429, "json": {"error": "invalid_grant"}}, RateLimited),
        ({"status_code": 429, "headers": {"Retry-After": "5"}}, RateLimited),
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


def _read(changes, **options):
    body = json.dumps(ISSUED_PLAIN | changes).encode()
    return read_tokens(Reply(200, {}, body), now=NOON, **options)
