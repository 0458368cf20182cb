"""Permission at FreshBooks: ask, exchange, renew, choose a business, give back."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from services.providers.contract import (
    ProviderKey,
    ReconnectRequired,
    RemoteAccount,
    ScopeMissing,
    WrongCredentials,
)
from services.providers.registry import (
    InvalidRemoteAccount,
    ProviderAccess,
    check_remote_account_id,
    open_accounting_client,
    open_authorization,
)
from tests.providers.freshbooks_books import ACCOUNT_ID, API_URL, CLIENTS_URL, ME_URL
from tests.providers.support import ACCESS, NOON, recording

FRESHBOOKS = ProviderKey.FRESHBOOKS
TOKEN_URL = f"{API_URL}/auth/oauth/token"
REVOKE_URL = f"{API_URL}/auth/oauth/revoke"
CALLBACK = "https://app.example.com/settings/integrations/freshbooks/callback"
ISSUED = recording("freshbooks_tokens__issued")
SANDBOX = ProviderAccess("our-id", "our-secret", sandbox_url="http://127.0.0.1:5001")
SANDBOX_URL = "http://127.0.0.1:5001/freshbooks"


@pytest.fixture
def freshbooks():
    return open_authorization(FRESHBOOKS, ACCESS)


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (ACCESS, "https://auth.freshbooks.com/oauth/authorize"),
        (SANDBOX, f"{SANDBOX_URL}/oauth/authorize"),
    ],
)
def test_the_consent_address_asks_for_the_least(access, expected):
    request = open_authorization(FRESHBOOKS, access).authorization_request(CALLBACK)

    address, query = request.url.split("?")
    fields = dict(parse_qsl(query))
    assert address == expected
    assert fields.pop("code_challenge")
    assert fields == {
        "response_type": "code",
        "client_id": "our-id",
        "redirect_uri": CALLBACK,
        "scope": "user:clients:read",
        "state": request.state,
        "code_challenge_method": "S256",
    }


@pytest.mark.parametrize(
    ("access", "token_url"), [(ACCESS, TOKEN_URL), (SANDBOX, f"{SANDBOX_URL}/auth/oauth/token")]
)
def test_a_code_is_exchanged_with_our_secret_in_the_form(server, access, token_url):
    server.post(token_url, json=ISSUED)

    tokens = open_authorization(FRESHBOOKS, access).exchange_code(
        "the-code", redirect_uri=CALLBACK, code_verifier="v" * 43, now=NOON
    )

    assert dict(parse_qsl(server.last_request.text)) == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 43,
        "client_id": "our-id",
        "client_secret": "our-secret",
    }
    assert "Authorization" not in server.last_request.headers
    assert tokens.access_expires_at == NOON + timedelta(hours=12)
    assert tokens.scope == "user:profile:read user:clients:read"


def test_a_permission_without_clients_is_told_at_once(server, freshbooks):
    server.post(TOKEN_URL, json=ISSUED | {"scope": "user:profile:read"})

    with pytest.raises(ScopeMissing):
        freshbooks.exchange_code("c", redirect_uri=CALLBACK, code_verifier="v", now=NOON)


def test_a_permission_that_names_no_scope_is_taken(server, freshbooks):
    server.post(TOKEN_URL, json={key: ISSUED[key] for key in ISSUED if key != "scope"})

    tokens = freshbooks.exchange_code("c", redirect_uri=CALLBACK, code_verifier="v", now=NOON)

    assert tokens.refresh_token == "canary0refresh"


def test_a_renewal_is_one_call_and_brings_the_next_refresh_token(server, freshbooks):
    server.post(TOKEN_URL, json=ISSUED | {"refresh_token": "next"})

    tokens = freshbooks.refresh("one-time", now=NOON)

    assert dict(parse_qsl(server.last_request.text)) == {
        "grant_type": "refresh_token",
        "refresh_token": "one-time",
        "client_id": "our-id",
        "client_secret": "our-secret",
    }
    assert (tokens.refresh_token, server.call_count) == ("next", 1)


def test_a_spent_refresh_token_ends_the_permission(server, freshbooks):
    error = {"error": "invalid_grant", "error_description": "The grant is invalid or expired."}
    server.post(TOKEN_URL, status_code=400, json=error)

    with pytest.raises(ReconnectRequired):
        freshbooks.refresh("spent", now=NOON)


def test_a_refused_secret_is_our_own_fault(server, freshbooks):
    server.post(TOKEN_URL, status_code=401, json={"error": "invalid_client"})

    with pytest.raises(WrongCredentials):
        freshbooks.refresh("one-time", now=NOON)


def test_giving_back_is_one_call(server, freshbooks):
    server.post(REVOKE_URL, json={})

    freshbooks.revoke("canary-refresh", remote_account_id=ACCOUNT_ID, now=NOON)

    assert dict(parse_qsl(server.last_request.text)) == {
        "token": "canary-refresh",
        "client_id": "our-id",
        "client_secret": "our-secret",
    }
    assert server.call_count == 1


def test_businesses_with_books_are_offered_by_name(server, freshbooks):
    server.get(ME_URL, json=recording("me__three_businesses"))

    accounts = freshbooks.shared_accounts("token", named_account_id="")

    assert accounts == (
        RemoteAccount("BV3Wm9", "bayview property care"),
        RemoteAccount("Xq3kLm", "Lakeshore Landscaping"),
    )
    assert server.last_request.headers["Authorization"] == "Bearer token"


@pytest.mark.parametrize(
    ("memberships", "accounts"),
    [
        ([("A1", "Lake"), ("A1", "Lake")], [("A1", "Lake")]),
        ([("A1", ""), ("B2", None)], [("A1", "Business A1"), ("B2", "Business B2")]),
        ([("../x", "Lake"), ("", "Lake"), (7, "Lake"), ("a" * 17, "Lake")], []),
        ([("A1", "Lake\x00side\nLtd")], [("A1", "Lakeside Ltd")]),
    ],
)
def test_odd_businesses_are_left_out_and_none_twice(server, freshbooks, memberships, accounts):
    businesses = [{"business": {"account_id": key, "name": name}} for key, name in memberships]
    server.get(ME_URL, json={"response": {"business_memberships": businesses}})

    found = freshbooks.shared_accounts("token", named_account_id="")

    assert [(account.remote_account_id, account.name) for account in found] == accounts


def test_a_token_refused_just_after_it_was_issued_cannot_be_renewed(server, freshbooks):
    server.get(ME_URL, status_code=401, json=recording("me__unauthenticated"))

    with pytest.raises(ReconnectRequired):
        freshbooks.shared_accounts("token", named_account_id="")

    assert server.call_count == 1


@pytest.mark.parametrize(
    ("access", "clients_url"),
    [
        (ACCESS, CLIENTS_URL),
        (SANDBOX, f"{SANDBOX_URL}/accounting/account/{ACCOUNT_ID}/users/clients"),
    ],
)
def test_clients_are_read_at_their_address(server, access, clients_url):
    server.get(clients_url, json=recording("clients__three_states"))
    client = open_accounting_client(
        FRESHBOOKS, access, remote_account_id=ACCOUNT_ID, tokens=lambda _refused: "token"
    )

    assert client.count_customers() == 3


@pytest.mark.parametrize("text", ["A", "Xq3kLm", "0" * 16])
def test_an_account_is_up_to_sixteen_letters_and_digits(text):
    assert check_remote_account_id(FRESHBOOKS, text) == text


@pytest.mark.parametrize("text", ["", "a" * 17, "../x", "a/b", "Xq3kLm\n", "Xq3k-m", "é"])
def test_other_text_never_becomes_part_of_an_address(text):
    with pytest.raises(InvalidRemoteAccount):
        check_remote_account_id(FRESHBOOKS, text)
