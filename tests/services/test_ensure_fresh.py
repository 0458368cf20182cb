"""When an opened banner reads, and when the number that is there still stands."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import URL

from models import Connection, ConnectionState, Reading, ReadingState
from services import unsynced
from services.providers.contract import ProviderUnavailable, RateLimited, ReconnectRequired
from services.readings import refresh
from services.runtime import Runtime
from services.unsynced import READ_JOB, ensure_fresh
from tests.conftest import Clock, WakeUps
from tests.fakes import FakeAccountingClient
from tests.services import workers
from tests.services.support import Place, count, last_reading, read
from tests.services.token_rows import change_connection


def _open(runtime: Runtime, place: Place, *, is_asked_for: bool = False) -> str | None:
    with runtime.sessions() as session:
        connection = session.get_one(Connection, place.connection_id)
        return ensure_fresh(
            session,
            connection,
            wake=runtime.wake,
            now=runtime.clock(),
            is_asked_for=is_asked_for,
        )


def test_the_first_opening_asks_for_a_reading_and_wakes_the_job(
    runtime: Runtime, harbor: Place, wake_ups: WakeUps
) -> None:
    followed = _open(runtime, harbor)

    reading = last_reading(runtime.sessions)
    assert (reading.public_id, reading.state) == (followed, ReadingState.RUNNING)
    assert wake_ups.rows == [(READ_JOB, reading.id)]


def test_the_job_is_woken_after_the_row_is_there(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    object.__setattr__(runtime, "wake", lambda _job, row_id: refresh(runtime, row_id))

    _open(runtime, harbor)

    assert last_reading(runtime.sessions).state is ReadingState.FINISHED


def test_everybody_follows_the_reading_that_runs(
    runtime: Runtime, harbor: Place, wake_ups: WakeUps
) -> None:
    followed = {_open(runtime, harbor, is_asked_for=asked) for asked in (False, True, False)}

    assert len(followed) == 1
    assert len(wake_ups.rows) == 1


@pytest.mark.parametrize(("age_s", "readings"), [(0, 1), (59, 1), (60, 2)])
def test_a_number_stands_for_a_minute(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    age_s: float,
    readings: int,
) -> None:
    read(runtime, harbor)
    clock.advance(seconds=age_s)

    followed = _open(runtime, harbor)

    assert (followed is None) is (readings == 1)
    assert count(runtime.sessions, Reading) == readings


def test_check_again_reads_however_young_the_number_is(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    read(runtime, harbor)

    assert _open(runtime, harbor, is_asked_for=True) is not None


@pytest.mark.parametrize(("age_s", "readings"), [(0, 1), (4, 1), (5, 2)])
def test_a_failed_reading_is_tried_again_but_not_at_once(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    age_s: float,
    readings: int,
) -> None:
    books.error = ProviderUnavailable("no answer")
    read(runtime, harbor)
    failed = last_reading(runtime.sessions).public_id
    clock.advance(seconds=age_s)

    followed = _open(runtime, harbor)

    assert (followed == failed) is (readings == 1), "the failure is shown meanwhile"
    assert count(runtime.sessions, Reading) == readings


def test_try_again_tries_at_once(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.error = ProviderUnavailable("no answer")
    read(runtime, harbor)

    _open(runtime, harbor, is_asked_for=True)

    assert last_reading(runtime.sessions).state is ReadingState.RUNNING


@pytest.mark.parametrize("is_asked_for", [True, False])
@pytest.mark.parametrize(("age_s", "readings"), [(89, 1), (90, 2)])
def test_nobody_reads_before_the_provider_allows_it(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    age_s: float,
    readings: int,
    is_asked_for: bool,
) -> None:
    books.error = RateLimited("wait", retry_after_s=90)
    read(runtime, harbor)
    clock.advance(seconds=age_s)

    _open(runtime, harbor, is_asked_for=is_asked_for)

    assert count(runtime.sessions, Reading) == readings


@pytest.mark.parametrize("is_asked_for", [True, False])
@pytest.mark.parametrize(
    "state", [ConnectionState.RECONNECT_REQUIRED, ConnectionState.DISCONNECTED]
)
def test_nothing_is_read_under_a_permission_that_ended(
    runtime: Runtime, harbor: Place, wake_ups: WakeUps, state: ConnectionState, is_asked_for: bool
) -> None:
    change_connection(runtime, harbor, state=state)

    assert _open(runtime, harbor, is_asked_for=is_asked_for) is None

    assert wake_ups.rows == []
    assert count(runtime.sessions, Reading) == 0


def test_whoever_reconnects_within_seconds_is_read_at_once(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.error = ReconnectRequired("revoked")
    read(runtime, harbor)
    clock.advance(seconds=2)
    change_connection(
        runtime, harbor, state=ConnectionState.CONNECTED, connected_at=runtime.clock()
    )

    _open(runtime, harbor)

    assert last_reading(runtime.sessions).state is ReadingState.RUNNING


def test_each_company_has_its_own_reading(
    runtime: Runtime, harbor: Place, elsewhere: Place, wake_ups: WakeUps
) -> None:
    assert _open(runtime, harbor) != _open(runtime, elsewhere)
    assert len(wake_ups.rows) == 2


def test_a_reading_of_another_account_is_not_followed(
    runtime: Runtime, harbor: Place, elsewhere: Place, books: FakeAccountingClient
) -> None:
    read(runtime, harbor)
    change_connection(runtime, harbor, account_id=elsewhere.account_id)

    assert _open(runtime, harbor) is not None


def test_whoever_is_a_moment_late_follows_the_faster_one(
    runtime: Runtime, harbor: Place, wake_ups: WakeUps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL lets two look at once; there the unique index decides."""
    faster = _open(runtime, harbor)
    looks = [None]

    def look_too_early(*row: Any) -> Reading | None:
        return looks.pop() if looks else latest(*row)

    latest = unsynced._latest
    monkeypatch.setattr(unsynced, "_latest", look_too_early)

    assert _open(runtime, harbor) == faster
    assert len(wake_ups.rows) == 1


def test_a_hundred_openings_in_two_processes_make_one_reading(
    runtime: Runtime, harbor: Place, database_url: URL
) -> None:
    arguments = (database_url.render_as_string(hide_password=False), harbor.connection_id, 50)

    reports = workers.run_together(workers.open_banners, *arguments, processes=2)

    followed = [public_id for public_ids, _wake_ups in reports for public_id in public_ids]
    woken = [row_id for _public_ids, wake_ups in reports for row_id in wake_ups]
    reading = last_reading(runtime.sessions)
    assert followed == [reading.public_id] * 100
    assert woken == [reading.id]
    assert count(runtime.sessions, Reading) == 1


def test_a_provider_that_is_down_is_left_alone_for_a_minute(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.error = ProviderUnavailable("down")
    for _ in range(5):
        read(runtime, harbor)
    clock.advance(seconds=30)

    _open(runtime, harbor)
    assert count(runtime.sessions, Reading) == 5

    clock.advance(seconds=31)
    _open(runtime, harbor)
    assert count(runtime.sessions, Reading) == 6


def test_a_person_may_try_a_provider_that_is_down(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.error = ProviderUnavailable("down")
    for _ in range(5):
        read(runtime, harbor)

    _open(runtime, harbor, is_asked_for=True)

    assert count(runtime.sessions, Reading) == 6
