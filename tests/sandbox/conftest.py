"""A fresh sandbox for every test, with a clock that only moves when told to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sandbox.app import create_app
from sandbox.freshbooks import books as freshbooks
from sandbox.quickbooks import books as quickbooks
from sandbox.world import the_world
from sandbox.xero import books as xero

REALM = "9341450000000001"


class MovableClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


@dataclass
class Caller:
    """A program that holds a grant for one realm."""

    client: FlaskClient
    grant: dict[str, Any]
    realm: str = REALM

    @property
    def headers(self) -> dict[str, str]:
        token = self.grant["access_token"]
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def get(self, path: str, **parameters: str) -> Any:
        url = f"/quickbooks/v3/company/{self.realm}/{path}"
        return self.client.get(url, query_string=parameters, headers=self.headers)

    def query(self, statement: str) -> Any:
        return self.get("query", query=statement, minorversion="75")

    def rows(self, statement: str) -> list[dict[str, Any]]:
        answered = self.query(statement).json["QueryResponse"]
        customers: list[dict[str, Any]] = answered.get("Customer", [])
        return customers

    def count(self, condition: str = "") -> int:
        answered = self.query(f"SELECT COUNT(*) FROM Customer {condition}").json
        total: int = answered["QueryResponse"]["totalCount"]
        return total

    def refresh(self, token: str | None = None) -> Any:
        return self.client.post(
            "/quickbooks/oauth2/v1/tokens/bearer",
            data={
                "grant_type": "refresh_token",
                "refresh_token": token or self.grant["refresh_token"],
            },
            auth=(self.grant["client_id"], self.grant["client_secret"]),
        )


@pytest.fixture(autouse=True, scope="session")
def _generated_once() -> Iterator[None]:
    """Generate the same customers once for all sandboxes of this process; nobody changes a row."""
    with pytest.MonkeyPatch.context() as patch:
        for imitation in (quickbooks, xero, freshbooks):
            generate = cache(imitation.generate)
            patch.setattr(imitation, "generate", lambda *what, kept=generate: list(kept(*what)))
        yield


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def app(clock: MovableClock) -> Iterator[Flask]:
    app = create_app(clock=clock)
    yield app
    the_world(app).store.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def small(client: FlaskClient) -> FlaskClient:
    """A sandbox of 60 customers."""
    client.post("/control/reset", json={"provider": "quickbooks", "size": 60})
    return client


@pytest.fixture
def make_caller(client: FlaskClient) -> Callable[..., Caller]:
    def make(realm: str = REALM) -> Caller:
        granted = client.post("/control/grants/quickbooks", json={"realm": realm}).json
        assert granted is not None
        return Caller(client, granted, realm)

    return make


@pytest.fixture
def caller(small: FlaskClient, make_caller: Callable[..., Caller]) -> Caller:
    """A program with a grant for the sandbox of 60 customers."""
    return make_caller()


@pytest.fixture
def turn_on(client: FlaskClient) -> Callable[..., Any]:
    """Turn a switch on, of QuickBooks unless another provider is named."""

    def turn(**wish: Any) -> Any:
        answered = client.post("/control/faults", json={"provider": "quickbooks", **wish})
        assert answered.status_code == 200, answered.text
        return answered.json

    return turn
