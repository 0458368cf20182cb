"""Xero: consent, tokens, connections, revocation."""

import base64
import hashlib
import json

import pytest

from tests.sandbox.control_room import STRANGERS
from tests.sandbox.xero_program import (
    CALLBACK,
    CLIENT,
    KAURI,
    REQUEST,
    TUI,
    carried_back,
    consent,
    granted,
    post_token,
    signed_in,
)

VERIFIER = "a-verifier-of-forty-three-characters-or-more"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
PKCE = {"code_challenge": CHALLENGE.decode().rstrip("="), "code_challenge_method": "S256"}


def _exchange(client, code, **form):
    wanted = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return post_token(client, **wanted | form)


def test_the_consent_page_offers_every_tenant_and_ticks_the_first(client):
    page = client.get("/xero/identity/connect/authorize", query_string=REQUEST).text

    assert f'value="{KAURI}" checked> Kauri Plumbing &amp; Gas Ltd · 640' in page
    assert "Tui Electrical Group Pty Ltd · 2,310" in page
    assert "Empty Organisation · 0" in page
    assert page.count(" checked>") == 1
    assert "<script" not in page and "style=" not in page


@pytest.mark.parametrize(
    "change",
    [
        *STRANGERS,
        {"scope": ""},
        {"scope": "accounting.contacts.read accounting.transactions"},
        {"code_challenge": "plain words", "code_challenge_method": "plain"},
    ],
)
def test_a_wrong_request_never_leads_back(client, change):
    shown = client.get("/xero/identity/connect/authorize", query_string=REQUEST | change)
    decided = consent(client, KAURI, **change)

    assert (shown.status_code, decided.status_code) == (400, 400)
    assert decided.location is None


@pytest.mark.parametrize("tenants", [(), ("00000000-0000-0000-0000-000000000000",)])
def test_somebody_has_to_be_chosen(client, tenants):
    decided = consent(client, *tenants)

    assert decided.status_code == 400
    assert "at least one" in decided.text


def test_allowing_leads_back_with_code_and_state(client):
    back = carried_back(consent(client, KAURI))

    assert set(back) == {"code", "state", "scope", "session_state"}
    assert back["state"] == REQUEST["state"]


def test_refusing_leads_back_with_the_error(client):
    back = carried_back(consent(client, deny=True))

    assert back == {"error": "access_denied", "state": REQUEST["state"]}


@pytest.mark.parametrize("is_in_form", [False, True])
def test_a_code_becomes_tokens_whichever_way_the_client_is_named(client, is_in_form):
    code = carried_back(consent(client, KAURI))["code"]
    named = {"client_id": CLIENT[0], "client_secret": CLIENT[1]} if is_in_form else {}

    tokens = _exchange(client, code, **named, auth=None if is_in_form else CLIENT).json

    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 1800)
    assert tokens["scope"] == REQUEST["scope"]
    assert tokens["refresh_token"]


def test_the_access_token_names_its_consent(client):
    program = signed_in(client, KAURI)

    claims = program.tokens["access_token"].split(".")[1]
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    (connection,) = program.connections(authEventId=decoded["authentication_event_id"])
    assert connection["tenantId"] == KAURI


def test_only_openid_brings_an_id_token(client):
    usual, named = signed_in(client), signed_in(client, scope="openid accounting.contacts.read")

    assert "id_token" not in usual.tokens
    assert named.tokens["id_token"].count(".") == 2


def test_without_offline_access_nothing_refreshes(client):
    program = signed_in(client, scope="accounting.contacts.read")

    assert "refresh_token" not in program.tokens
    assert program.ask(page=1).status_code == 200


def test_a_code_works_once_and_for_five_minutes(client, clock):
    spent, late = (carried_back(consent(client, KAURI))["code"] for _ in range(2))
    first = _exchange(client, spent)
    clock.forward(minutes=5)

    answers = [_exchange(client, spent), _exchange(client, late)]

    assert first.status_code == 200
    assert [(one.status_code, one.json) for one in answers] == [
        (400, {"error": "invalid_grant"})
    ] * 2


@pytest.mark.parametrize(
    ("request_more", "form", "status"),
    [
        (PKCE, {"code_verifier": VERIFIER}, 200),
        (PKCE, {"code_verifier": VERIFIER + "x"}, 400),
        (PKCE, {}, 400),
        ({}, {}, 200),
        ({}, {"code_verifier": VERIFIER}, 400),
        ({}, {"redirect_uri": CALLBACK + "/"}, 400),
    ],
)
def test_a_code_is_bound_to_challenge_and_address(client, request_more, form, status):
    code = carried_back(consent(client, KAURI, **request_more))["code"]

    answered = _exchange(client, code, **form)

    assert answered.status_code == status


@pytest.mark.parametrize("auth", [None, (CLIENT[0], "wrong"), ("wrong", CLIENT[1])])
def test_a_wrong_client_is_told_so(client, auth):
    answered = _exchange(client, "any", auth=auth)

    assert (answered.status_code, answered.json) == (400, {"error": "invalid_client"})


def test_an_access_token_lives_for_half_an_hour(client, clock):
    program = granted(client)
    clock.forward(seconds=1800)

    answered = program.ask(page=1)

    assert answered.status_code == 401
    assert answered.json["Detail"].startswith("TokenExpired: token expired at 11/20/2026 16:30:00")
    assert "invalid_token" in answered.headers["WWW-Authenticate"]


def test_every_refresh_gives_a_new_token_and_the_old_one_half_an_hour(client, clock):
    program = granted(client)
    first = program.refresh().json["refresh_token"]
    clock.forward(minutes=29)
    in_time = program.refresh()
    clock.forward(minutes=1)

    late = program.refresh()

    assert first != program.tokens["refresh_token"]
    assert in_time.status_code == 200
    assert (late.status_code, late.json) == (400, {"error": "invalid_grant"})


def test_two_copies_of_a_token_set_break_each_other(client, clock):
    program = granted(client)
    one_copy = program.refresh().json["refresh_token"]
    other_copy = program.refresh().json["refresh_token"]
    clock.forward(minutes=31)

    answers = [program.refresh(one_copy), program.refresh(other_copy)]

    assert [one.status_code for one in answers] == [400, 200]


def test_an_unused_refresh_token_ends_after_sixty_days(client, clock):
    program = granted(client)
    clock.forward(days=60)

    assert program.refresh().json == {"error": "invalid_grant"}


def test_a_grant_without_a_browser_can_be_for_another_organisation(client):
    program = granted(client, realm=TUI)

    (tenant,) = program.tokens["tenants"]
    assert (tenant["tenantId"], tenant["id"]) == (TUI, program.connections()[0]["id"])


def test_the_switches_expire_and_end_grants(client):
    program = granted(client)

    client.post("/control/faults", json={"provider": "xero", "fault": "expire_token"})
    expired, refreshed = program.ask(page=1), program.refresh()
    client.post("/control/faults", json={"provider": "xero", "fault": "revoke"})

    assert expired.json["Detail"].startswith("TokenExpired")
    assert refreshed.status_code == 200
    assert program.refresh(refreshed.json["refresh_token"]).json == {"error": "invalid_grant"}


def test_discovery_names_the_endpoints(client):
    found = client.get("/xero/.well-known/openid-configuration").json

    assert found["authorization_endpoint"].endswith("/xero/identity/connect/authorize")
    assert found["token_endpoint"].endswith("/xero/connect/token")
    assert found["code_challenge_methods_supported"] == ["S256"]
