"""Disconnecting, and what pages see of a connection."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models import (
    AuditEvent,
    Connection,
    ConnectionState,
    Reading,
    ReadingFailure,
    ReadingState,
    RemoteAccount,
)
from services.connection_views import (
    AccountCounts,
    count_customers,
    list_connections,
    view_connection,
)
from services.connections import (
    NotConnected,
    Revocation,
    disconnect,
    find_connection,
    open_client,
    require_connection,
)
from services.providers.contract import ProviderKey, ProviderUnavailable
from services.runtime import Runtime
from services.token_vault import TokenVault
from tests.conftest import Clock
from tests.factories import (
    NOW,
    make_reading,
    make_remote_customer,
)
from tests.fakes import FakeAccountingClient, FakeAuthorization
from tests.services.permission import QUICKBOOKS, decide, reconnect
from tests.services.support import Place, ask, links, one, remote_states, rows
from tests.services.token_rows import held_tokens

OTHER_REALM = "9341450000000099"


@pytest.fixture(autouse=True)
def _provider(authorization: FakeAuthorization, books: FakeAccountingClient) -> None:
    """Every test here has the fake provider on the other side."""


def _state(runtime: Runtime, place: Place) -> ConnectionState:
    state: ConnectionState = one(runtime.sessions, Connection, place.connection_id).state
    return state


def test_disconnecting_gives_the_permission_back_and_deletes_every_token(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    assert disconnect(runtime, harbor.admin, QUICKBOOKS) is Revocation.CONFIRMED

    assert authorization.revoked == ["refresh-0"]
    assert set(held_tokens(runtime, harbor).values()) == {None}
    assert _state(runtime, harbor) is ConnectionState.DISCONNECTED
    assert rows(runtime.sessions, select(AuditEvent.action)) == [("disconnected",)]


def test_disconnecting_keeps_links_and_decisions(runtime: Runtime, harbor: Place) -> None:
    decide(runtime, harbor)

    disconnect(runtime, harbor.admin, QUICKBOOKS)

    assert remote_states(runtime.sessions, harbor) == {"1": "linked", "2": "ignored"}
    assert set(links(runtime.sessions, harbor)) == {"1"}


def test_disconnecting_ends_the_reading_that_runs(runtime: Runtime, harbor: Place) -> None:
    reading_id = ask(runtime, harbor)

    disconnect(runtime, harbor.admin, QUICKBOOKS)

    reading = one(runtime.sessions, Reading, reading_id)
    assert (reading.state, reading.failure) == (ReadingState.FAILED, ReadingFailure.INTERRUPTED)


def test_tokens_are_gone_here_even_when_the_provider_does_not_answer(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    authorization.error = ProviderUnavailable("no answer")

    assert disconnect(runtime, harbor.admin, QUICKBOOKS) is Revocation.UNCONFIRMED

    assert set(held_tokens(runtime, harbor).values()) == {None}
    assert _state(runtime, harbor) is ConnectionState.DISCONNECTED


def test_a_token_that_no_key_opens_is_deleted_without_a_call(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    object.__setattr__(runtime, "vault", TokenVault([b"z" * 32]))

    assert disconnect(runtime, harbor.admin, QUICKBOOKS) is Revocation.UNCONFIRMED

    assert authorization.revoked == []
    assert set(held_tokens(runtime, harbor).values()) == {None}


def _share_account(runtime: Runtime, place: Place, other: Place) -> None:
    mine = one(runtime.sessions, RemoteAccount, place.account_id)
    with runtime.sessions() as session:
        theirs = session.get_one(RemoteAccount, other.account_id)
        theirs.remote_account_id = mine.remote_account_id
        session.commit()


def test_a_permission_that_another_company_uses_too_is_not_ended(
    runtime: Runtime, harbor: Place, elsewhere: Place, authorization: FakeAuthorization
) -> None:
    _share_account(runtime, harbor, elsewhere)

    assert disconnect(runtime, harbor.admin, QUICKBOOKS) is Revocation.SHARED

    assert authorization.revoked == []
    assert set(held_tokens(runtime, harbor).values()) == {None}
    assert _state(runtime, elsewhere) is ConnectionState.CONNECTED


def test_the_last_company_that_uses_a_permission_ends_it(
    runtime: Runtime, harbor: Place, elsewhere: Place, authorization: FakeAuthorization
) -> None:
    _share_account(runtime, harbor, elsewhere)
    disconnect(runtime, harbor.admin, QUICKBOOKS)

    assert disconnect(runtime, elsewhere.admin, QUICKBOOKS) is Revocation.CONFIRMED

    assert authorization.revoked == ["refresh-0"]


def test_disconnecting_twice_is_told(runtime: Runtime, harbor: Place) -> None:
    disconnect(runtime, harbor.admin, QUICKBOOKS)

    with pytest.raises(NotConnected):
        disconnect(runtime, harbor.admin, QUICKBOOKS)


def test_zoe_disconnects_her_own_company_only(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    disconnect(runtime, elsewhere.admin, QUICKBOOKS)

    assert _state(runtime, harbor) is ConnectionState.CONNECTED
    assert _state(runtime, elsewhere) is ConnectionState.DISCONNECTED


def test_a_client_is_opened_for_a_standing_connection_only(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    assert open_client(runtime, harbor.connection_id) is books

    disconnect(runtime, harbor.admin, QUICKBOOKS)

    with pytest.raises(NotConnected):
        open_client(runtime, harbor.connection_id)
    with pytest.raises(NotConnected):
        open_client(runtime, 10_000)


def test_each_company_finds_its_own_connection(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    with runtime.sessions() as session:
        mine = find_connection(session, harbor.company_id, QUICKBOOKS)
        assert mine is not None and mine.id == harbor.connection_id
        assert find_connection(session, harbor.company_id, ProviderKey.XERO) is None
        with pytest.raises(NotConnected):
            require_connection(session, harbor.company_id, ProviderKey.XERO)


def test_a_page_sees_state_account_person_and_the_last_whole_reading(
    runtime: Runtime, harbor: Place, elsewhere: Place, clock: Clock
) -> None:
    reconnect(runtime, harbor)
    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        make_reading(session, connection, finished_at=NOW, counted_count=7)
        make_reading(session, connection, state=ReadingState.FAILED, counted_count=None)

    with runtime.sessions() as session:
        view = view_connection(session, harbor.company_id, QUICKBOOKS)
        listed = list_connections(session, harbor.company_id)

    assert view is not None
    assert view.is_connected and not view.needs_reconnect
    assert (view.account_name, view.connected_by_name) == ("Harbor Heating & Air LLC", "Ada Brandt")
    assert (view.read_at, view.counted_count) == (NOW, 7)
    assert listed == {QUICKBOOKS: view}


def test_the_counts_of_an_account_tell_its_kinds_apart(runtime: Runtime, harbor: Place) -> None:
    decide(runtime, harbor)
    left_out = {"state": "left_out", "is_counted": False}
    with runtime.sessions() as session:
        reading = session.scalars(select(Reading)).one()
        make_remote_customer(session, reading)
        make_remote_customer(session, reading, **left_out, status="archived")
        make_remote_customer(session, reading, **left_out, kind="sub_customer")
        make_remote_customer(session, reading, **left_out, kind="project")

    with runtime.sessions() as session:
        counts = count_customers(session, harbor.account_id)

    assert counts == AccountCounts(linked=1, ignored=1, archived=1, sub_customers=1, projects=1)
