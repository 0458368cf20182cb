"""Asking for permission, exchanging the code, renewing and giving back."""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from services.providers.contract import (
    AccountGone,
    RateLimited,
    ReconnectRequired,
    RemoteAccount,
    ScopeMissing,
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
from tests.providers.support import (
    ACCESS,
    BASIC,
    CALLBACK,
    COMPANY_INFO_URL,
    NOON,
    QUICKBOOKS,
    REALM_ID,
    REVOKE_URL,
    TOKEN_URL,
    Waits,
    recording,
)

ISSUED = recording("tokens__issued")


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
    assert sent.headers["x-include-refresh-token-hard-expires-in"] == "true"


def test_a_refresh_sends_the_token_and_no_scope(quickbooks, server):
    server.post(TOKEN_URL, json=ISSUED)

    quickbooks.refresh("old token+/=", now=NOON)

    assert server.last_request.headers["Authorization"] == BASIC
    assert server.last_request.headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert parse_qs(server.last_request.text) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["old token+/="],
    }


def test_quickbooks_shares_the_company_of_the_callback(quickbooks, server):
    server.get(COMPANY_INFO_URL, json=recording("companyinfo__harbor"))

    accounts = quickbooks.shared_accounts("fresh", named_account_id=REALM_ID)

    assert accounts == (RemoteAccount(REALM_ID, "Harbor Heating & Air"),)
    assert server.call_count == 1
    assert server.last_request.headers["Authorization"] == "Bearer fresh"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, "query__token_expired", ReconnectRequired),
        (403, "query__not_authorized", ScopeMissing),
        (404, "query__wrong_statement", AccountGone),
        (200, "query__throttled", RateLimited),
    ],
)
def test_a_company_that_may_not_be_read_is_not_shared(quickbooks, server, status, body, error):
    server.get(COMPANY_INFO_URL, status_code=status, json=recording(body))

    with pytest.raises(error):
        quickbooks.shared_accounts("fresh", named_account_id=REALM_ID)

    assert server.call_count == 1


def test_permission_is_given_back_with_the_token_as_json(quickbooks, server):
    server.post(REVOKE_URL, status_code=200)

    quickbooks.revoke("RT1-last", remote_account_id=REALM_ID, now=NOON)

    assert server.last_request.json() == {"token": "RT1-last"}
    assert server.last_request.headers["Authorization"] == BASIC
    assert server.last_request.headers["Content-Type"] == "application/json"


def test_other_providers_want_client_and_token_in_the_form(server):
    facts = AuthorizationFacts(
        authorize_url="https://login.example/authorize",
        token_url="https://login.example/token",
        revoke_url="https://login.example/revoke",
        api_url="https://api.example",
        scope=("one", "two"),
        client_auth=ClientAuth.FORM_BODY,
        revoke_body=RevokeBody.FORM,
    )
    authorization = OAuthAuthorization(
        facts, ClientCredentials("id", "s&cret"), transport=Transport((facts.token_url,))
    )
    server.post(facts.revoke_url)

    authorization.revoke("R", remote_account_id=REALM_ID, now=NOON)

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
        api_url="https://api.example",
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
