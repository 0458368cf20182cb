"""What the alert shows, state by state, and how long a request looks for the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models import Connection, ConnectionState, Reading, ReadingFailure, ReadingState, RemoteState
from services.alert import Alert, AlertState, UnknownReading, look_for_end, view_alert
from services.connection_views import view_connection
from services.providers.contract import ProviderKey, ProviderUnavailable
from services.review_rows import Balance
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import make_reading, make_remote_customer
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, ask, one, read, record
from tests.services.token_rows import change_connection


def _view(runtime: Runtime, place: Place, reading_id: int | None = None) -> Alert:
    public_id = one(runtime.sessions, Reading, reading_id).public_id if reading_id else None
    with runtime.sessions() as session:
        connection = view_connection(session, place.company_id, ProviderKey.QUICKBOOKS)
        return view_alert(session, connection, now=runtime.clock(), reading_public_id=public_id)


def _store(runtime: Runtime, place: Place, *remotes: dict[str, Any]) -> None:
    """Let a finished reading have found these remote customers."""
    with runtime.sessions() as session:
        connection = session.get_one(Connection, place.connection_id)
        unsynced = sum(remote.get("state", "unsynced") == "unsynced" for remote in remotes)
        counts = {"counted_count": len(remotes), "unsynced_count": unsynced}
        reading = make_reading(session, connection, **counts)
        for remote in remotes:
            make_remote_customer(session, reading, **remote)


def test_without_a_connection_there_is_nothing_to_show(runtime: Runtime) -> None:
    with runtime.sessions() as session:
        alert = view_alert(session, None, now=runtime.clock())

    assert alert == Alert(AlertState.NOT_CONNECTED)


def test_a_disconnected_one_shows_nothing_either(runtime: Runtime, harbor: Place) -> None:
    _store(runtime, harbor, {})
    change_connection(runtime, harbor, state=ConnectionState.DISCONNECTED)

    assert _view(runtime, harbor) == Alert(AlertState.NOT_CONNECTED)


def test_without_rows_the_numbers_are_the_same(runtime: Runtime, harbor: Place) -> None:
    _store(runtime, harbor, {"balance_cents": 100, "currency": "USD"}, {})
    with_rows = _view(runtime, harbor).summary

    with runtime.sessions() as session:
        connection = view_connection(session, harbor.company_id, ProviderKey.QUICKBOOKS)
        alert = view_alert(session, connection, now=runtime.clock(), with_rows=False)

    assert with_rows is not None
    assert with_rows.rows
    assert with_rows.balances
    assert alert.summary == replace(with_rows, rows=(), balances=())


def test_before_the_first_reading_the_alert_is_closed(runtime: Runtime, harbor: Place) -> None:
    assert _view(runtime, harbor).state is AlertState.CLOSED


def test_a_running_reading_is_shown_with_its_progress_and_no_number(
    runtime: Runtime, harbor: Place
) -> None:
    alert = _view(runtime, harbor, ask(runtime, harbor))

    assert alert.state is AlertState.CHECKING
    assert alert.summary is None
    assert alert.reading is not None and alert.reading.read_count == 0


def test_a_finished_reading_is_shown_as_x_of_y(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1), record(2), record(3, emails_text="none", balance_cents=500)]

    alert = _view(runtime, harbor, read(runtime, harbor))

    assert alert.state is AlertState.COUNTED
    assert alert.summary is not None
    assert (alert.summary.unsynced, alert.summary.counted) == (3, 3)
    assert (alert.summary.without_email, alert.summary.with_balance) == (1, 1)
    assert alert.summary.rows[0].email is None, "the largest balance stands first"


def test_nobody_unsynced_is_said_as_such(runtime: Runtime, harbor: Place) -> None:
    _store(runtime, harbor, {"state": RemoteState.LINKED}, {"state": RemoteState.IGNORED})

    alert = _view(runtime, harbor)

    assert alert.state is AlertState.ALL_IMPORTED
    assert alert.summary is not None
    assert (alert.summary.linked, alert.summary.ignored, alert.summary.counted) == (1, 1, 2)


def test_empty_books_are_all_imported_after_a_whole_reading_only(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    assert _view(runtime, harbor).state is AlertState.CLOSED

    read(runtime, harbor)

    assert _view(runtime, harbor).state is AlertState.ALL_IMPORTED


def test_an_ended_permission_shows_the_last_known_number_as_such(
    runtime: Runtime, harbor: Place
) -> None:
    _store(runtime, harbor, {}, {})
    change_connection(runtime, harbor, state=ConnectionState.RECONNECT_REQUIRED)

    alert = _view(runtime, harbor)

    assert (alert.state, alert.summary) == (AlertState.RECONNECT, None)
    assert alert.last_known is not None and alert.last_known.unsynced_count == 2


def test_a_failed_reading_shows_its_reason_and_the_last_known_number(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _store(runtime, harbor, {}, {})
    books.error = ProviderUnavailable("no answer", reference="tid-7")

    alert = _view(runtime, harbor, read(runtime, harbor))

    assert (alert.state, alert.summary) == (AlertState.FAILED, None)
    assert alert.reading is not None
    assert alert.reading.failure is ReadingFailure.UNAVAILABLE
    assert alert.reading.reference == "tid-7"
    assert alert.last_known is not None and alert.last_known.counted_count == 2


def test_a_reading_whose_process_died_is_shown_as_interrupted(
    runtime: Runtime, harbor: Place, clock: Clock
) -> None:
    reading_id = ask(runtime, harbor)
    clock.advance(seconds=31)

    alert = _view(runtime, harbor, reading_id)

    assert alert.state is AlertState.FAILED
    assert alert.reading is not None
    assert alert.reading.failure is ReadingFailure.INTERRUPTED


def test_a_reading_of_another_company_is_unknown(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    with pytest.raises(UnknownReading):
        _view(runtime, elsewhere, ask(runtime, harbor))


def test_a_reading_that_never_was_is_unknown(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        connection = view_connection(session, harbor.company_id, ProviderKey.QUICKBOOKS)
        with pytest.raises(UnknownReading):
            view_alert(session, connection, now=runtime.clock(), reading_public_id="' OR 1")


def test_balances_are_summed_by_currency(runtime: Runtime, harbor: Place) -> None:
    _store(
        runtime,
        harbor,
        {"balance_cents": 500, "currency": "USD"},
        {"balance_cents": 250, "currency": "USD"},
        {"balance_cents": 100, "currency": "CAD"},
        {"balance_cents": -900, "currency": "USD"},
        {"balance_cents": 700, "currency": "USD", "state": RemoteState.IGNORED},
    )

    alert = _view(runtime, harbor)

    assert alert.summary is not None
    assert alert.summary.balances == (Balance("CAD", 100), Balance("USD", 750))


def test_the_request_looks_on_until_the_reading_ends(runtime: Runtime, harbor: Place) -> None:
    reading_id = ask(runtime, harbor)
    public_id = one(runtime.sessions, Reading, reading_id).public_id
    looks: list[float] = []

    def end_after_three(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            with runtime.sessions() as session:
                session.get_one(Reading, reading_id).state = ReadingState.FINISHED
                session.commit()

    look_for_end(runtime, public_id, patience_s=0.3, sleep=end_after_three, monotonic=lambda: 0.0)

    assert looks == [0.02] * 3


def test_the_request_gives_up_when_its_patience_is_used_up(runtime: Runtime, harbor: Place) -> None:
    public_id = one(runtime.sessions, Reading, ask(runtime, harbor)).public_id
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    look_for_end(runtime, public_id, patience_s=0.3, sleep=sleep, monotonic=lambda: passed[0])

    assert passed[0] == pytest.approx(0.3)


def test_nobody_waits_for_a_reading_that_is_not_there(runtime: Runtime) -> None:
    def fail(_seconds: float) -> None:
        raise AssertionError("there is nothing to wait for")

    look_for_end(runtime, "0" * 16, patience_s=0.3, sleep=fail)
