"""Permission at Xero: what is asked, what it covers, and giving back one organisation only."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl

import pytest

from services.providers.contract import (
    ReconnectRequired,
    RemoteAccount,
    ScopeMissing,
    UnreadableAnswer,
)
from services.providers.registry import (
    InvalidRemoteAccount,
    ProviderAccess,
    check_remote_account_id,
    open_accounting_client,
    open_authorization,
)
from tests.providers.support import ACCESS, BASIC, NOON, recording
from tests.providers.xero_books import CONNECTIONS_URL, TENANT_ID, XERO

TOKEN_URL = "https://identity.xero.com/connect/token"
REVOKE_URL = "https://identity.xero.com/connect/revocation"
CALLBACK = "https://app.example.com/settings/integrations/xero/callback"
ISSUED = recording("xero_tokens__issued")
TENANTS = recording("xero_connections__two_and_a_practice")


@pytest.fixture
def xero():
    return open_authorization(XERO, ACCESS)


def test_the_consent_address_asks_for_the_least(xero):
    request = xero.authorization_request(CALLBACK)

    address, query = request.url.split("?")
    sent = dict(parse_qsl(query))
    assert address == "https://login.xero.com/identity/connect/authorize"
    assert sent["scope"] == "offline_access accounting.contacts.read"
    assert (sent["state"], sent["code_challenge_method"]) == (request.state, "S256")


def test_a_code_is_exchanged_for_half_an_hour_and_sixty_days(xero, server):
    server.post(TOKEN_URL, json=ISSUED)

    tokens = _exchange(xero)

    assert server.last_request.headers["Authorization"] == BASIC
    assert parse_qs(server.last_request.text)["code_verifier"] == ["the-verifier"]
    assert tokens.access_expires_at == NOON + timedelta(minutes=30)
    assert tokens.refresh_expires_at == NOON + timedelta(days=60)
    assert tokens.hard_expires_at is None


def test_a_refresh_brings_the_next_refresh_token(xero, server):
    server.post(TOKEN_URL, json=ISSUED)

    tokens = xero.refresh("the-old-one", now=NOON)

    assert parse_qs(server.last_request.text) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["the-old-one"],
    }
    assert tokens.refresh_token == ISSUED["refresh_token"]


@pytest.mark.parametrize("scope", ["offline_access", "offline_access accounting.contacts.reader"])
def test_a_permission_without_contacts_is_no_permission(xero, server, scope):
    server.post(TOKEN_URL, json=ISSUED | {"scope": scope})

    with pytest.raises(ScopeMissing):
        _exchange(xero)


def test_organisations_are_shared_by_name_and_practices_are_none(xero, server):
    server.get(CONNECTIONS_URL, json=TENANTS)

    accounts = xero.shared_accounts("token", named_account_id="")

    assert accounts == (
        RemoteAccount("0b64d7a9-58e3-4f12-bc90-e7a2d6f1c834", "Demo Company (NZ)"),
        RemoteAccount(TENANT_ID, "Harbor Heating & Air"),
    )
    assert server.last_request.headers["Authorization"] == "Bearer token"
    assert "Xero-tenant-id" not in server.last_request.headers


def test_nothing_may_be_shared(xero, server):
    server.get(CONNECTIONS_URL, json=[])

    assert xero.shared_accounts("token", named_account_id="") == ()


def test_an_organisation_without_a_name_is_shown_by_its_id(xero, server):
    server.get(CONNECTIONS_URL, json=[TENANTS[0] | {"tenantName": "\u200b"}])

    (account,) = xero.shared_accounts("token", named_account_id="")

    assert account.name == f"Organisation {TENANT_ID}"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"json": {}}, UnreadableAnswer),
        ({"text": "<html>"}, UnreadableAnswer),
        ({"json": [TENANTS[0] | {"tenantId": "../../x?"}]}, UnreadableAnswer),
        ({"json": [TENANTS[0] | {"id": None}]}, UnreadableAnswer),
        ({"json": [TENANTS[0] | {"tenantType": 7}]}, UnreadableAnswer),
        ({"status_code": 401}, ReconnectRequired),
    ],
)
def test_a_list_that_cannot_be_read_is_told_as_what_it_means(xero, server, answer, error):
    server.get(CONNECTIONS_URL, **answer)

    with pytest.raises(error):
        xero.shared_accounts("token", named_account_id="")


def test_giving_back_one_organisation_leaves_the_others(xero, server):
    server.post(TOKEN_URL, json=ISSUED)
    server.get(CONNECTIONS_URL, json=TENANTS)
    ended = server.delete(f"{CONNECTIONS_URL}/{TENANTS[0]['id']}", status_code=204)

    xero.revoke("the-old-one", remote_account_id=TENANT_ID, now=NOON)

    assert ended.call_count == 1
    assert ended.last_request.headers["Authorization"] == f"Bearer {ISSUED['access_token']}"
    assert [request.url for request in server.request_history] == [
        TOKEN_URL,
        CONNECTIONS_URL,
        f"{CONNECTIONS_URL}/{TENANTS[0]['id']}",
    ]


@pytest.mark.parametrize("shared", [TENANTS[:1], []])
def test_the_last_organisation_takes_the_permission_with_it(xero, server, shared):
    server.post(TOKEN_URL, json=ISSUED)
    server.get(CONNECTIONS_URL, json=shared)
    server.delete(f"{CONNECTIONS_URL}/{TENANTS[0]['id']}", status_code=404)
    server.post(REVOKE_URL)

    xero.revoke("the-old-one", remote_account_id=TENANT_ID, now=NOON)

    assert server.last_request.url == REVOKE_URL
    assert parse_qs(server.last_request.text) == {"token": [ISSUED["refresh_token"]]}
    assert server.last_request.headers["Authorization"] == BASIC


def test_an_organisation_that_is_not_shared_any_more_costs_the_others_nothing(xero, server):
    server.post(TOKEN_URL, json=ISSUED)
    server.get(CONNECTIONS_URL, json=TENANTS[1:])

    xero.revoke("the-old-one", remote_account_id=TENANT_ID, now=NOON)

    assert server.last_request.url == CONNECTIONS_URL


def test_an_unreadable_list_ends_nothing(xero, server):
    server.post(TOKEN_URL, json=ISSUED)
    server.get(CONNECTIONS_URL, json=[*TENANTS[:1], {"tenantType": "PRACTICE"}])

    with pytest.raises(UnreadableAnswer):
        xero.revoke("the-old-one", remote_account_id=TENANT_ID, now=NOON)

    assert {request.method for request in server.request_history} == {"POST", "GET"}


def test_a_permission_that_ended_already_is_no_error(xero, server):
    server.post(TOKEN_URL, status_code=400, json={"error": "invalid_grant"})

    xero.revoke("the-old-one", remote_account_id=TENANT_ID, now=NOON)

    assert server.call_count == 1


def test_a_permission_that_shrank_has_not_ended(xero, server):
    server.post(TOKEN_URL, json=ISSUED | {"scope": "offline_access"})

    with pytest.raises(ScopeMissing):
        xero.revoke("the-old-one", remote_account_id=TENANT_ID, now=NOON)


@pytest.mark.parametrize(("status", "error"), [(401, ReconnectRequired), (400, UnreadableAnswer)])
def test_an_organisation_that_could_not_be_ended_is_an_error(xero, server, status, error):
    server.post(TOKEN_URL, json=ISSUED)
    server.get(CONNECTIONS_URL, json=TENANTS[:1])
    server.delete(f"{CONNECTIONS_URL}/{TENANTS[0]['id']}", status_code=status)

    with pytest.raises(error):
        xero.revoke("the-old-one", remote_account_id=TENANT_ID, now=NOON)

    assert server.last_request.method == "DELETE"


def test_the_sandbox_has_all_of_it_in_one_place(server):
    access = ProviderAccess("id", "secret", sandbox_url="http://127.0.0.1:5001")
    server.get("http://127.0.0.1:5001/xero/connections", json=TENANTS)
    authorization = open_authorization(XERO, access)
    client = open_accounting_client(
        XERO, access, remote_account_id=TENANT_ID, tokens=lambda _refused: "token"
    )

    url = authorization.authorization_request("http://127.0.0.1:5000/callback").url
    accounts = authorization.shared_accounts("token", named_account_id="")

    assert url.startswith("http://127.0.0.1:5001/xero/identity/connect/authorize?")
    assert client.remote_account() in accounts


@pytest.mark.parametrize("text", [TENANT_ID, TENANT_ID.upper()])
def test_a_tenant_is_a_guid(text):
    assert check_remote_account_id(XERO, text) == text


@pytest.mark.parametrize("text", ["", "1", TENANT_ID + "\n", TENANT_ID[:-1], f"{TENANT_ID}/.."])
def test_other_text_never_becomes_part_of_a_header(text):
    with pytest.raises(InvalidRemoteAccount):
        check_remote_account_id(XERO, text)


def _exchange(xero):
    return xero.exchange_code(
        "the-code", redirect_uri=CALLBACK, code_verifier="the-verifier", now=NOON
    )
