"""Late holders, lost answers, passing trouble and copied databases: no token is spent in vain."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import Connection, ConnectionState, ReconnectReason
from services.connections import disconnect, reason_of
from services.installation import OtherInstallation, is_same_installation
from services.providers.contract import (
    ProviderError,
    ProviderKey,
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
    TokenSet,
    UnreadableAnswer,
    WrongCredentials,
)
from services.runtime import Runtime
from services.sealed_tokens import HeldTokens, open_tokens, seal_token
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAuthorization
from tests.services.permission import reconnect
from tests.services.support import Place, one
from tests.services.token_rows import change_connection, store_tokens, supply

TROUBLE = (
    ProviderUnavailable("no answer"),
    RateLimited("wait", retry_after_s=30),
    UnreadableAnswer("html"),
)


def _row(runtime: Runtime, place: Place) -> Connection:
    row: Connection = one(runtime.sessions, Connection, place.connection_id)
    return row


def _held(runtime: Runtime, place: Place) -> HeldTokens:
    return open_tokens(runtime.vault, _row(runtime, place))


def _keep_spare(runtime: Runtime, place: Place, token: str) -> None:
    row = _row(runtime, place)
    sealed = seal_token(runtime.vault, row, token, column="spare_refresh_token")
    change_connection(runtime, place, spare_refresh_token=sealed)


def test_the_token_of_a_late_holder_is_kept_as_the_spare(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    def be_overtaken() -> None:
        clock.advance(seconds=31)
        store_tokens(runtime, harbor, access_token="access-9", refresh_token="refresh-9")

    authorization.meanwhile = be_overtaken

    assert supply(runtime, harbor, "access-0") == "access-9"

    held = _held(runtime, harbor)
    assert (held.refresh_token, held.spare_refresh_token) == ("refresh-9", "refresh-1")


def test_a_spare_is_tried_after_both_other_tokens_and_then_forgotten(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    supply(runtime, harbor, "access-0")
    _keep_spare(runtime, harbor, "spare")
    authorization.accepted = {"spare"}

    assert supply(runtime, harbor, "access-1") == "access-2"

    assert authorization.refreshed == ["refresh-0", "refresh-1", "refresh-0", "spare"]
    held = _held(runtime, harbor)
    assert (held.refresh_token, held.spare_refresh_token) == ("refresh-2", None)


def test_a_spare_is_refused_only_once_before_the_permission_counts_as_ended(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    _keep_spare(runtime, harbor, "spare")
    authorization.accepted.clear()

    with pytest.raises(ReconnectRequired):
        supply(runtime, harbor, "access-0")

    assert authorization.refreshed == ["refresh-0", "spare"]
    assert _held(runtime, harbor).refresh_token == "refresh-0"


@pytest.mark.parametrize("over", ["reconnected", "disconnected"])
def test_a_late_token_of_a_consent_that_is_over_is_not_kept(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization, over: str
) -> None:
    def end_the_consent() -> None:
        authorization.meanwhile = lambda: None
        clock.advance(seconds=31)
        if over == "reconnected":
            reconnect(runtime, harbor)
        else:
            disconnect(runtime, harbor.admin, ProviderKey.QUICKBOOKS)

    authorization.meanwhile = end_the_consent

    if over == "reconnected":
        assert supply(runtime, harbor, "access-0") == "access-1"
    else:
        with pytest.raises(ReconnectRequired, match="was ended"):
            supply(runtime, harbor, "access-0")

    assert _row(runtime, harbor).spare_refresh_token is None


def test_a_second_call_prolongs_the_lease_before_it(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    supply(runtime, harbor, "access-0")
    authorization.accepted = {"refresh-0"}
    until: list[Any] = []

    def take_long() -> None:
        until.append(_row(runtime, harbor).lease_until_at)
        clock.advance(seconds=20)

    begun_at = clock()
    authorization.meanwhile = take_long

    supply(runtime, harbor, "access-1")

    assert until == [begun_at + timedelta(seconds=30), begun_at + timedelta(seconds=50)]


def test_a_holder_that_lost_the_lease_makes_no_second_call(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    supply(runtime, harbor, "access-0")
    authorization.accepted = {"refresh-0"}

    def lose_the_lease() -> None:
        authorization.meanwhile = lambda: None
        change_connection(runtime, harbor, lease_owner="faster")
        store_tokens(runtime, harbor, access_token="access-9", refresh_token="refresh-9")

    authorization.meanwhile = lose_the_lease

    assert supply(runtime, harbor, "access-1") == "access-9"

    assert authorization.refreshed == ["refresh-0", "refresh-1"]


@pytest.mark.parametrize("error", TROUBLE, ids=lambda error: type(error).__name__)
def test_a_token_in_its_last_minutes_is_used_while_renewing_meets_trouble(
    runtime: Runtime,
    harbor: Place,
    clock: Clock,
    authorization: FakeAuthorization,
    error: ProviderError,
) -> None:
    clock.advance(minutes=57)
    authorization.error = error

    given = [supply(runtime, harbor), supply(runtime, harbor)]

    assert given == ["access-0", "access-0"]
    assert authorization.refreshed == ["refresh-0"], "the second did not ask within 30 s"


def test_after_trouble_nobody_asks_for_half_a_minute(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    clock.advance(hours=2)
    authorization.error = ProviderUnavailable("no answer")
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            supply(runtime, harbor)
    clock.advance(seconds=30)
    authorization.error = None

    assert supply(runtime, harbor) == "access-1"

    assert authorization.refreshed == ["refresh-0", "refresh-0"]
    assert _row(runtime, harbor).renewal_failed_at is None


def test_our_own_wrong_secret_is_told_each_time_and_ends_nothing(
    runtime: Runtime, harbor: Place, clock: Clock, authorization: FakeAuthorization
) -> None:
    clock.advance(hours=2)
    authorization.error = WrongCredentials("invalid_client")

    for _ in range(2):
        with pytest.raises(WrongCredentials):
            supply(runtime, harbor)

    row = _row(runtime, harbor)
    assert (row.state, row.lease_owner) == (ConnectionState.CONNECTED, None)
    assert _held(runtime, harbor).refresh_token == "refresh-0"


def test_the_same_refresh_token_back_replaces_nothing_else(
    runtime: Runtime,
    harbor: Place,
    authorization: FakeAuthorization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """QuickBooks gives the same one for a day, and an answer without one keeps the old."""

    def renew(refresh_token: str, **_options: Any) -> TokenSet:
        return TokenSet("access-1", refresh_token, NOW + timedelta(hours=1))

    monkeypatch.setattr(authorization, "refresh", renew)

    assert supply(runtime, harbor, "access-0") == "access-1"

    held = _held(runtime, harbor)
    assert (held.refresh_token, held.previous_refresh_token) == ("refresh-0", None)


def test_a_hard_end_stays_when_an_answer_does_not_repeat_it(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    end_at = NOW + timedelta(days=900)
    change_connection(runtime, harbor, hard_expires_at=end_at, renewed_at=None)

    supply(runtime, harbor, "access-0")

    row = _row(runtime, harbor)
    assert (row.hard_expires_at, row.renewed_at) == (end_at, NOW)


def test_a_copy_of_the_database_elsewhere_spends_no_token(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    change_connection(runtime, harbor, installation="https://clerk.example.com")

    with pytest.raises(OtherInstallation) as caught:
        supply(runtime, harbor, "access-0")

    assert reason_of(caught.value) is ReconnectReason.OTHER_INSTALLATION
    assert authorization.refreshed == []


def test_an_older_row_learns_its_installation_when_it_is_renewed(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    change_connection(runtime, harbor, installation="")

    supply(runtime, harbor, "access-0")

    assert _row(runtime, harbor).installation == "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    ("stored", "current", "is_same"),
    [
        ("", "https://clerk.example.com", True),
        ("https://clerk.example.com", "https://clerk.example.com:8443", True),
        ("http://clerk.example.com", "https://CLERK.example.com.", True),
        ("http://127.0.0.1:5000", "http://localhost:5010", True),
        ("http://[::1]:5000", "http://127.0.0.1", True),
        ("https://clerk.example.com", "https://staging.example.com", False),
        ("https://clerk.example.com", "http://127.0.0.1:5000", False),
    ],
)
def test_hosts_tell_installations_apart(stored: str, current: str, is_same: bool) -> None:
    assert is_same_installation(stored, current) is is_same
