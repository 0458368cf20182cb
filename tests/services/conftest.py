"""Fixtures of the service tests: harbor with ada, elsewhere with zoe, an office, a fake provider.

Every call to the fake provider checks that no transaction is open meanwhile.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import URL

from services.providers import registry
from services.runtime import Runtime
from tests.conftest import Clock, WakeUps
from tests.fakes import FakeAccountingClient, FakeAuthorization
from tests.services.mailing import Office, make_office
from tests.services.support import Place, make_place, refuse_open_transactions


@pytest.fixture
def harbor(runtime: Runtime) -> Place:
    return make_place(runtime, email="ada@example.com", name="Ada Brandt")


@pytest.fixture
def elsewhere(runtime: Runtime) -> Place:
    return make_place(runtime, email="zoe@example.com", name="Zoe Lindqvist")


@pytest.fixture
def office(runtime: Runtime, clock: Clock, wake_ups: WakeUps, database_url: URL) -> Office:
    return make_office(runtime, clock, wake_ups, database_url)


@pytest.fixture
def authorization(monkeypatch: pytest.MonkeyPatch, database_url: URL) -> FakeAuthorization:
    """The provider's token endpoint; refresh-0 is the token it accepts first."""
    fake = FakeAuthorization(meanwhile=refuse_open_transactions(database_url))
    monkeypatch.setattr(registry, "open_authorization", lambda _provider, _access: fake)
    return fake


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch, database_url: URL) -> FakeAccountingClient:
    """The provider's customers; `records` is what the next reading finds."""
    fake = FakeAccountingClient(page_size=2, meanwhile=refuse_open_transactions(database_url))

    def open_client(*_args: Any, **_options: Any) -> FakeAccountingClient:
        return fake

    monkeypatch.setattr(registry, "open_accounting_client", open_client)
    return fake
