"""A program that talks to the sandbox's FreshBooks; shared by the tests of it."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from tests.sandbox.control_room import customers

CLIENT_ID, CLIENT_SECRET = "sandbox-freshbooks-client", "sandbox-freshbooks-secret"
CALLBACK = "http://127.0.0.1:5000/settings/integrations/freshbooks/callback"
ACCOUNT, OTHER_ACCOUNT = "LS7Qk2", "BV3Wm9"


@dataclass
class Program:
    """Holds one grant and asks about one account."""

    client: FlaskClient
    grant: dict[str, Any]
    account: str = ACCOUNT

    def get(self, path: str, **parameters: Any) -> Any:
        token = self.grant["access_token"]
        return self.client.get(
            f"/freshbooks/{path}",
            query_string=parameters,
            headers={"Authorization": f"Bearer {token}"},
        )

    def ask(self, **parameters: Any) -> Any:
        return self.get(f"accounting/account/{self.account}/users/clients", **parameters)

    def listing(self, **parameters: Any) -> Any:
        return self.ask(**parameters).json["response"]["result"]

    def everyone(self, **parameters: Any) -> list[dict[str, Any]]:
        asked = {"per_page": 100, "sort": "id_asc", **parameters}
        first = self.listing(**asked)
        pages = [self.listing(**asked, page=number) for number in range(2, first["pages"] + 1)]
        return [found for page in (first, *pages) for found in page["clients"]]

    def one(self, client_id: object) -> Any:
        return self.get(f"accounting/account/{self.account}/users/clients/{client_id}")

    def post(self, path: str, **fields: str) -> Any:
        known = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return self.client.post(f"/freshbooks/auth/oauth/{path}", data=known | fields)

    def refresh(self, token: str | None = None) -> Any:
        sent = token or self.grant["refresh_token"]
        return self.post("token", grant_type="refresh_token", refresh_token=sent)

    def change(self, **wishes: int) -> Any:
        return self.client.post("/control/changes", json={"provider": "freshbooks", **wishes})


def census(client: FlaskClient, account: str | None = None) -> dict[str, int]:
    """Return the truth of the control room."""
    return customers(client, "freshbooks", account)


def program(client: FlaskClient, **sent: str) -> Program:
    """Let a program in without a browser."""
    granted = client.post("/control/grants/freshbooks", json=sent).json
    assert granted is not None
    return Program(client, granted, granted["account_id"])
