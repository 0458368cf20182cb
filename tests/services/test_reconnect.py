"""Reconnecting: links and decisions stay, another account stops and asks."""

from __future__ import annotations

from typing import Any

import pytest

from models import (
    Connection,
    ConnectionState,
    Reading,
    ReadingFailure,
    ReadingState,
)
from services.connection_views import AccountCounts, count_customers
from services.connections import disconnect
from services.consent import OtherAccount
from services.providers.contract import ReconnectRequired
from services.runtime import Runtime
from tests.factories import (
    NOW,
)
from tests.fakes import FakeAccountingClient, FakeAuthorization
from tests.services.permission import QUICKBOOKS, decide, reconnect
from tests.services.support import Place, ask, links, one, remote_states
from tests.services.token_rows import change_connection, held_tokens

OTHER_REALM = "9341450000000099"


@pytest.fixture(autouse=True)
def _provider(authorization: FakeAuthorization, books: FakeAccountingClient) -> None:
    """Every test here has the fake provider on the other side."""


def _state(runtime: Runtime, place: Place) -> ConnectionState:
    state: ConnectionState = one(runtime.sessions, Connection, place.connection_id).state
    return state


def test_reconnecting_keeps_links_decisions_and_the_account(
    runtime: Runtime, harbor: Place
) -> None:
    decide(runtime, harbor)
    change_connection(runtime, harbor, state=ConnectionState.RECONNECT_REQUIRED, ended_at=NOW)

    reconnect(runtime, harbor)

    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert (connection.state, connection.ended_at) == (ConnectionState.CONNECTED, None)
    assert connection.account_id == harbor.account_id
    assert remote_states(runtime.sessions, harbor) == {"1": "linked", "2": "ignored"}
    assert set(links(runtime.sessions, harbor)) == {"1"}


def test_reconnecting_replaces_every_token_and_frees_the_lease(
    runtime: Runtime, harbor: Place
) -> None:
    change_connection(runtime, harbor, lease_owner="killed", lease_until_at=NOW, token_version=7)

    reconnect(runtime, harbor)

    assert held_tokens(runtime, harbor) == {
        "access_token": "access-1",
        "refresh_token": "refresh-1",
        "previous_refresh_token": None,
    }
    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert connection.token_version == 8
    assert (connection.lease_owner, connection.lease_until_at) == (None, None)


def test_reconnecting_ends_the_reading_of_the_permission_before(
    runtime: Runtime, harbor: Place
) -> None:
    reading_id = ask(runtime, harbor)

    reconnect(runtime, harbor)

    reading = one(runtime.sessions, Reading, reading_id)
    assert (reading.state, reading.failure) == (ReadingState.FAILED, ReadingFailure.INTERRUPTED)
    assert reading.finished_at == NOW


def test_another_account_stops_and_names_the_one_before(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    with pytest.raises(OtherAccount) as caught:
        reconnect(runtime, harbor, realm=OTHER_REALM)

    assert caught.value.expected_name == "Harbor Heating & Air LLC"
    assert authorization.exchanged == []
    assert held_tokens(runtime, harbor)["access_token"] == "access-0"


def test_another_account_stops_even_after_a_disconnect(runtime: Runtime, harbor: Place) -> None:
    disconnect(runtime, harbor.admin, QUICKBOOKS)

    with pytest.raises(OtherAccount):
        reconnect(runtime, harbor, realm=OTHER_REALM)


def test_another_account_that_was_agreed_to_starts_empty_and_the_old_one_stays(
    runtime: Runtime, harbor: Place
) -> None:
    decide(runtime, harbor)

    reconnect(runtime, harbor, realm=OTHER_REALM, allows_other_account=True)

    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert connection.account_id != harbor.account_id
    assert remote_states(runtime.sessions, harbor) == {"1": "linked", "2": "ignored"}
    with runtime.sessions() as session:
        assert count_customers(session, connection.account_id) == AccountCounts()


@pytest.mark.parametrize("failing", ["exchange_code", "shared_accounts"])
def test_a_failed_exchange_leaves_the_connection_as_it_was(
    runtime: Runtime,
    harbor: Place,
    authorization: FakeAuthorization,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    before = held_tokens(runtime, harbor)

    def fail(*_arguments: Any, **_options: Any) -> None:
        raise ReconnectRequired("403")

    monkeypatch.setattr(authorization, failing, fail)

    with pytest.raises(ReconnectRequired):
        reconnect(runtime, harbor)

    assert held_tokens(runtime, harbor) == before
    assert _state(runtime, harbor) is ConnectionState.CONNECTED
