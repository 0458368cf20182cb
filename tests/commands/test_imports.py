"""Importing from the terminal: said before, done once, seen to the end."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from commands import imports
from models import ImportRun, ImportState, PauseReason
from services.connections import require_connection
from services.customer_import import start_import
from services.import_choice import ImportScope
from services.import_lease import LEASE
from services.providers.contract import (
    ProviderError,
    ProviderKey,
    ProviderUnavailable,
    ReconnectRequired,
)
from services.readings import refresh
from services.runtime import Runtime
from services.unsynced import ensure_fresh
from tests.commands.conftest import Run
from tests.conftest import NOW, Clock
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, make_place, record

ALL = ("import", "quickbooks", "--all", "--yes")


@pytest.fixture
def harbor(runtime: Runtime, books: FakeAccountingClient) -> Place:
    books.records = [record(number) for number in range(3)]
    return make_place(runtime, email="ada@example.com")


def test_the_last_line_is_the_receipt(run: Run, harbor: Place) -> None:
    result = run(*ALL)

    assert result.exit_code == 0
    assert result.output == "3 to create, 0 to link\ncreated=3 linked=0 skipped=0 failed=0\n"


def test_a_second_import_creates_nothing(run: Run, harbor: Place) -> None:
    run(*ALL)

    result = run(*ALL)

    assert result.output.splitlines()[-1] == "created=0 linked=0 skipped=0 failed=0"


def test_a_dry_run_does_nothing(run: Run, harbor: Place) -> None:
    result = run("import", "quickbooks", "--new", "--dry-run")

    assert result.output == "3 to create, 0 to link\n"
    assert run(*ALL).output.splitlines()[-1] == "created=3 linked=0 skipped=0 failed=0"


def test_without_yes_it_asks_first(run: Run, harbor: Place) -> None:
    refused = run("import", "quickbooks", "--all", answers="n\n")

    assert refused.exit_code == 1
    assert run(*ALL).output.splitlines()[-1] == "created=3 linked=0 skipped=0 failed=0"


def test_whom_to_import_has_to_be_said(run: Run, harbor: Place) -> None:
    result = run("import", "quickbooks")

    assert result.exit_code == 2
    assert "--new or --all" in result.output


@pytest.mark.parametrize("was_begun", [False, True])
def test_an_import_whose_process_died_is_seen_to_its_end(
    run: Run, harbor: Place, runtime: Runtime, was_begun: bool
) -> None:
    _leave_an_import(runtime, harbor, was_begun=was_begun)

    result = run(*ALL)

    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0].startswith("An import is running already")
    assert result.output.splitlines()[-1] == "created=3 linked=0 skipped=0 failed=0"


def test_an_import_that_waits_behind_another_is_seen_to_its_end(
    run: Run, harbor: Place, runtime: Runtime
) -> None:
    _leave_an_import(runtime, harbor, was_begun=True)
    _leave_an_import(runtime, harbor, was_begun=False)

    result = run(*ALL)

    assert result.exit_code == 0, result.output
    assert result.output.count("An import is running already") == 2
    assert result.output.splitlines()[-1] == "created=0 linked=0 skipped=3 failed=0"


def test_a_paused_import_is_tried_again_first(
    run: Run, harbor: Place, runtime: Runtime, clock: Clock
) -> None:
    _leave_an_import(runtime, harbor, was_begun=False)
    _change_imports(
        runtime,
        state=ImportState.PAUSED,
        pause_reason=PauseReason.CHECK,
        paused_until_at=clock() + timedelta(hours=1),
    )

    result = run(*ALL)

    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "created=3 linked=0 skipped=0 failed=0"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ProviderUnavailable("down"), "QuickBooks did not answer."),
        (ReconnectRequired("revoked"), "QuickBooks needs to be reconnected"),
    ],
)
def test_an_import_that_cannot_go_on_is_told_and_stays(
    run: Run,
    harbor: Place,
    runtime: Runtime,
    books: FakeAccountingClient,
    clock: Clock,
    error: ProviderError,
    words: str,
) -> None:
    _leave_an_import(runtime, harbor, was_begun=False)
    clock.advance(minutes=2)
    books.error = error

    result = run(*ALL)

    assert result.exit_code == 1
    assert f"The import is paused. {words}" in result.output
    assert "goes on by itself while the server runs" in result.output
    with runtime.sessions() as session:
        assert session.scalars(select(ImportRun.state)).all() == [ImportState.PAUSED]


def test_an_import_that_another_process_works_on_is_waited_for(
    run: Run, harbor: Place, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    _leave_an_import(runtime, harbor, was_begun=True)
    _change_imports(runtime, lease_until_at=NOW + LEASE)
    waits: list[float] = []

    def let_it_die(wait_s: float) -> None:
        waits.append(wait_s)
        _change_imports(runtime, lease_until_at=NOW - LEASE)

    monkeypatch.setattr(imports, "time", SimpleNamespace(sleep=let_it_die))

    result = run(*ALL)

    assert waits == [imports.LOOK_S]
    assert result.output.splitlines()[-1] == "created=3 linked=0 skipped=0 failed=0"


def _change_imports(runtime: Runtime, **values: object) -> None:
    with runtime.sessions() as session:
        session.execute(update(ImportRun).values(**values))
        session.commit()


def _leave_an_import(runtime: Runtime, place: Place, *, was_begun: bool) -> None:
    """Read, queue an import of all, and let the process that held it die long ago."""
    started: list[int] = []
    with runtime.sessions() as session:
        connection = require_connection(session, place.company_id, ProviderKey.QUICKBOOKS)
        ensure_fresh(
            session,
            connection,
            wake=lambda _job, row_id: started.append(row_id),
            now=runtime.clock(),
        )
    for reading_id in started:
        refresh(runtime, reading_id)
    with runtime.sessions() as session:
        run = start_import(
            session,
            place.account_id,
            choice=ImportScope.ALL,
            creates_maybes=True,
            requested_by_id=None,
            wake=lambda _job, _row_id: None,
            now=runtime.clock(),
        )
        if was_begun:
            long_ago = NOW - LEASE * 2
            session.execute(
                update(ImportRun)
                .where(ImportRun.id == run.id)
                .values(state=ImportState.RUNNING, lease_owner="dead", lease_until_at=long_ago)
            )
            session.commit()
