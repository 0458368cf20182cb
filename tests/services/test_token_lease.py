"""One connection's token: renewed in time, once, and never thrown away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import Connection, ConnectionState
from services.providers.contract import (
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
    UnreadableAnswer,
    WrongCredentials,
)
from services.runtime import Runtime
from services.token_lease import TokenLease
from tests.conftest import Clock
from tests.factories import NOW, make_tokens
from tests.fakes import FakeAuthorization
from tests.services.support import Place, one
from tests.services.token_rows import change_connection, held_tokens, store_tokens, supply

TEMPORARY = (
    ProviderUnavailable("no answer"),
    RateLimited("wait", retry_after_s=30),
    UnreadableAnswer("html"),
    WrongCredentials("invalid_client"),
)


def test_a_fresh_token_is_used_without_a_call(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    assert supply(runtime, harbor) == "access-0"
    assert authorization.refreshed == []


@pytest.mark.parametrize(("minutes", "expected"), [(54, "access-0"), (55, "access-1")])
def test_a_token_is_renewed_five_minutes_before_its_end(
    runtime: Runtime,
    harbor: Place,
    clock: Clock,
    authorization: FakeAuthorization,
    minutes: int,
    expected: str,
) -> None:
    clock.advance(minutes=minutes)

    assert supply(runtime, harbor) == expected


def test_renewing_stores_both_tokens_and_keeps_the_one_before(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    clock.advance(hours=2)

    supply(runtime, harbor)

    assert held_tokens(runtime, harbor) == {
        "access_token": "access-1",
        "refresh_token": "refresh-1",
        "previous_refresh_token": "refresh-0",
    }
    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert connection.access_expires_at == clock() + timedelta(hours=1)
    assert (connection.lease_owner, connection.lease_until_at) == (None, None)


def test_a_refused_token_is_renewed_once_however_often_it_is_refused(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    lease = TokenLease(runtime, harbor.connection_id)

    given = [lease.supply("access-0") for _ in range(5)]

    assert given == ["access-1"] * 5
    assert authorization.refreshed == ["refresh-0"]


def test_a_provider_that_keeps_the_refresh_token_is_no_alarm(
    runtime: Runtime,
    harbor: Place,
    authorization: FakeAuthorization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = make_tokens(access_token="access-1", refresh_token="refresh-0")
    monkeypatch.setattr(authorization, "issue", lambda _now: kept)

    assert supply(runtime, harbor, "access-0") == "access-1"

    assert held_tokens(runtime, harbor)["refresh_token"] == "refresh-0"
    assert held_tokens(runtime, harbor)["previous_refresh_token"] is None


def test_a_refusal_is_no_end_when_another_process_renewed_meanwhile(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    def renew_elsewhere() -> None:
        authorization.accepted.clear()
        store_tokens(runtime, harbor, access_token="access-9", refresh_token="refresh-9")

    authorization.meanwhile = renew_elsewhere

    assert supply(runtime, harbor, "access-0") == "access-9"
    assert held_tokens(runtime, harbor)["refresh_token"] == "refresh-9"


def test_a_lost_answer_is_survived_with_the_token_before(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    supply(runtime, harbor, "access-0")
    authorization.accepted = {"refresh-0"}  # the provider forgot the answer that we stored

    assert supply(runtime, harbor, "access-1") == "access-2"

    assert authorization.refreshed == ["refresh-0", "refresh-1", "refresh-0"]
    assert held_tokens(runtime, harbor)["refresh_token"] == "refresh-2"


def test_two_refusals_end_the_permission_and_no_token_is_lost(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    supply(runtime, harbor, "access-0")
    authorization.accepted.clear()
    before = held_tokens(runtime, harbor)

    with pytest.raises(ReconnectRequired):
        supply(runtime, harbor, "access-1")

    assert authorization.refreshed == ["refresh-0", "refresh-1", "refresh-0"]
    assert held_tokens(runtime, harbor) == before


@pytest.mark.parametrize("error", TEMPORARY, ids=lambda error: type(error).__name__)
def test_trouble_is_never_taken_for_the_end_of_the_permission(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization, error: ProviderError
) -> None:
    before = held_tokens(runtime, harbor)
    authorization.error = error

    with pytest.raises(type(error)):
        supply(runtime, harbor, "access-0")

    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert connection.state is ConnectionState.CONNECTED
    assert connection.lease_owner is None, "the next one may try at once"
    assert held_tokens(runtime, harbor) == before


@pytest.mark.parametrize("error", TEMPORARY, ids=lambda error: type(error).__name__)
def test_trouble_with_the_token_before_is_trouble_and_not_the_end(
    runtime: Runtime,
    harbor: Place,
    authorization: FakeAuthorization,
    monkeypatch: pytest.MonkeyPatch,
    error: ProviderError,
) -> None:
    supply(runtime, harbor, "access-0")
    answers = iter([ReconnectRequired("invalid_grant"), error])

    def refuse(_token: str, **_options: Any) -> None:
        raise next(answers)

    monkeypatch.setattr(authorization, "refresh", refuse)

    with pytest.raises(type(error)):
        supply(runtime, harbor, "access-1")


def test_a_dead_holder_is_waited_for_until_its_lease_ends(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    change_connection(
        runtime, harbor, lease_owner="killed", lease_until_at=NOW + timedelta(seconds=10)
    )
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds=seconds)

    lease = TokenLease(runtime, harbor.connection_id, sleep=wait, monotonic=lambda: 0)

    assert lease.supply("access-0") == "access-1"
    assert 10 <= sum(waits) < 11
    assert all(0.05 <= seconds <= 0.1 for seconds in waits)


def test_waiting_ends_with_trouble_after_a_while(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    change_connection(
        runtime, harbor, lease_owner="slow", lease_until_at=NOW + timedelta(seconds=30)
    )
    time = iter(range(0, 1000, 5))
    lease = TokenLease(
        runtime,
        harbor.connection_id,
        sleep=lambda _seconds: None,
        monotonic=lambda: next(time),
    )

    with pytest.raises(ProviderUnavailable, match="did not finish renewing"):
        lease.supply("access-0")
    assert authorization.refreshed == []


def test_what_a_waiting_process_gets_is_the_token_of_the_holder(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    change_connection(
        runtime, harbor, lease_owner="other", lease_until_at=NOW + timedelta(seconds=30)
    )

    def let_the_holder_finish(_seconds: float) -> None:
        store_tokens(runtime, harbor, access_token="access-9", refresh_token="refresh-9")

    lease = TokenLease(runtime, harbor.connection_id, sleep=let_the_holder_finish)

    assert lease.supply("access-0") == "access-9"
    assert authorization.refreshed == []


def test_a_holder_that_outlived_its_lease_overwrites_nothing(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    def be_overtaken() -> None:
        clock.advance(seconds=31)
        store_tokens(runtime, harbor, access_token="access-9", refresh_token="refresh-9")

    authorization.meanwhile = be_overtaken

    assert supply(runtime, harbor, "access-0") == "access-9"
    assert held_tokens(runtime, harbor)["refresh_token"] == "refresh-9"


def test_a_reconnect_during_a_renewal_keeps_the_new_permission(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    def reconnect() -> None:
        authorization.accepted.clear()
        store_tokens(runtime, harbor, access_token="access-new", refresh_token="refresh-new")

    authorization.meanwhile = reconnect

    assert supply(runtime, harbor, "access-0") == "access-new"
    assert held_tokens(runtime, harbor)["refresh_token"] == "refresh-new"
