"""The real application, connected to a live sandbox, for every case of the matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import create_app
from blueprints import unsynced
from config import load_settings, new_keys
from extensions import db
from sandbox.app import create_app as create_sandbox
from sandbox.world import the_world
from services.call_turns import make_turn
from services.providers import freshbooks, quickbooks, xero
from services.providers.contract import ProviderKey
from services.providers.quickbooks import QuickBooksClient
from services.providers.registry import ProviderAccess
from services.providers.transport import Transport
from services.runtime import Runtime
from tests.blueprints.support import CHEAP_HASH
from tests.conftest import Clock, WakeUps, hurry
from tests.factories import make_account, make_company, make_connection, make_tokens, make_user
from tests.matrix.place import SIZE, Place, SandboxClock
from tests.sandbox.live import live

#: So small that sixty customers fill several pages everywhere.
PAGE_SIZE = 25

#: The account whose customers a confused provider shows.
OTHER_ACCOUNTS = {
    ProviderKey.QUICKBOOKS: "9341450000000002",
    ProviderKey.XERO: "3f9a2c58-8e17-4c6d-a1b4-5d0e93c7f202",
    ProviderKey.FRESHBOOKS: "BV3Wm9",
}


@pytest.fixture
def sandbox_clock(clock: Clock) -> SandboxClock:
    return SandboxClock(clock)


@pytest.fixture
def waits(
    sandbox_clock: SandboxClock, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> SandboxClock:
    """Let no adapter sleep, nor look at another clock than the test's."""
    defaults: Any = Transport.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "sleep", sandbox_clock.sleep)
    monkeypatch.setitem(defaults, "now", clock)
    monkeypatch.setitem(make_turn.__kwdefaults__, "sleep", _wait_for_others)
    monkeypatch.setitem(QuickBooksClient.__init__.__kwdefaults__, "now", clock)
    return sandbox_clock


def _wait_for_others(wait_s: float, stop: Event) -> None:
    """Wait a moment for a turn; no case is so long that it fills a minute, whose clock stands."""
    assert wait_s < 1
    stop.wait(0.01)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickbooks, "PAGE_SIZE", PAGE_SIZE)
    monkeypatch.setitem(xero._EVERYBODY, "pageSize", str(PAGE_SIZE))
    monkeypatch.setitem(freshbooks._ORDER, "per_page", str(PAGE_SIZE))


@pytest.fixture
def sandbox(sandbox_clock: SandboxClock) -> Iterator[Flask]:
    app = create_sandbox(clock=sandbox_clock)
    yield app
    the_world(app).store.close()


@pytest.fixture
def sandbox_url(sandbox: Flask) -> Iterator[str]:
    with live(sandbox) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def app(
    database_path: Path,
    tmp_path: Path,
    clock: Clock,
    wake_ups: WakeUps,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Flask]:
    monkeypatch.setattr(unsynced, "PATIENCE_S", 0)
    environ = new_keys() | {
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_INSTANCE_FOLDER": str(tmp_path),
        "BLUECLERK_DATABASE_URL": f"sqlite:///{database_path}",
    }
    app = create_app(load_settings(environ), wake=wake_ups, clock=clock)
    with app.app_context():
        hurry(db.engine)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def place(
    provider: ProviderKey,
    app: Flask,
    sandbox: Flask,
    sandbox_url: str,
    clock: Clock,
    wake_ups: WakeUps,
    waits: SandboxClock,
    small_pages: None,
) -> Place:
    """A company that has just been connected to books of sixty customers two days old."""
    control = sandbox.test_client()
    _fill_books(control, provider)
    clock.advance(days=2)
    grant: Any = control.post(f"/control/grants/{provider.value}", json={}).json
    place = Place(
        provider=provider,
        app=app,
        sandbox=control,
        sandbox_url=sandbox_url,
        clock=clock,
        sandbox_clock=waits,
        wake_ups=wake_ups,
        access=ProviderAccess(grant["client_id"], grant["client_secret"], sandbox_url=sandbox_url),
        tokens=[grant["access_token"], grant["refresh_token"], grant["client_secret"]],
    )
    runtime: Runtime = app.extensions["runtime"]
    app.extensions["runtime"] = replace(runtime, access=lambda _provider: place.access)
    with runtime.sessions() as session:
        _make_rows(session, place, grant)
    place.sign_in()
    return place


def _fill_books(control: FlaskClient, provider: ProviderKey) -> None:
    """Make the books that are read, and those that a confused provider shows instead."""
    wish = {"provider": provider.value, "size": SIZE}
    control.post("/control/reset", json=wish)
    other = {"realm": OTHER_ACCOUNTS[provider], "size": SIZE // 2}
    control.post("/control/reset", json=wish | other)


def _make_rows(session: Session, place: Place, grant: Any) -> None:
    company = make_company(session)
    ada = make_user(session, company, name="Ada Brandt", password_hash=CHEAP_HASH)
    account_id, account_name = _account_of(place.provider, grant)
    account = make_account(
        session,
        company,
        provider=place.provider.value,
        remote_account_id=account_id,
        name=account_name,
    )
    tokens = make_tokens(
        access_token=grant["access_token"],
        refresh_token=grant["refresh_token"],
        access_expires_at=place.clock() + timedelta(seconds=grant["expires_in"]),
    )
    connection = make_connection(
        session,
        account,
        vault=place.runtime.vault,
        tokens=tokens,
        connected_by_id=ada.id,
        connected_at=place.clock(),
    )
    place.company_id, place.company_slug = company.id, company.slug
    place.connection_id, place.email = connection.id, ada.email


def _account_of(provider: ProviderKey, grant: Any) -> tuple[str, str]:
    match provider:
        case ProviderKey.QUICKBOOKS:
            return grant["realm_id"], grant["company_name"]
        case ProviderKey.XERO:
            [tenant] = grant["tenants"]
            return tenant["tenantId"], tenant["tenantName"]
        case ProviderKey.FRESHBOOKS:
            return grant["account_id"], grant["company_name"]
