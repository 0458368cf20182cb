"""A program that talks to the sandbox's Xero; shared by the tests of it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask.testing import FlaskClient

from tests.sandbox.control_room import customers

CLIENT = ("sandbox-xero-client", "sandbox-xero-secret")
CALLBACK = "http://127.0.0.1:5000/settings/integrations/xero/callback"
SCOPE = "offline_access accounting.contacts.read"
KAURI = "0b6e7d1c-54a2-4f0b-9d53-7c1f2a6e8401"
TUI = "3f9a2c58-8e17-4c6d-a1b4-5d0e93c7f202"
PRACTICE = "c81f5a36-2b9d-4e70-8f46-e3d7106bca04"
REQUEST = {
    "client_id": CLIENT[0],
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": SCOPE,
    "state": "a state & more",
}


@dataclass
class Program:
    """Holds one token set and asks about one tenant."""

    client: FlaskClient
    tokens: dict[str, Any]
    tenant: str | None = KAURI

    @property
    def headers(self) -> dict[str, str]:
        tenant = {"Xero-Tenant-Id": self.tenant} if self.tenant else {}
        token = self.tokens["access_token"]
        return {"Authorization": f"Bearer {token}", "Accept": "application/json", **tenant}

    def get(self, path: str, *, headers: dict[str, str] | None = None, **sent: Any) -> Any:
        known = self.headers | (headers or {})
        return self.client.get(f"/xero/{path}", query_string=sent, headers=known)

    def ask(self, **sent: Any) -> Any:
        return self.get("api.xro/2.0/Contacts", **sent)

    def contacts(self, since: str | None = None, **sent: Any) -> list[dict[str, Any]]:
        headers = {"If-Modified-Since": since} if since else {}
        asked = {"page": 1, "pageSize": 1000, "order": "ContactID ASC", **sent}
        found: list[dict[str, Any]] = self.ask(headers=headers, **asked).json["Contacts"]
        return found

    def one(self, contact_id: str) -> Any:
        return self.get(f"api.xro/2.0/Contacts/{contact_id}")

    def connections(self, **sent: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("connections", **sent).json
        return found

    def disconnect(self, connection_id: str) -> Any:
        return self.client.delete(f"/xero/connections/{connection_id}", headers=self.headers)

    def refresh(self, token: str | None = None) -> Any:
        wanted = token or self.tokens["refresh_token"]
        return post_token(self.client, grant_type="refresh_token", refresh_token=wanted)

    def change(self, **wishes: int) -> Any:
        return self.client.post("/control/changes", json={"provider": "xero", **wishes})


def post_token(client: FlaskClient, auth: Any = CLIENT, **form: str) -> Any:
    """Ask the token endpoint, with a Basic header unless told otherwise."""
    return client.post("/xero/connect/token", data=form, auth=auth)


def consent(client: FlaskClient, *tenants: str, deny: bool = False, **request: str) -> Any:
    """Send the form of the consent page."""
    url = f"/xero/identity/connect/authorize?{urlencode(REQUEST | request)}"
    form = {"company": list(tenants)} | ({"deny": "1"} if deny else {})
    return client.post(url, data=form)


def carried_back(answered: Any) -> dict[str, str]:
    """Return the parameters a person comes back with."""
    return {name: found[0] for name, found in parse_qs(urlsplit(answered.location).query).items()}


def signed_in(client: FlaskClient, *tenants: str, **request: str) -> Program:
    """Let a program in through the consent page."""
    code = carried_back(consent(client, *(tenants or (KAURI,)), **request))["code"]
    tokens = post_token(
        client, grant_type="authorization_code", code=code, redirect_uri=CALLBACK
    ).json
    return Program(client, tokens)


def granted(client: FlaskClient, **sent: str) -> Program:
    """Let a program in without a browser."""
    tokens = client.post("/control/grants/xero", json=sent).json
    assert tokens is not None
    return Program(client, tokens, tokens["tenants"][0]["tenantId"])


def census(client: FlaskClient, tenant: str | None = None) -> dict[str, int]:
    """Return the truth of the control room."""
    return customers(client, "xero", tenant)
