"""Whole or only what changed: which one a reading is, and from when it looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models import Connection, Reading, ReadingKind, ReadingOrigin
from services.providers.contract import ProviderUnavailable, RemoteStatus
from services.reading_queue import new_reading
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, last_reading, one, read, record, remote_states


def _reading(runtime: Runtime, reading_id: int) -> Reading:
    reading: Reading = one(runtime.sessions, Reading, reading_id)
    return reading


def test_the_first_reading_is_full_and_the_next_one_a_delta_with_an_overlap(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1, remote_updated_at=NOW - timedelta(hours=1)), record(2)]
    read(runtime, harbor)
    clock.advance(minutes=2)

    delta = _reading(runtime, read(runtime, harbor))

    since = NOW - timedelta(hours=1, minutes=5)
    assert delta.kind is ReadingKind.DELTA
    assert books.asked_since == [None, since]
    assert delta.changed_since_at == since
    assert delta.counted_count == 2, "whoever did not change still counts"


@pytest.mark.parametrize(
    ("age", "kind"),
    [
        (timedelta(days=7, seconds=-1), ReadingKind.DELTA),
        (timedelta(days=7), ReadingKind.FULL),
    ],
)
def test_after_seven_days_everything_is_read_again(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    age: timedelta,
    kind: ReadingKind,
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    clock.now += timedelta(days=6)
    read(runtime, harbor)

    clock.now = NOW + age

    assert _reading(runtime, read(runtime, harbor)).kind is kind


def test_a_failed_reading_moves_no_cursor(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    books.error = ProviderUnavailable("no answer")
    read(runtime, harbor)
    books.error = None

    read(runtime, harbor)

    assert books.asked_since[1] == books.asked_since[2] != None  # noqa: E711


def test_a_delta_without_changes_keeps_the_cursor(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    books.records = [record(1, remote_updated_at=NOW - timedelta(days=3))]
    read(runtime, harbor)

    read(runtime, harbor)

    assert books.asked_since[1] == books.asked_since[2] == NOW - timedelta(days=1, minutes=5)


def test_a_whole_reading_without_any_time_is_followed_by_a_whole_one(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1, remote_updated_at=None)]

    read(runtime, harbor)
    read(runtime, harbor)

    assert books.asked_since == [None, None]


@pytest.mark.parametrize(
    "moment",
    [datetime(9999, 12, 31, tzinfo=UTC), NOW + timedelta(hours=1)],
    ids=["in another age", "in an hour"],
)
def test_a_change_from_the_future_does_not_hide_the_next_ones(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, moment: datetime
) -> None:
    books.records = [record(1, remote_updated_at=moment)]
    read(runtime, harbor)
    clock.advance(minutes=10)
    books.records.append(record(2, remote_updated_at=clock() - timedelta(minutes=1)))

    delta = _reading(runtime, read(runtime, harbor))

    assert delta.counted_count == 2


def test_a_change_from_the_first_day_of_time_breaks_nothing(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1, remote_updated_at=datetime(1, 1, 1, tzinfo=UTC))]
    read(runtime, harbor)

    assert _reading(runtime, read(runtime, harbor)).counted_count == 1


def test_a_delta_makes_nobody_vanish_who_was_only_not_told(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2)]
    read(runtime, harbor)
    long_ago = NOW - timedelta(days=400)
    books.records = [record(number, remote_updated_at=long_ago) for number in (1, 2)]
    calls_before = books.call_count

    read(runtime, harbor)

    assert remote_states(runtime.sessions, harbor) == {"1": "unsynced", "2": "unsynced"}
    assert last_reading(runtime.sessions).kind is ReadingKind.DELTA
    assert books.call_count - calls_before == 1, "a delta needs no count"


def test_a_delta_tells_who_was_deleted(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2)]
    read(runtime, harbor)
    deleted = {"status": RemoteStatus.DELETED, "remote_updated_at": NOW}
    books.records = [record(2, **deleted), record(3, **deleted)]

    read(runtime, harbor)

    assert remote_states(runtime.sessions, harbor) == {"1": "unsynced", "2": "vanished"}
    assert last_reading(runtime.sessions).counted_count == 1


def test_where_no_delta_is_possible_everybody_is_read(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2)]
    read(runtime, harbor)
    del books.records[0]
    books.oldest_delta = NOW

    read(runtime, harbor)

    assert remote_states(runtime.sessions, harbor) == {"1": "vanished", "2": "unsynced"}
    assert last_reading(runtime.sessions).kind is ReadingKind.FULL


def test_where_half_of_the_account_changed_everybody_is_read(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(number) for number in range(40)]
    read(runtime, harbor)
    books.records = [record(number, remote_updated_at=NOW) for number in range(100, 121)]

    read(runtime, harbor)

    assert set(remote_states(runtime.sessions, harbor).values()) == {"unsynced", "vanished"}
    assert last_reading(runtime.sessions).counted_count == 21


def test_the_next_delta_starts_from_the_clock_of_the_provider(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1, remote_updated_at=NOW - timedelta(days=90))]
    books.as_of = NOW - timedelta(minutes=8)
    read(runtime, harbor)

    read(runtime, harbor)

    assert books.asked_since == [None, books.as_of - timedelta(minutes=5)]


def test_a_provider_clock_that_runs_ahead_hides_nothing(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1)]
    books.as_of = NOW + timedelta(minutes=30)
    read(runtime, harbor)

    read(runtime, harbor)

    assert books.asked_since == [None, NOW - timedelta(minutes=5)]


def test_xero_is_read_whole_every_day_but_not_by_a_recheck(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        connection.provider = "xero"
        session.commit()
    clock.now += timedelta(hours=24)

    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        kinds = {
            origin: new_reading(session, connection, now=clock(), origin=origin).kind
            for origin in ReadingOrigin
        }
        session.rollback()

    assert kinds == {
        ReadingOrigin.OPENED: ReadingKind.FULL,
        ReadingOrigin.RECHECK: ReadingKind.DELTA,
    }
