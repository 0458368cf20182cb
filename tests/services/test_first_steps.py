"""The first path: each step is told from rows, the first that is not done is the one of now."""

from __future__ import annotations

import pytest

from models import (
    Connection,
    ConnectionState,
    ImportRun,
    ImportState,
    ReadingState,
    RemoteState,
    ReportSettings,
    RunKind,
)
from services.first_steps import Books, FirstStep, StepState, tell_steps, view_first_steps
from services.providers.contract import ProviderKey
from services.runtime import Runtime
from tests.factories import NOW, make_reading, make_remote_customer
from tests.services.support import Place

CONNECT, CHECK, IMPORT, REPORT = FirstStep
UNREAD = Books(ProviderKey.XERO, is_read=False, has_unsynced=False)
MISSING = Books(ProviderKey.QUICKBOOKS, is_read=True, has_unsynced=True)
WHOLE = Books(ProviderKey.FRESHBOOKS, is_read=True, has_unsynced=False)


def _now(runtime: Runtime, place: Place) -> FirstStep | None:
    with runtime.sessions() as session:
        return view_first_steps(session, place.company_id).now


@pytest.mark.parametrize(
    ("books", "now", "provider"),
    [
        ([], CONNECT, None),
        ([UNREAD], CHECK, ProviderKey.XERO),
        ([UNREAD, MISSING], IMPORT, ProviderKey.QUICKBOOKS),
        ([UNREAD, WHOLE], REPORT, ProviderKey.XERO),
        ([MISSING, WHOLE], REPORT, ProviderKey.QUICKBOOKS),
    ],
)
def test_the_first_step_that_is_not_done_is_the_one_of_now(
    books: list[Books], now: FirstStep, provider: ProviderKey | None
) -> None:
    steps = tell_steps(books, has_imported=False, has_settings=False)

    states = [state for _, state in steps.states]
    assert (steps.now, steps.provider) == (now, provider)
    assert states[: steps.done_count] == [StepState.DONE] * steps.done_count
    assert states[steps.done_count :][1:] == [StepState.LATER] * (3 - steps.done_count)


def test_whoever_has_imported_is_not_sent_back_when_the_connection_ends() -> None:
    steps = tell_steps([], has_imported=True, has_settings=False)

    assert steps.now is REPORT


def test_a_report_that_was_settled_first_stays_settled() -> None:
    steps = tell_steps([], has_imported=False, has_settings=True)

    assert steps.now is CONNECT
    assert dict(steps.states)[REPORT] is StepState.DONE


def test_the_path_follows_the_rows_to_its_end(runtime: Runtime, harbor: Place) -> None:
    found = []
    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        connection.state = ConnectionState.RECONNECT_REQUIRED
        session.commit()
        found.append(_now(runtime, harbor))
        connection.state = ConnectionState.CONNECTED
        make_reading(session, connection, state=ReadingState.FAILED)
        found.append(_now(runtime, harbor))
        reading = make_reading(session, connection)
        missing = make_remote_customer(session, reading)
        found.append(_now(runtime, harbor))
        missing.state = RemoteState.IGNORED
        session.add(ReportSettings(company_id=harbor.company_id, is_on=False))
        session.commit()
        found.append(_now(runtime, harbor))

    assert found == [CONNECT, CHECK, IMPORT, None]


@pytest.mark.parametrize(
    ("kind", "state", "now"),
    [
        (RunKind.IMPORT, ImportState.RUNNING, CHECK),
        (RunKind.IMPORT, ImportState.STOPPED, CHECK),
        (RunKind.UNDO, ImportState.FINISHED, CHECK),
        (RunKind.IMPORT, ImportState.FINISHED, REPORT),
    ],
)
def test_an_import_counts_when_it_has_come_to_its_end(
    runtime: Runtime, harbor: Place, kind: RunKind, state: ImportState, now: FirstStep
) -> None:
    with runtime.sessions() as session:
        session.add(
            ImportRun(
                company_id=harbor.company_id,
                account_id=harbor.account_id,
                kind=kind,
                state=state,
                created_at=NOW,
                chosen_count=1,
            )
        )
        session.commit()

    assert _now(runtime, harbor) is now


def test_rows_of_others_take_nobody_a_step_further(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    with runtime.sessions() as session:
        connection = session.get_one(Connection, elsewhere.connection_id)
        make_reading(session, connection)
        session.add(ReportSettings(company_id=elsewhere.company_id, is_on=True))
        session.delete(session.get_one(Connection, harbor.connection_id))
        session.commit()

    assert _now(runtime, harbor) is CONNECT
    assert _now(runtime, elsewhere) is None
