"""The daily re-check: off until switched on, once a day, within its budget."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import update

from models import Connection, Reading, ReadingFailure, ReadingKind, ReadingOrigin, ReadingState
from services import rechecks
from services.local_days import find_zone
from services.providers.contract import DailyLimitReached, ProviderKey, ProviderUnavailable
from services.readings import refresh
from services.runtime import Runtime
from services.unsynced import READ_JOB, note_look
from tests.conftest import Clock, WakeUps
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, count, last_reading, one, read, record


def _switch_on(runtime: Runtime, place: Place, **choice: Any) -> None:
    chosen = {"is_on": True, "reports_new": True, "call_budget": 100} | choice
    with runtime.sessions() as session:
        rechecks.set_recheck(
            session, place.admin, ProviderKey.QUICKBOOKS, now=runtime.clock(), **chosen
        )


def _tick(runtime: Runtime, wake_ups: WakeUps) -> int:
    """Ask for what is due and carry it out; return how many readings that were."""
    before = len(wake_ups.rows)
    rechecks.start_rechecks(runtime)
    asked = [row_id for job, row_id in wake_ups.rows[before:] if job == READ_JOB]
    for reading_id in asked:
        refresh(runtime, reading_id)
    return len(asked)


def _view(runtime: Runtime, place: Place) -> rechecks.Recheck:
    with runtime.sessions() as session:
        connection = session.get_one(Connection, place.connection_id)
        zone = find_zone("America/New_York")
        return rechecks.view_recheck(session, connection, zone=zone, now=runtime.clock())


def test_nothing_is_checked_until_an_admin_switches_it_on(
    runtime: Runtime, harbor: Place, wake_ups: WakeUps, clock: Clock
) -> None:
    clock.advance(days=3)

    assert _tick(runtime, wake_ups) == 0
    assert _view(runtime, harbor).next_at is None


def test_it_is_made_once_a_day_after_five_in_the_morning(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, wake_ups: WakeUps, clock: Clock
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    _switch_on(runtime, harbor)
    made: list[datetime] = []

    for _ in range(3 * 24 * 4):
        clock.advance(minutes=15)
        made += [clock()] * _tick(runtime, wake_ups)

    assert len(made) == 3
    assert {(later - earlier) for earlier, later in pairwise(made)} == {timedelta(days=1)}
    assert last_reading(runtime.sessions).origin is ReadingOrigin.RECHECK
    assert last_reading(runtime.sessions).kind is ReadingKind.DELTA


def test_whoever_looked_today_has_checked_already(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, wake_ups: WakeUps, clock: Clock
) -> None:
    _switch_on(runtime, harbor)
    read(runtime, harbor)

    assert _tick(runtime, wake_ups) == 0
    assert (_view(runtime, harbor).next_at or clock()) > clock()


def test_trouble_is_tried_three_times_an_hour_apart(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, wake_ups: WakeUps, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    _switch_on(runtime, harbor)
    books.error = ProviderUnavailable("down")

    tries = []
    for minute in range(0, 8 * 60, 5):
        tries += [minute] * _tick(runtime, wake_ups)
        clock.advance(minutes=5)

    assert tries == [0, 60, 120]


def test_a_daily_limit_is_waited_out(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, wake_ups: WakeUps, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    _switch_on(runtime, harbor)
    books.error = DailyLimitReached("tomorrow", retry_after_s=6 * 3600)

    tries = []
    for minute in range(0, 8 * 60, 5):
        tries += [minute] * _tick(runtime, wake_ups)
        clock.advance(minutes=5)

    assert tries == [0, 360]


def test_one_recheck_may_use_what_is_left_of_the_budget(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, wake_ups: WakeUps, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    books.records = [record(number) for number in range(100)]
    _switch_on(runtime, harbor, call_budget=10)

    assert _tick(runtime, wake_ups) == 1

    assert last_reading(runtime.sessions).failure is ReadingFailure.BUDGET_USED
    assert _view(runtime, harbor).resumes_on == date(2026, 12, 1)


def test_a_used_budget_pauses_it_until_the_next_month(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, wake_ups: WakeUps, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    _switch_on(runtime, harbor, call_budget=10)
    assert _tick(runtime, wake_ups) == 1
    with runtime.sessions() as session:
        session.execute(update(Reading).values(call_count=10))
        session.commit()
    clock.advance(days=1)

    assert _tick(runtime, wake_ups) == 0
    view = _view(runtime, harbor)
    assert (view.calls_used, view.next_at) == (10, None)
    assert view.resumes_on == date(2026, 12, 1)

    clock.now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert _tick(runtime, wake_ups) == 1


def test_what_was_opened_costs_nothing_of_the_budget(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _switch_on(runtime, harbor)
    read(runtime, harbor)

    assert _view(runtime, harbor).calls_used == 0


@pytest.mark.parametrize("call_budget", [0, 9, 10_001, -5])
def test_a_budget_nobody_can_mean_is_refused(
    runtime: Runtime, harbor: Place, call_budget: int
) -> None:
    with pytest.raises(rechecks.BadCallBudget):
        _switch_on(runtime, harbor, call_budget=call_budget)

    assert not one(runtime.sessions, Connection, harbor.connection_id).rechecks_daily


def test_an_ended_connection_is_not_checked(
    runtime: Runtime, harbor: Place, wake_ups: WakeUps
) -> None:
    _switch_on(runtime, harbor)
    with runtime.sessions() as session:
        session.execute(update(Connection).values(state="reconnect_required"))
        session.commit()

    assert _tick(runtime, wake_ups) == 0


def test_two_ticks_at_once_make_one_reading(
    runtime: Runtime, harbor: Place, wake_ups: WakeUps
) -> None:
    _switch_on(runtime, harbor)

    rechecks.start_rechecks(runtime)
    rechecks.start_rechecks(runtime)

    assert count(runtime.sessions, Reading, Reading.state == ReadingState.RUNNING) == 1


def test_the_report_mentions_who_came_since_an_admin_looked(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 16, 15, tzinfo=UTC)  # a Monday
    books.records = [record(1)]
    read(runtime, harbor)
    _switch_on(runtime, harbor)
    with runtime.sessions() as session:
        note_look(session, harbor.connection_id, now=clock())
    clock.advance(days=3)
    books.records += [record(number, remote_updated_at=clock()) for number in (2, 3, 4)]
    read(runtime, harbor)

    with runtime.sessions() as session:
        lines = rechecks.new_sentences(session, harbor.company_id, now=clock())

    assert lines == ["3 new in QuickBooks since Monday"]


def test_nobody_new_is_no_line(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    _switch_on(runtime, harbor)
    with runtime.sessions() as session:
        note_look(session, harbor.connection_id, now=clock())

        assert rechecks.new_sentences(session, harbor.company_id, now=clock()) == []
