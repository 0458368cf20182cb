"""The strip that tells of a run on every page of an admin, as long as the run is active."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from extensions import db
from models import (
    Connection,
    ImportRun,
    ImportState,
    PauseReason,
    ReadingFailure,
    RunKind,
)
from tests.blueprints.importing import address_of, make_run
from tests.blueprints.support import QUICKBOOKS, Browser, text_of
from tests.factories import NOW

STRIP = "/imports/running"
ADMIN_PAGES = (
    "/customers",
    "/account",
    "/settings/team",
    "/settings/audit",
    "/reports",
    QUICKBOOKS,
    "/settings/diagnostics",
    "/settings/reports",
)
ACTIVE = {"began_at": NOW - timedelta(seconds=13), "finished_at": None, "chosen_count": 180}


def _poll(html: str) -> tuple[str, int] | None:
    found = re.search(r'id="run-strip"[^>]*hx-get="([^"]+)"[^>]*delay:(\d+)', html)
    return (found[1].replace("&amp;", "&"), int(found[2])) if found else None


@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_every_page_of_an_admin_tells_of_the_run(
    ada: Browser, running_import: str, page: str
) -> None:
    answer = ada.get(page)

    told = "Import 1 from QuickBooks: 112 of 180 done · about 8 seconds left. Watch it"
    assert told in text_of(answer)
    assert f'href="{running_import}">Watch it</a>' in answer.text


def test_a_member_and_another_company_are_told_nothing(
    mel: Browser, zoe: Browser, running_import: str
) -> None:
    pages = [mel.get("/customers"), zoe.get("/customers"), zoe.htmx_get(STRIP)]

    assert ["run-strip" in page.text for page in pages] == [False] * 3
    assert mel.htmx_get(STRIP).status_code == 403


def test_the_page_of_the_run_itself_and_pages_of_trouble_have_no_strip(
    ada: Browser, running_import: str
) -> None:
    for address in (running_import, "/nothing"):
        assert 'id="run-strip"' not in ada.get(address).text


def test_without_a_run_there_is_no_strip_and_one_statement_more(
    app: Flask, ada: Browser, mel: Browser, connection: Connection
) -> None:
    statements: list[str] = []
    with app.app_context():
        event.listen(
            db.engine, "before_cursor_execute", lambda *seen: statements.append(str(seen[2]))
        )

    page = ada.get("/customers")

    asked = [text for text in statements if "FROM import_run" in text]
    assert "run-strip" not in page.text
    assert len(asked) == 1
    assert "state IN ('queued', 'running', 'paused')" in asked[0]


def test_it_looks_again_more_and_more_slowly_and_ends_with_the_run(
    ada: Browser, session: Session, running_import: str
) -> None:
    waits = []
    poll = _poll(ada.get("/customers").text)
    while poll and len(waits) < 9:
        waits.append(poll[1])
        poll = _poll(ada.htmx_get(poll[0], page="/customers").text)
    session.execute(update(ImportRun).values(state=ImportState.FINISHED, finished_at=NOW))
    session.commit()
    assert poll
    ended = ada.htmx_get(poll[0], page="/customers")

    assert waits == [300, 450, 675, 1012, 1518, 2277, 3415, 5000, 5000]
    assert _poll(ended.text) is None
    told = "Import 1 has ended: 91 created, 20 linked, 1 skipped, 0 failed. See the receipt"
    assert told in text_of(ended)
    assert "run-strip" not in ada.get("/customers").text


def test_the_run_that_runs_is_told_before_those_that_wait(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_run(session, connection, **ACTIVE, state=ImportState.QUEUED)
    make_run(session, connection, **ACTIVE, state=ImportState.RUNNING, created_count=9)

    assert "Import 2 from QuickBooks: 9 of 180 done" in text_of(ada.get("/customers"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": ImportState.QUEUED}, "Import 1 from QuickBooks waits for its turn."),
        (
            {"state": ImportState.RUNNING, "began_at": None},
            "Import 1 is checking QuickBooks for changes first.",
        ),
        (
            {
                "state": ImportState.PAUSED,
                "pause_reason": PauseReason.CHECK,
                "pause_failure": ReadingFailure.UNAVAILABLE,
                "paused_until_at": NOW + timedelta(seconds=40),
            },
            "Import 1 is paused. QuickBooks did not answer. It goes on by itself in 40 s.",
        ),
        (
            {"state": ImportState.PAUSED, "pause_reason": PauseReason.PERMISSION},
            "Import 1 is paused. QuickBooks is not connected. "
            "It goes on by itself after a reconnect.",
        ),
    ],
)
def test_a_run_that_does_not_move_says_why(
    ada: Browser,
    session: Session,
    connection: Connection,
    values: dict[str, object],
    words: str,
) -> None:
    make_run(session, connection, **ACTIVE | values)

    assert words in text_of(ada.get("/customers"))


def test_the_strip_tells_of_an_undo(ada: Browser, session: Session, connection: Connection) -> None:
    run = make_run(session, connection, created_count=5)
    undo = {"kind": RunKind.UNDO, "undoes_id": run.id, "state": ImportState.RUNNING}
    make_run(session, connection, **ACTIVE | undo, removed_count=3)

    assert "Undo of import 1 from QuickBooks: 3 of 180 done" in text_of(ada.get("/customers"))


def test_opened_by_a_browser_the_strip_leads_to_a_page(ada: Browser) -> None:
    answer = ada.get(STRIP)

    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize("asked", ["", "x", "0" * 16, "' OR 1=1"])
def test_a_strange_run_is_nothing(ada: Browser, connection: Connection, asked: str) -> None:
    answer = ada.htmx_get(f"{STRIP}?run={asked}")

    assert (answer.status_code, answer.text.strip()) == (200, "")


def test_an_ended_run_of_another_company_is_nothing(
    zoe: Browser, session: Session, connection: Connection
) -> None:
    run = make_run(session, connection)

    answer = zoe.htmx_get(f"{STRIP}?run={run.public_id}")

    assert answer.text.strip() == ""
    assert zoe.get(address_of(run)).status_code == 404
