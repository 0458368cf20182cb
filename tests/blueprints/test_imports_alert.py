"""The alert, the list and the provider's page while an import runs, and when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import Connection, ImportRun, ImportState, RunKind
from tests.blueprints.importing import (
    IMPORTS,
    REVIEW,
    make_run,
    poll_of,
    unsynced_ids,
)
from tests.blueprints.support import QUICKBOOKS, SENTENCE, Browser, make_counted, text_of
from tests.conftest import Clock, WakeUps
from tests.fakes import FakeAccountingClient


def test_opening_the_alert_during_an_import_shows_it_and_reads_nothing(
    ada: Browser,
    running_import: str,
    clock: Clock,
    wake_ups: WakeUps,
    books: FakeAccountingClient,
) -> None:
    wake_ups.rows.clear()
    clock.advance(minutes=10)

    opened, checked = ada.htmx_get(f"{QUICKBOOKS}/unsynced"), ada.htmx_post(f"{QUICKBOOKS}/check")

    for answer in (opened, checked):
        text = text_of(answer)
        assert answer.status_code == 200
        assert "An import is running" in text
        assert "112 of 180 customers done" in text
        assert SENTENCE not in text
        assert f'href="{running_import}"' in answer.text
    assert (books.call_count, wake_ups.rows) == (0, [])


def test_the_alert_shows_the_number_when_the_import_has_ended_and_still_reads_nothing(
    ada: Browser, session: Session, running_import: str, clock: Clock, wake_ups: WakeUps
) -> None:
    poll = poll_of(ada.htmx_get(f"{QUICKBOOKS}/unsynced").text)
    assert poll
    wake_ups.rows.clear()
    session.execute(update(ImportRun).values(state=ImportState.FINISHED))
    session.commit()
    clock.advance(minutes=10)

    answer = ada.htmx_get(poll[0])

    assert f"3 of 3 {SENTENCE}" in text_of(answer)
    assert "Last import 10 min ago · 91 created, 20 linked" in text_of(answer)
    assert poll_of(answer.text) is None
    assert wake_ups.rows == []


def test_without_scripts_the_alert_looks_again_by_itself(ada: Browser, running_import: str) -> None:
    answer = ada.get(ada.get(f"{QUICKBOOKS}/unsynced").location)

    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in answer.text
    assert "112 of 180 customers done" in text_of(answer)


def test_the_list_offers_no_import_while_one_runs(ada: Browser, running_import: str) -> None:
    answer = ada.get(REVIEW)

    assert "Import 1 is running: 112 of 180 done." in text_of(answer)
    assert 'id="selected"' not in answer.text
    assert 'type="checkbox"' not in answer.text


def test_the_page_says_when_the_last_import_was(
    ada: Browser,
    session: Session,
    connection: Connection,
    run_jobs: Callable[[], None],
    clock: Clock,
) -> None:
    before = text_of(ada.get(QUICKBOOKS))
    make_counted(session, connection, unsynced=2)
    ada.post(IMPORTS, {"id": unsynced_ids(session)})
    run_jobs()
    clock.now += timedelta(minutes=3)

    after = text_of(ada.get(QUICKBOOKS))

    assert "Last import none yet" in before
    assert "Last import 3 min ago · 2 created, 0 linked" in after
    assert "undone" not in after


def test_the_last_import_is_no_undo_and_a_stopped_one_does_not_run(
    ada: Browser, session: Session, connection: Connection
) -> None:
    stopped = {"state": ImportState.STOPPED, "created_count": 7, "skipped_count": 1}
    run = make_run(session, connection, **stopped)
    make_run(session, connection, kind=RunKind.UNDO, undoes_id=run.id, removed_count=7)

    text = text_of(ada.get(QUICKBOOKS))

    assert "Last import 2 min ago · 7 created, 0 linked, 1 skipped, undone since" in text


def test_an_undo_is_told_by_the_alert_and_by_the_list(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    run = make_run(session, connection, created_count=7)
    undo = {"state": ImportState.RUNNING, "chosen_count": 7, "removed_count": 3}
    make_run(session, connection, kind=RunKind.UNDO, undoes_id=run.id, **undo)

    alert, listed = text_of(ada.htmx_get(f"{QUICKBOOKS}/unsynced")), text_of(ada.get(REVIEW))

    assert "An undo is running" in alert
    assert "Undo of import 1 is running, started by Ada Brandt 2 min ago." in alert
    assert "3 removed · 0 unlinked · 0 kept · 0 skipped" in alert
    assert "Watch undo of import 1" in alert
    assert "Undo of import 1 is running: 3 of 7 done." in listed
