"""Runs that pause, are stopped or continued, as an admin sees and does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models import (
    Company,
    Connection,
    ImportItem,
    ImportRun,
    ImportState,
    PauseReason,
    ReadingFailure,
    RemoteAccount,
    RunKind,
)
from tests.blueprints.importing import (
    IMPORTS,
    address_of,
    bins_of,
    make_run,
    runs_of,
    unsynced_ids,
)
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.conftest import WakeUps
from tests.factories import NOW, make_account

PAUSED = {"state": ImportState.PAUSED, "began_at": None, "finished_at": None, "chosen_count": 174}


@pytest.mark.parametrize(
    ("pause", "sentence"),
    [
        (
            {
                "pause_reason": PauseReason.CHECK,
                "pause_failure": ReadingFailure.UNAVAILABLE,
                "paused_until_at": NOW + timedelta(seconds=40),
            },
            "QuickBooks did not answer. Nothing was imported from an old list; "
            "the next try is in 40 s.",
        ),
        (
            {
                "pause_reason": PauseReason.CHECK,
                "pause_failure": ReadingFailure.RATE_LIMITED,
                "paused_until_at": NOW - timedelta(seconds=1),
            },
            "QuickBooks asked us to wait. Nothing was imported from an old list; "
            "the next try is in a moment.",
        ),
        (
            {
                "pause_reason": PauseReason.CHECK,
                "pause_failure": ReadingFailure.UNAVAILABLE,
                "began_at": NOW,
                "created_count": 100,
                "paused_until_at": NOW + timedelta(seconds=40),
            },
            "QuickBooks did not answer. What was done is saved. Nothing was imported from an old "
            "list; the next try is in 40 s.",
        ),
        (
            {
                "pause_reason": PauseReason.DISK,
                "began_at": NOW,
                "created_count": 100,
                "paused_until_at": NOW + timedelta(minutes=2),
            },
            "The disk of the server is full. What was done is saved. The import goes on when "
            "there is room; the next try is in 2 min.",
        ),
    ],
)
def test_a_paused_import_says_why_and_until_when_and_offers_to_try_now(
    ada: Browser,
    session: Session,
    connection: Connection,
    wake_ups: WakeUps,
    pause: dict[str, object],
    sentence: str,
) -> None:
    run = make_run(session, connection, **PAUSED | pause)

    page = ada.get(address_of(run))
    answer = ada.post(address_of(run, "/try-now"))

    assert "Import 1 Paused" in text_of(page)
    assert sentence in text_of(page)
    assert "Stop this import" in text_of(page)
    assert "Try now" in text_of(page)
    assert (answer.status_code, answer.location) == (303, address_of(run))
    assert wake_ups.rows == [("import_customers", run.id)]


def test_without_permission_the_next_step_is_to_reconnect(
    ada: Browser, session: Session, connection: Connection
) -> None:
    failure = ReadingFailure.RECONNECT_REQUIRED
    pause = {"pause_reason": PauseReason.PERMISSION, "pause_failure": failure}
    run = make_run(session, connection, **PAUSED | pause)

    page = ada.get(address_of(run))

    assert (
        "QuickBooks has ended our permission to read your customers. The import waits and goes on "
        "by itself as soon as you reconnect." in text_of(page)
    )
    assert f'href="{QUICKBOOKS}/connect">Reconnect QuickBooks</a>' in page.text
    assert "Try now" not in text_of(page)


def test_an_import_of_other_books_than_those_connected_promises_nothing(
    ada: Browser, session: Session, connection: Connection
) -> None:
    failure = ReadingFailure.RECONNECT_REQUIRED
    pause = {"pause_reason": PauseReason.PERMISSION, "pause_failure": failure}
    run = make_run(session, connection, **PAUSED | pause)
    mine = session.get_one(RemoteAccount, run.account_id)
    mine.name = "Harbor Heating"
    company = session.get_one(Company, run.company_id)
    other = make_account(session, company, name="Elsewhere Plumbing")
    connection.account_id = other.id
    session.commit()

    page = ada.get(address_of(run))
    strip = text_of(ada.get("/customers"))

    told = "QuickBooks is connected to other books now, Elsewhere Plumbing."
    assert f"{told} This import belongs to Harbor Heating. Stop it, or connect those again." in (
        text_of(page)
    )
    assert "Stop this import" in text_of(page)
    assert "by itself" not in text_of(page)
    assert "Reconnect QuickBooks" not in text_of(page)
    assert f"Import 1 is paused. {told} Watch it" in strip


def test_before_the_first_batch_the_books_are_checked(
    ada: Browser, session: Session, connection: Connection
) -> None:
    checking = {"began_at": None, "finished_at": None, "chosen_count": 174}
    run = make_run(session, connection, state=ImportState.RUNNING, **checking)

    text = text_of(ada.get(address_of(run)))

    assert "Checking QuickBooks for changes first" in text
    assert "0 of 174" not in text
    assert "left." not in text


def test_a_waiting_import_is_stopped_at_once_and_continued_by_another(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None]
) -> None:
    make_counted(session, connection, unsynced=2)
    address = ada.post(IMPORTS, {"id": unsynced_ids(session)}).location

    stopped = ada.post(f"{address}/stop")
    receipt = ada.get(address)
    offered = ada.get(IMPORTS).text
    following = ada.post(f"{address}/continue")
    run_jobs()

    assert (stopped.status_code, stopped.location) == (303, address)
    assert "Import 1 Stopped" in text_of(receipt)
    assert "stopped by Ada Brandt" in text_of(receipt)
    assert bins_of(receipt) == {"Created": 0, "Linked": 0, "Skipped": 2, "Failed": 0}
    assert "Skipped not reached" in text_of(receipt)
    assert "Customer 000 Skipped Stopped before its turn. Review" in text_of(receipt)
    assert following.location != address
    assert bins_of(ada.get(following.location))["Created"] == 2
    assert "continues import 1" in text_of(ada.get(following.location))
    assert "Continued by import 2." in text_of(ada.get(address))
    assert f'action="{address}/continue"' in offered
    for page in (address, IMPORTS):
        assert f'action="{address}/continue"' not in ada.get(page).text


def test_a_running_import_says_that_it_is_stopping(
    ada: Browser, session: Session, running_import: str
) -> None:
    session.execute(
        update(ImportRun).values(lease_owner="x", lease_until_at=NOW + timedelta(seconds=20))
    )
    session.commit()

    before = ada.get(running_import)
    ada.post(f"{running_import}/stop")
    after = ada.get(running_import)

    assert "Stop after this customer" in text_of(before)
    assert "Import 1 Stopping" in text_of(after)
    assert "Stopping: the customers at hand are finished first." in text_of(after)
    assert "seconds left" not in text_of(after)
    assert f'action="{running_import}/stop"' not in after.text


@pytest.mark.parametrize("control", ["stop", "try-now"])
def test_what_has_ended_is_neither_stopped_nor_hurried(
    ada: Browser, session: Session, connection: Connection, control: str
) -> None:
    run = make_run(session, connection)

    answer = ada.post(address_of(run, f"/{control}"))

    assert (answer.status_code, answer.location) == (303, address_of(run))
    assert "It has ended already." in text_of(ada.get(answer.location))


@pytest.mark.parametrize(
    ("control", "sentence"),
    [("continue", "There is nothing to continue."), ("retry", "There is nobody to try again.")],
)
def test_nothing_is_started_for_nobody(
    ada: Browser, session: Session, connection: Connection, control: str, sentence: str
) -> None:
    run = make_run(session, connection)

    answer = ada.post(address_of(run, f"/{control}"))

    assert sentence in text_of(ada.get(answer.location))
    assert len(runs_of(session)) == 1


@pytest.mark.parametrize("control", ["stop", "try-now", "continue", "retry"])
def test_runs_of_another_company_or_provider_are_out_of_reach(
    ada: Browser, zoe: Browser, mel: Browser, session: Session, connection: Connection, control: str
) -> None:
    run = make_run(session, connection, **PAUSED)
    address = address_of(run, f"/{control}")

    answers = [
        zoe.post(address),
        mel.post(address),
        ada.post(address.replace("quickbooks", "xero")),
        ada.post(f"{IMPORTS}/x/{control}"),
    ]

    assert [answer.status_code for answer in answers] == [404, 403, 404, 404]
    assert [run.state for run in runs_of(session)] == [ImportState.PAUSED]


def test_an_undo_is_told_as_an_undo_while_it_runs(
    ada: Browser, session: Session, connection: Connection
) -> None:
    run = make_run(session, connection, created_count=5, chosen_count=5)
    counts = {"chosen_count": 5, "removed_count": 2, "kept_count": 1, "finished_at": None}
    values = {"kind": RunKind.UNDO, "undoes_id": run.id, "state": ImportState.RUNNING}
    undo = make_run(session, connection, **values | counts)

    text, first = text_of(ada.get(address_of(undo))), ada.get(address_of(run))

    assert "Undo of import 1 Running" in text
    assert "3 of 5 customers done" in text
    assert "2 removed · 0 unlinked · 1 kept · 0 skipped" in text
    assert "Stop after this customer" in text
    assert "Import 1 Being undone" in text_of(first)
    assert f'href="{address_of(undo)}"' in first.text
    assert session.query(ImportItem).count() == 0
