"""One reading: whole or nothing, and honest about why there is nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import (
    Connection,
    ConnectionState,
    Reading,
    ReadingFailure,
    ReadingKind,
    ReadingState,
    RemoteCustomer,
)
from services.connections import disconnect
from services.providers.contract import (
    CustomerRecord,
    ProviderError,
    ProviderKey,
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
    UnreadableAnswer,
    WrongCredentials,
)
from services.readings import refresh
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient, FakeAuthorization
from tests.services.support import Place, ask, count, one, read, record, remote_states, rows
from tests.services.token_rows import change_connection

FAILURES = [
    (ReconnectRequired("revoked"), ReadingFailure.RECONNECT_REQUIRED),
    (RateLimited("wait", retry_after_s=90), ReadingFailure.RATE_LIMITED),
    (ProviderUnavailable("no answer"), ReadingFailure.UNAVAILABLE),
    (UnreadableAnswer("html"), ReadingFailure.UNREADABLE),
    (WrongCredentials("invalid_client"), ReadingFailure.WRONG_CREDENTIALS),
]


def _reading(runtime: Runtime, reading_id: int) -> Reading:
    reading: Reading = one(runtime.sessions, Reading, reading_id)
    return reading


def test_a_reading_stores_everybody_and_says_what_it_cost(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(number) for number in range(5)]

    reading = _reading(runtime, read(runtime, harbor))

    assert (reading.state, reading.kind) == (ReadingState.FINISHED, ReadingKind.FULL)
    assert (reading.counted_count, reading.unsynced_count) == (5, 5)
    assert (reading.read_count, reading.expected_count, reading.call_count) == (5, 5, 3)
    assert reading.finished_at == NOW
    assert set(remote_states(runtime.sessions, harbor).values()) == {"unsynced"}


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_any_number_around_a_page_is_read_whole(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, size: int
) -> None:
    books.records = [record(number) for number in range(size)]

    reading = _reading(runtime, read(runtime, harbor))

    assert (reading.state, reading.counted_count) == (ReadingState.FINISHED, size)


def test_an_id_on_two_pages_counts_once(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2), record(2, name="Ben"), record(3)]

    reading = _reading(runtime, read(runtime, harbor))

    assert reading.counted_count == 3


@pytest.mark.parametrize(("error", "failure"), FAILURES, ids=lambda case: type(case).__name__)
def test_a_failed_page_leaves_rows_and_last_number_as_they_were(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    error: ProviderError,
    failure: ReadingFailure,
) -> None:
    books.records = [record(number) for number in range(4)]
    whole = read(runtime, harbor)
    before = rows(runtime.sessions, select(RemoteCustomer.remote_id, RemoteCustomer.fingerprint))
    clock.advance(days=8)
    books.records = [record(number, name="Changed") for number in range(2, 9)]
    books.error, books.fail_after = error, 1

    failed = _reading(runtime, read(runtime, harbor))

    assert (failed.state, failed.failure) == (ReadingState.FAILED, failure)
    assert (failed.counted_count, failed.unsynced_count, failed.cursor_at) == (None, None, None)
    assert failed.finished_at == clock()
    assert _reading(runtime, whole).counted_count == 4
    after = rows(runtime.sessions, select(RemoteCustomer.remote_id, RemoteCustomer.fingerprint))
    assert after == before


def test_only_an_ended_permission_asks_for_a_reconnect(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    states = []
    for error, _failure in reversed(FAILURES):
        books.error = error
        read(runtime, harbor)
        states.append(one(runtime.sessions, Connection, harbor.connection_id).state)

    connected = ConnectionState.CONNECTED
    assert states == [connected] * 4 + [ConnectionState.RECONNECT_REQUIRED]


def test_a_limited_reading_says_until_when(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.error = RateLimited("wait", retry_after_s=90, reference="tid-7")

    reading = _reading(runtime, read(runtime, harbor))

    assert reading.retry_at == NOW + timedelta(seconds=90)
    assert reading.failure_reference == "tid-7"


def test_an_endless_reference_is_cut(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.error = ProviderUnavailable("no answer", reference="x" * 5000)

    assert len(_reading(runtime, read(runtime, harbor)).failure_reference) == 100


def test_a_fault_of_our_own_ends_the_reading_too(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    books.error = ZeroDivisionError("ours")  # type: ignore[assignment]

    reading = _reading(runtime, read(runtime, harbor))

    assert (reading.state, reading.failure) == (ReadingState.FAILED, ReadingFailure.BROKEN)
    assert "a reading broke" in caplog.text


def test_a_connection_that_ended_meanwhile_is_not_read(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    authorization: FakeAuthorization,
) -> None:
    reading_id = ask(runtime, harbor)
    disconnect(runtime, harbor.admin, ProviderKey.QUICKBOOKS)

    refresh(runtime, reading_id)

    assert books.call_count == 0
    assert _reading(runtime, reading_id).state is ReadingState.FAILED


def test_a_connection_that_is_gone_when_the_job_begins_has_no_number(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    reading_id = ask(runtime, harbor)
    change_connection(runtime, harbor, state=ConnectionState.DISCONNECTED)

    refresh(runtime, reading_id)

    assert books.call_count == 0
    assert _reading(runtime, reading_id).failure is ReadingFailure.RECONNECT_REQUIRED
    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert connection.state is ConnectionState.DISCONNECTED


def test_no_log_names_a_customer_or_a_token(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    books.records = [record(1, name="Canary Bird", emails_text="canary@example.com")]
    read(runtime, harbor)
    books.error = ProviderUnavailable("the body said canary")
    read(runtime, harbor)

    assert "canary" not in caplog.text.lower()


def test_readings_of_two_companies_share_nothing(
    runtime: Runtime, harbor: Place, elsewhere: Place, books: FakeAccountingClient
) -> None:
    books.records = [CustomerRecord("1", "Ann")]
    read(runtime, harbor)
    books.records = []

    read(runtime, elsewhere)

    assert remote_states(runtime.sessions, harbor) == {"1": "unsynced"}
    assert remote_states(runtime.sessions, elsewhere) == {}
    assert count(runtime.sessions, RemoteCustomer) == 1
