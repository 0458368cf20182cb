"""Consent, tokens, revocation."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.sandbox.control_room import STRANGERS

CLIENT = ("sandbox-quickbooks-client", "sandbox-quickbooks-secret")
CALLBACK = "http://127.0.0.1:5000/settings/integrations/quickbooks/callback"
REQUEST = {
    "client_id": CLIENT[0],
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "com.intuit.quickbooks.accounting",
    "state": "a state & more",
    "code_challenge": "ignored",
}


def _consent(client, **form):
    url = f"/quickbooks/connect/oauth2?{urlencode(REQUEST)}"
    answered = client.post(url, data={"company": "9341450000000001", **form})
    return {key: values[0] for key, values in parse_qs(urlsplit(answered.location).query).items()}


def _exchange(client, code, redirect_uri=CALLBACK, auth=CLIENT):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return client.post("/quickbooks/oauth2/v1/tokens/bearer", data=form, auth=auth)


def test_the_consent_page_offers_every_company(client):
    page = client.get(f"/quickbooks/connect/oauth2?{urlencode(REQUEST)}")

    assert "Harbor Heating &amp; Air LLC · 1,204" in page.text
    assert "Kestrel Heating &amp; Plumbing Group · 4,812" in page.text
    assert "Empty Company · 0" in page.text
    assert "<script" not in page.text and "style=" not in page.text


@pytest.mark.parametrize(
    "change",
    [
        *STRANGERS,
        {"redirect_uri": "http://user@127.0.0.1/"},
        {"redirect_uri": "http://127.0.0.1:5000/#part"},
        {"scope": "everything"},
        {"state": ""},
    ],
)
def test_a_wrong_request_never_leads_back(client, change):
    url = f"/quickbooks/connect/oauth2?{urlencode(REQUEST | change)}"

    shown = client.get(url)
    decided = client.post(url, data={"company": "9341450000000001"})

    assert (shown.status_code, decided.status_code) == (400, 400)
    assert decided.location is None


def test_allowing_leads_back_with_code_state_and_realm(client):
    back = _consent(client)

    assert set(back) == {"code", "state", "realmId"}
    assert back["state"] == REQUEST["state"]
    assert back["realmId"] == "9341450000000001"


def test_refusing_leads_back_with_the_error(client):
    back = _consent(client, deny="1")

    assert back == {"error": "access_denied", "state": REQUEST["state"]}


def test_a_code_becomes_tokens(client):
    tokens = _exchange(client, _consent(client)["code"]).json

    assert tokens["token_type"] == "bearer"
    assert (tokens["expires_in"], tokens["x_refresh_token_expires_in"]) == (3600, 8726400)
    assert "realmId" not in tokens and "scope" not in tokens


def test_a_code_works_once(client):
    code = _consent(client)["code"]
    _exchange(client, code)

    again = _exchange(client, code)

    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")


def test_a_code_is_bound_to_its_address_and_to_ten_minutes(client, clock):
    elsewhere = _exchange(client, _consent(client)["code"], redirect_uri=CALLBACK + "/")
    late_code = _consent(client)["code"]
    clock.forward(minutes=10)

    late = _exchange(client, late_code)

    assert elsewhere.json["error"] == late.json["error"] == "invalid_grant"


@pytest.mark.parametrize("auth", [None, (CLIENT[0], "wrong"), ("wrong", CLIENT[1])])
def test_a_wrong_client_is_told_so(client, auth):
    answered = _exchange(client, "any", auth=auth)

    assert (answered.status_code, answered.json["error"]) == (401, "invalid_client")


def test_an_access_token_lives_for_an_hour(caller, clock):
    clock.forward(seconds=3600)

    answered = caller.query("SELECT * FROM Customer")

    assert answered.status_code == 401
    assert answered.json["fault"]["error"][0]["code"] == "3200"


def test_another_realm_is_forbidden(caller):
    caller.realm = "9341450000000002"

    answered = caller.query("SELECT * FROM Customer")

    assert answered.status_code == 403
    assert answered.json["fault"]["error"][0]["code"] == "3100"


def test_the_refresh_token_stays_for_a_day(caller, clock):
    clock.forward(hours=23, minutes=59)

    refreshed = caller.refresh().json

    assert refreshed["refresh_token"] == caller.grant["refresh_token"]
    assert refreshed["access_token"] != caller.grant["access_token"]


def test_after_a_day_it_changes_and_the_old_one_dies(caller, clock):
    clock.forward(hours=24)
    new = caller.refresh().json["refresh_token"]

    old_again, new_again = caller.refresh(), caller.refresh(new)

    assert new != caller.grant["refresh_token"]
    assert old_again.json["error"] == "invalid_grant"
    assert new_again.json["refresh_token"] == new


def test_an_unused_refresh_token_ends(caller, clock):
    clock.forward(days=102)

    assert caller.refresh().json["error"] == "invalid_grant"


def test_an_access_token_cannot_refresh(caller):
    answered = caller.refresh(caller.grant["access_token"]).json

    assert answered["error_description"] == "Incorrect Token type or clientID"


def test_the_hard_end_is_told_on_request(caller):
    answered = caller.client.post(
        "/quickbooks/oauth2/v1/tokens/bearer",
        data={"grant_type": "refresh_token", "refresh_token": caller.grant["refresh_token"]},
        auth=CLIENT,
        headers={"x-include-refresh-token-hard-expires-in": "true"},
    )

    assert answered.json["x_refresh_token_hard_expires_in"] == 157_680_000


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_grant(caller, make_caller, kind):
    other = make_caller()

    revoked = caller.client.post(
        "/quickbooks/v2/oauth2/tokens/revoke", json={"token": caller.grant[kind]}, auth=CLIENT
    )

    assert (revoked.status_code, revoked.data) == (200, b"")
    assert caller.query("SELECT * FROM Customer").status_code == 401
    assert caller.refresh().json["error"] == "invalid_grant"
    assert other.query("SELECT * FROM Customer").status_code == 200


@pytest.mark.parametrize("name", ["openid_sandbox_configuration", "openid_configuration"])
def test_discovery_names_the_endpoints(client, name):
    for path in (f"/quickbooks/.well-known/{name}/", f"/quickbooks/.well-known/{name}"):
        found = client.get(path).json

        assert found["token_endpoint"].endswith("/quickbooks/oauth2/v1/tokens/bearer")
        assert found["authorization_endpoint"].endswith("/quickbooks/connect/oauth2")
