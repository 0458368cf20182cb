"""A delta that is not believed: newcomers that do not add up, rows that cannot be read."""

from __future__ import annotations

from datetime import timedelta

from models import Connection, Reading, ReadingFailure, ReadingKind, ReadingState
from services.connecting import store_connection
from services.providers.contract import ProviderKey, RemoteAccount, RemoteStatus
from services.readings import refresh
from services.runtime import Runtime
from services.unsynced import ensure_fresh, note_look
from tests.conftest import Clock
from tests.factories import NOW, make_tokens
from tests.fakes import FakeAccountingClient
from tests.services.support import (
    Place,
    ask,
    count,
    last_reading,
    one,
    read,
    record,
    remote_states,
)


def _newcomer(number: int) -> object:
    return record(number, remote_updated_at=NOW)


def test_newcomers_that_add_up_cost_one_call_more(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2)]
    books.as_of = NOW - timedelta(hours=1)
    read(runtime, harbor)
    books.records.append(_newcomer(3))
    calls_before = books.call_count

    read(runtime, harbor)

    assert last_reading(runtime.sessions).kind is ReadingKind.DELTA
    assert last_reading(runtime.sessions).counted_count == 3
    assert books.call_count - calls_before == 2


def test_newcomers_that_do_not_add_up_make_it_a_whole_reading(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(number) for number in range(6)]
    read(runtime, harbor)
    books.records = [_newcomer(100), _newcomer(101)]

    read(runtime, harbor)

    assert last_reading(runtime.sessions).kind is ReadingKind.FULL
    assert last_reading(runtime.sessions).counted_count == 2
    states = remote_states(runtime.sessions, harbor)
    assert {states[str(number)] for number in range(6)} == {"vanished"}


def test_a_deleted_customer_may_still_be_counted_by_the_provider(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2)]
    read(runtime, harbor)
    books.records[0] = record(1, status=RemoteStatus.DELETED, remote_updated_at=NOW)
    books.records.append(_newcomer(3))

    read(runtime, harbor)

    assert last_reading(runtime.sessions).kind is ReadingKind.DELTA
    assert last_reading(runtime.sessions).counted_count == 2


def test_one_unreadable_change_makes_it_a_whole_reading(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1, remote_updated_at=NOW - timedelta(days=9))]
    read(runtime, harbor)
    books.unreadable = 1

    read(runtime, harbor)

    reading = last_reading(runtime.sessions)
    assert (reading.state, reading.kind) == (ReadingState.FINISHED, ReadingKind.FULL)
    assert (reading.counted_count, reading.unreadable_count) == (1, 1)


def test_changes_nobody_can_read_lead_to_a_whole_reading_that_is_refused(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    books.unreadable = 12

    read(runtime, harbor)

    assert last_reading(runtime.sessions).failure is ReadingFailure.UNREADABLE
    assert books.asked_since[-1] is None


def test_a_reading_stops_at_the_calls_it_may_make(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(number) for number in range(40)]
    reading_id = ask(runtime, harbor)
    with runtime.sessions() as session:
        session.get_one(Reading, reading_id).call_limit = 5
        session.commit()

    refresh(runtime, reading_id)

    reading = last_reading(runtime.sessions)
    assert reading.failure is ReadingFailure.BUDGET_USED
    assert reading.call_count == 6
    assert remote_states(runtime.sessions, harbor) == {}


def test_a_reading_whose_lease_is_lost_fetches_no_more(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(number) for number in range(40)]
    books.meanwhile = lambda: clock.advance(minutes=5)
    reading_id = ask(runtime, harbor)

    refresh(runtime, reading_id)

    assert books.call_count <= 2
    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.RUNNING


def test_a_result_from_the_future_is_not_fresh(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    read(runtime, harbor)
    clock.now -= timedelta(hours=3)

    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        ensure_fresh(session, connection, wake=lambda _job, _row: None, now=clock())

    assert count(runtime.sessions, Reading) == 2


def test_nobody_is_new_in_an_account_that_was_just_connected(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    read(runtime, harbor)
    with runtime.sessions() as session:
        note_look(session, harbor.connection_id, now=NOW)
        store_connection(
            runtime,
            session,
            harbor.admin,
            provider=ProviderKey.QUICKBOOKS,
            account=RemoteAccount("9341450000009999", "Another Company"),
            tokens=make_tokens(),
        )
        session.commit()

    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert (connection.looked_at, connection.looked_reading_id) == (None, 0)
