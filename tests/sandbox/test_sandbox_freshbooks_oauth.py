"""FreshBooks: consent, codes and who the app is."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.sandbox.control_room import STRANGERS
from tests.sandbox.freshbooks_program import CALLBACK, CLIENT_ID, CLIENT_SECRET, program

BASIC = (CLIENT_ID, CLIENT_SECRET)
REQUEST = {
    "client_id": CLIENT_ID,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "user:clients:read",
    "state": "a state & more",
}
VERIFIER = "a-verifier-of-more-than-forty-three-characters-0123456789"


@pytest.fixture
def caller(client):
    return program(client)


def _consent(client, changes=None, **form):
    url = f"/freshbooks/oauth/authorize?{urlencode(REQUEST | (changes or {}))}"
    answered = client.post(url, data=form)
    assert answered.location.startswith(f"{CALLBACK}?")
    return {key: values[0] for key, values in parse_qs(urlsplit(answered.location).query).items()}


def _exchange(caller, code, **changes):
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return caller.post("token", **(fields | changes))


def test_the_consent_page_names_the_businesses_and_says_what_is_not_real(client):
    page = client.get(f"/freshbooks/oauth/authorize/?{urlencode(REQUEST)}")

    assert page.status_code == 200
    assert "Lakeshore Landscaping" in page.text
    assert "FreshBooks itself only leads back to https addresses" in page.text
    assert "<script" not in page.text and "style=" not in page.text


@pytest.mark.parametrize(
    "change",
    [
        *STRANGERS,
        {"redirect_uri": f"{CALLBACK}?tenant=1"},
        {"redirect_uri": f"{CALLBACK}?"},
        {"code_challenge": "abc", "code_challenge_method": "plain"},
    ],
)
def test_a_wrong_request_never_leads_back(client, change):
    url = f"/freshbooks/oauth/authorize?{urlencode(REQUEST | change)}"

    shown, decided = client.get(url), client.post(url)

    assert (shown.status_code, decided.status_code) == (400, 400)
    assert decided.location is None


@pytest.mark.parametrize("scope", ["everything", "user:clients:read user:invoices:read"])
def test_one_wrong_scope_fails_the_whole_consent_without_naming_it(client, scope):
    url = f"/freshbooks/oauth/authorize?{urlencode(REQUEST | {'scope': scope})}"

    page = client.get(url)

    assert page.status_code == 400
    assert "The requested scope is invalid, unknown, or malformed" in page.text
    assert "invoices" not in page.text


def test_allowing_leads_back_with_code_and_state_only(client):
    back = _consent(client)

    assert set(back) == {"code", "state"}
    assert back["state"] == REQUEST["state"]


def test_the_state_is_the_apps_own_affair(client):
    assert set(_consent(client, {"state": ""})) == {"code"}


def test_refusing_leads_back_with_the_error(client):
    back = _consent(client, deny="1")

    assert set(back) == {"error", "error_description", "state"}
    assert back["error"] == "access_denied"


def test_a_code_becomes_tokens_with_more_scope_than_asked_for(client, caller, clock):
    tokens = _exchange(caller, _consent(client)["code"]).json

    assert tokens["token_type"] == "Bearer"
    assert tokens["scope"] == "user:profile:read user:clients:read"
    assert tokens["created_at"] == int(clock().timestamp())
    assert (tokens["expires_in"], tokens["direct_buy_tokens"]) == (43_200, {})
    assert len(tokens["refresh_token"]) == 64


def test_without_the_scope_of_clients_only_the_person_is_readable(client, caller):
    code = _consent(client, {"scope": "user:profile:read"})["code"]
    caller.grant = _exchange(caller, code).json

    listed, person = caller.ask(), caller.get("auth/api/v1/users/me")

    assert caller.grant["scope"] == "user:profile:read"
    assert (listed.status_code, person.status_code) == (403, 200)


def test_a_code_works_once_and_for_five_minutes(client, caller, clock):
    code, late_code = _consent(client)["code"], _consent(client)["code"]
    first, again = _exchange(caller, code), _exchange(caller, code)
    clock.forward(minutes=5)

    late = _exchange(caller, late_code)

    assert first.status_code == 200
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
    assert late.json["error"] == "invalid_grant"


def test_a_code_needs_its_own_address(client, caller):
    elsewhere = _exchange(caller, _consent(client)["code"], redirect_uri=CALLBACK + "/")
    nowhere = _exchange(caller, _consent(client)["code"], redirect_uri="")

    assert elsewhere.json["error"] == "invalid_grant"
    assert nowhere.json["error"] == "invalid_request"


@pytest.mark.parametrize(("sent", "status"), [(VERIFIER, 200), ("another", 400), ("", 400)])
def test_a_challenge_is_checked_when_one_was_sent(client, caller, sent, status):
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    wish = {"code_challenge": challenge, "code_challenge_method": "S256"}

    answered = _exchange(caller, _consent(client, wish)["code"], code_verifier=sent)

    assert answered.status_code == status


def test_the_app_is_known_by_body_by_header_and_by_json(client, caller):
    fields = {"grant_type": "refresh_token", "redirect_uri": CALLBACK}
    first = caller.refresh().json["refresh_token"]

    by_header = client.post(
        "/freshbooks/auth/oauth/token", data=fields | {"refresh_token": first}, auth=BASIC
    ).json
    by_json = client.post(
        "/freshbooks/auth/oauth/token",
        json=fields
        | {"refresh_token": by_header["refresh_token"]}
        | {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    )

    assert by_json.status_code == 200


@pytest.mark.parametrize("wrong", [{"client_id": "x"}, {"client_secret": ""}])
def test_a_wrong_app_is_told_so(caller, wrong):
    answered = caller.post("token", grant_type="refresh_token", refresh_token="any", **wrong)

    assert (answered.status_code, answered.json["error"]) == (401, "invalid_client")


def test_discovery_names_the_endpoints(client):
    found = client.get("/freshbooks/.well-known/oauth-authorization-server").json

    assert found["authorization_endpoint"].endswith("/freshbooks/oauth/authorize")
    assert found["token_endpoint"].endswith("/freshbooks/auth/oauth/token")
    assert found["revocation_endpoint"].endswith("/freshbooks/auth/oauth/revoke")


def test_a_program_gets_a_grant_only_for_addresses_of_this_machine(client):
    asked = {"redirect_uri": "https://evil.example/"}

    refused = client.post("/control/grants/freshbooks", json=asked)

    assert refused.status_code == 400
