"""Tokens that nobody uses are kept alive, and no customer is read for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import Connection, ConnectionState, ReconnectReason
from services.connections import require_reconnect
from services.providers import registry
from services.providers.contract import ProviderKey, ProviderUnavailable, WrongCredentials
from services.runtime import Runtime
from services.token_upkeep import CONNECTIONS_PER_TICK, JITTER, jitter, keep_tokens
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient, FakeAuthorization
from tests.services.support import Place, make_place, one
from tests.services.token_rows import change_connection, store_tokens

DAY = timedelta(hours=24)


@pytest.fixture(autouse=True)
def _provider(authorization: FakeAuthorization, books: FakeAccountingClient) -> None:
    """Every test here has the fake provider on the other side."""


@pytest.fixture
def unused(runtime: Runtime, harbor: Place) -> Place:
    """A connection whose tokens were renewed more than a day ago."""
    long_ago = NOW - DAY - JITTER - timedelta(minutes=1)
    change_connection(runtime, harbor, renewed_at=long_ago, access_expires_at=long_ago)
    return harbor


def _row(runtime: Runtime, place: Place) -> Connection:
    row: Connection = one(runtime.sessions, Connection, place.connection_id)
    return row


def test_an_unused_token_is_renewed_without_reading_a_customer(
    runtime: Runtime, unused: Place, authorization: FakeAuthorization, books: FakeAccountingClient
) -> None:
    keep_tokens(runtime)

    assert authorization.refreshed == ["refresh-0"]
    assert _row(runtime, unused).renewed_at == NOW
    assert books.call_count == 0


def test_a_token_of_today_is_left_alone(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    change_connection(runtime, harbor, renewed_at=NOW - DAY)

    keep_tokens(runtime)

    assert authorization.refreshed == []


def test_a_connection_from_before_is_measured_from_its_consent(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    change_connection(runtime, harbor, renewed_at=None, access_expires_at=NOW)

    keep_tokens(runtime)

    assert authorization.refreshed == ["refresh-0"]


def test_each_connection_has_its_own_moment_within_two_hours(
    runtime: Runtime, unused: Place, authorization: FakeAuthorization
) -> None:
    own = jitter(_row(runtime, unused).public_id)
    change_connection(runtime, unused, renewed_at=NOW - DAY - own)

    keep_tokens(runtime)

    assert authorization.refreshed == []
    assert (jitter("0" * 16), jitter("8" + "0" * 15)) == (timedelta(0), JITTER / 2)
    assert timedelta(0) <= own < JITTER


@pytest.mark.parametrize(
    "state", [ConnectionState.DISCONNECTED, ConnectionState.RECONNECT_REQUIRED]
)
def test_what_does_not_stand_is_not_renewed(
    runtime: Runtime, unused: Place, authorization: FakeAuthorization, state: ConnectionState
) -> None:
    change_connection(runtime, unused, state=state)

    keep_tokens(runtime)

    assert authorization.refreshed == []


def test_a_permission_that_ended_is_marked(
    runtime: Runtime, unused: Place, authorization: FakeAuthorization
) -> None:
    authorization.accepted.clear()

    keep_tokens(runtime)

    row = _row(runtime, unused)
    assert row.state is ConnectionState.RECONNECT_REQUIRED
    assert (row.reconnect_reason, row.ended_at) == (ReconnectReason.ENDED, NOW)


def test_an_end_that_somebody_elses_tokens_overtook_is_not_marked(
    runtime: Runtime, harbor: Place
) -> None:
    looked_at = _row(runtime, harbor).token_version
    store_tokens(runtime, harbor)

    with runtime.sessions() as session:
        require_reconnect(
            session,
            harbor.connection_id,
            reason=ReconnectReason.ENDED,
            now=NOW,
            token_version=looked_at,
        )
        session.commit()

    assert _row(runtime, harbor).state is ConnectionState.CONNECTED


def test_trouble_changes_nothing_and_waits_a_quarter_of_an_hour(
    runtime: Runtime, unused: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    authorization.error = ProviderUnavailable("no answer")
    keep_tokens(runtime)
    for _ in range(7):
        clock.advance(minutes=2)
        keep_tokens(runtime)
    asked_before = len(authorization.refreshed)
    authorization.error = None
    clock.advance(minutes=2)

    keep_tokens(runtime)

    assert asked_before == 1
    assert authorization.refreshed == ["refresh-0", "refresh-0"]
    assert _row(runtime, unused).state is ConnectionState.CONNECTED


def test_a_provider_in_trouble_is_not_asked_for_the_next_connection(
    runtime: Runtime, unused: Place, authorization: FakeAuthorization
) -> None:
    second = make_place(runtime, name="Zoe Lindqvist")
    change_connection(runtime, second, access_expires_at=NOW - DAY)
    authorization.error = ProviderUnavailable("no answer")

    keep_tokens(runtime)

    assert len(authorization.refreshed) == 1


def test_a_tick_renews_a_few_and_the_next_ones_the_rest(
    runtime: Runtime, clock: Clock, authorization: FakeAuthorization
) -> None:
    for _ in range(CONNECTIONS_PER_TICK + 2):
        place = make_place(runtime, name="Ada Brandt")
        store_tokens(runtime, place, access_expires_at=NOW - DAY)
    authorization.accepted = _Everything()

    keep_tokens(runtime)
    first = len(authorization.refreshed)
    clock.advance(minutes=1)
    keep_tokens(runtime)
    within_two_minutes = len(authorization.refreshed)
    clock.advance(minutes=1)
    keep_tokens(runtime)

    assert (first, within_two_minutes) == (CONNECTIONS_PER_TICK, CONNECTIONS_PER_TICK)
    assert len(authorization.refreshed) == CONNECTIONS_PER_TICK + 2


def test_a_provider_that_refuses_our_own_credentials_does_not_starve_the_others(
    runtime: Runtime, authorization: FakeAuthorization, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = FakeAuthorization()
    refused.error = WrongCredentials("invalid_client")
    for _ in range(CONNECTIONS_PER_TICK):
        oldest = make_place(runtime, name="Ada Brandt")
        long_ago = NOW - 2 * DAY
        change_connection(runtime, oldest, renewed_at=long_ago, access_expires_at=long_ago)
    other = make_place(runtime, name="Zoe Lindqvist")
    yesterday = NOW - DAY - JITTER - timedelta(minutes=1)
    change_connection(
        runtime, other, provider="xero", renewed_at=yesterday, access_expires_at=yesterday
    )
    answers = {ProviderKey.QUICKBOOKS: refused, ProviderKey.XERO: authorization}
    monkeypatch.setattr(registry, "open_authorization", lambda key, _access: answers[key])

    keep_tokens(runtime)

    assert len(refused.refreshed) == 1
    assert authorization.refreshed == ["refresh-0"]


class _Everything(set[str]):
    """Refresh tokens of which each is accepted."""

    def __contains__(self, _token: object) -> bool:
        return True
