"""A list that came but is not believed: lost fields, other companies, lists that never settle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import Connection, ReadingFailure, ReadingState
from services import decisions
from services.providers.contract import (
    AccountGone,
    CustomerPage,
    CustomerRecord,
    DailyLimitReached,
    ListUnsettled,
    ProviderError,
    Quota,
    ReconnectRequired,
    ScopeMissing,
)
from services.readings import refresh
from services.review_query import Meant
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.support import (
    Place,
    ask,
    last_reading,
    one,
    public_ids,
    read,
    record,
    remote_states,
)

FIELDS: dict[str, Any] = {
    "emails_text": "ann@example.com",
    "phone": "555-0100",
    "address": "1 Main St",
    "company_name": "Ann & Sons",
    "person_name": "Ann Lee",
}


def _people(number: int, **changed: Any) -> list[CustomerRecord]:
    return [record(each, **{**FIELDS, **changed}) for each in range(number)]


def _read_whole(runtime: Runtime, place: Place, clock: Clock) -> None:
    clock.advance(days=8)
    read(runtime, place)


def test_another_company_behind_the_same_id_is_refused(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = _people(20)
    read(runtime, harbor)
    books.records = [record(number) for number in range(100, 140)]
    books.name = "Somebody Else Ltd"

    _read_whole(runtime, harbor, clock)

    assert last_reading(runtime.sessions).failure is ReadingFailure.OTHER_ACCOUNT
    assert set(remote_states(runtime.sessions, harbor).values()) == {"unsynced"}


def test_another_company_with_the_same_numbers_is_refused(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(number) for number in range(20)]
    read(runtime, harbor)
    books.records = [
        record(number, name=f"Pier {number}", emails_text=f"pier-{number}@example.org")
        for number in range(60)
    ]
    books.name = "Somebody Else Ltd"

    _read_whole(runtime, harbor, clock)

    assert last_reading(runtime.sessions).failure is ReadingFailure.OTHER_ACCOUNT
    assert len(remote_states(runtime.sessions, harbor)) == 20


def test_the_same_company_may_start_over_with_new_customers(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = _people(20)
    read(runtime, harbor)
    books.records = [record(100)]
    calls_before = books.call_count

    _read_whole(runtime, harbor, clock)

    assert last_reading(runtime.sessions).counted_count == 1
    assert books.call_count - calls_before == 3, "one page, the name, and who is new"


class _Unsettled(FakeAccountingClient):
    def customer_pages(self, *, changed_since: datetime | None = None) -> Iterator[CustomerPage]:
        yield from super().customer_pages(changed_since=changed_since)
        listed = [each.remote_id for each in self.records[1:]]
        raise ListUnsettled("it kept changing", remote_ids=listed)


def test_a_list_that_does_not_settle_says_at_least_how_many(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.records = _people(8)
    read(runtime, harbor)
    with runtime.sessions() as session:
        ids = public_ids(runtime.sessions, harbor, "7")
        decisions.ignore(session, harbor.admin, harbor.account_id, meant=Meant(tuple(ids)), now=NOW)
    unsettled = _Unsettled(books.records)
    monkeypatch.setattr("services.readings.open_client", lambda *_, **_options: unsettled)

    read(runtime, harbor)

    reading = last_reading(runtime.sessions)
    assert reading.failure is ReadingFailure.UNSETTLED
    assert reading.at_least_count == 6, "one left while reading, one is ignored"
    assert reading.unsynced_count is None


@pytest.mark.parametrize(
    ("error", "failure", "reason"),
    [
        (ReconnectRequired("ended"), ReadingFailure.RECONNECT_REQUIRED, "ended"),
        (ScopeMissing("narrow"), ReadingFailure.SCOPE_MISSING, "scope_missing"),
        (AccountGone("gone"), ReadingFailure.ACCOUNT_GONE, "account_gone"),
    ],
)
def test_what_only_a_person_can_mend_is_kept_with_its_reason(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    error: ProviderError,
    failure: ReadingFailure,
    reason: str,
) -> None:
    books.error = error

    read(runtime, harbor)

    assert last_reading(runtime.sessions).failure is failure
    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert connection.state == "reconnect_required"
    assert connection.reconnect_reason == reason


def test_a_daily_limit_says_until_when(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.error = DailyLimitReached("tomorrow", retry_after_s=40_000)

    read(runtime, harbor)

    reading = last_reading(runtime.sessions)
    assert reading.failure is ReadingFailure.DAILY_LIMIT
    assert reading.retry_at == NOW + timedelta(seconds=40_000)


def test_rows_without_an_id_cost_only_themselves(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = _people(3)
    books.unreadable = 2

    read(runtime, harbor)

    reading = last_reading(runtime.sessions)
    assert (reading.counted_count, reading.unreadable_count) == (3, 2)


def test_rows_without_an_id_are_still_told_after_a_delta(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = _people(3)
    books.unreadable = 2
    read(runtime, harbor)
    books.unreadable = 0

    read(runtime, harbor)
    assert last_reading(runtime.sessions).unreadable_count == 2

    _read_whole(runtime, harbor, clock)
    assert last_reading(runtime.sessions).unreadable_count == 0


@pytest.mark.parametrize(("readable", "unreadable"), [(0, 1), (0, 400), (39, 10), (100, 26)])
def test_a_list_that_can_hardly_be_read_gives_no_number(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    readable: int,
    unreadable: int,
) -> None:
    books.records = _people(readable)
    books.unreadable = unreadable

    read(runtime, harbor)

    assert last_reading(runtime.sessions).failure is ReadingFailure.UNREADABLE
    assert last_reading(runtime.sessions).counted_count is None


def test_what_the_provider_says_of_its_limits_and_clock_is_kept(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = _people(1)
    books.quota_left = Quota(minute_left=57, day_left=4_999)
    books.as_of = NOW - timedelta(minutes=11)

    reading_id = ask(runtime, harbor)
    refresh(runtime, reading_id)

    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert (connection.quota_minute_left, connection.quota_day_left) == (57, 4_999)
    assert connection.quota_at == NOW
    assert connection.clock_skew_s == -660


def test_a_provider_clock_of_the_first_year_fits_into_the_row(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = _people(1)
    books.as_of = datetime(1, 1, 1, tzinfo=UTC)

    read(runtime, harbor)

    connection = one(runtime.sessions, Connection, harbor.connection_id)
    assert connection.clock_skew_s == -1_000_000_000
    assert last_reading(runtime.sessions).state is ReadingState.FINISHED
