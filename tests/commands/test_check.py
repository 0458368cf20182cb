"""The banner's sentence in the terminal."""

from __future__ import annotations

import pytest

from models import Connection, ConnectionState, ReadingFailure, ReadingState
from services.connections import require_connection
from services.providers.contract import (
    ProviderKey,
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
)
from services.runtime import Runtime
from services.unsynced import ensure_fresh
from tests.commands.conftest import Run
from tests.conftest import Clock
from tests.factories import make_reading
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, make_place, record
from tests.services.token_rows import change_connection


@pytest.fixture
def harbor(runtime: Runtime) -> Place:
    return make_place(runtime, email="ada@example.com")


def test_check_prints_the_sentence_and_the_calls(
    run: Run, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(number) for number in range(1204)]

    result = run("check", "quickbooks")

    assert result.exit_code == 0
    assert result.output == (
        "1,204 of 1,204 customers in QuickBooks are not yet imported into BlueClerk.\n2 calls\n"
    )


def test_a_young_number_is_printed_again_for_no_calls(
    run: Run, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1)]
    run("check", "quickbooks")

    result = run("check", "quickbooks")

    assert result.output == (
        "1 of 1 customer in QuickBooks is not yet imported into BlueClerk.\n0 calls\n"
    )
    assert books.call_count == 1


def test_one_call_is_one_call(run: Run, harbor: Place, books: FakeAccountingClient) -> None:
    assert run("check", "quickbooks").output.splitlines()[-1] == "1 call"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ProviderUnavailable("no answer"), "QuickBooks did not answer"),
        (RateLimited("wait", retry_after_s=60), "QuickBooks asked us to wait"),
        (ReconnectRequired("revoked"), "QuickBooks needs to be reconnected"),
    ],
)
def test_trouble_is_one_line_without_a_number(
    run: Run, harbor: Place, books: FakeAccountingClient, error: Exception, says: str
) -> None:
    books.error = error  # type: ignore[assignment]

    result = run("check", "quickbooks")

    assert result.exit_code == 1
    [line] = result.output.splitlines()
    assert line.startswith("Error: ") and says in line
    assert "not yet imported into BlueClerk" not in line


def test_trouble_names_the_last_known_number_as_such(
    run: Run, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(1)]
    run("check", "quickbooks")
    clock.advance(minutes=2)
    books.error = ProviderUnavailable("no answer")

    result = run("check", "quickbooks")

    assert result.exit_code == 1
    assert "2026-11-20 14:00 UTC, 1 of 1 are not yet imported" in result.output


def test_a_connection_that_ended_is_told_without_a_call(
    run: Run, runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    change_connection(runtime, harbor, state=ConnectionState.RECONNECT_REQUIRED)

    result = run("check", "quickbooks")

    assert result.exit_code == 1
    assert "needs to be reconnected" in result.output
    assert books.call_count == 0


@pytest.mark.parametrize("provider", ["quickbooks", "xero", "freshbooks"])
def test_a_provider_that_is_not_connected_is_told(
    run: Run, runtime: Runtime, harbor: Place, provider: str
) -> None:
    change_connection(runtime, harbor, state=ConnectionState.DISCONNECTED)

    result = run("check", provider)

    assert result.exit_code == 1
    assert "is not connected. Connect it under Settings > Integrations." in result.output


def test_an_unknown_provider_is_refused_with_the_known_ones(run: Run) -> None:
    result = run("check", "sage")

    assert result.exit_code == 2
    assert "quickbooks" in result.output


def test_each_company_is_checked_by_its_own_name(
    run: Run, runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    elsewhere = make_place(runtime, email="zoe@example.com")
    books.records = [record(1), record(2)]

    run("check", "quickbooks", f"--company={elsewhere.admin.company_slug}")

    books.records = []
    assert "0 of 0" in run("check", "quickbooks").output


def test_a_reading_whose_process_died_is_read_anew(
    run: Run, harbor: Place, books: FakeAccountingClient, runtime: Runtime, clock: Clock
) -> None:
    books.records = [record(1)]
    with runtime.sessions() as session:
        connection = require_connection(session, harbor.company_id, ProviderKey.QUICKBOOKS)
        left = ensure_fresh(
            session, connection, wake=lambda _job, _row_id: None, now=runtime.clock()
        )
    clock.advance(seconds=31)

    result = run("check", "quickbooks")

    assert left is not None
    assert result.output.startswith("1 of 1 customer in QuickBooks is not yet imported")


def test_what_could_not_be_read_is_told(
    run: Run, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(number) for number in range(20)]
    books.unreadable = 3

    lines = run("check", "quickbooks").output.splitlines()

    assert lines[1] == "3 entries in QuickBooks could not be read and are left out."


def test_a_list_that_never_settled_tells_what_is_certain(
    run: Run, runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        make_reading(
            session,
            connection,
            state=ReadingState.FAILED,
            failure=ReadingFailure.UNSETTLED,
            finished_at=runtime.clock(),
            at_least_count=7,
        )

    result = run("check", "quickbooks")

    assert result.exit_code == 1
    assert result.output.startswith(
        "Error: At least 7 customers in QuickBooks are not yet imported into BlueClerk. "
        "The list in QuickBooks kept changing while we read it."
    )
