"""The history of imports: each with its end and its next step, and both files for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models import (
    Connection,
    ImportRun,
    ImportState,
    ItemOutcome,
    RunKind,
)
from tests.blueprints.importing import (
    IMPORTS,
    address_of,
    make_item,
    make_run,
    runs_of,
    unsynced_ids,
)
from tests.blueprints.support import Browser, make_counted, text_of
from tests.conftest import Clock
from tests.factories import NOW, make_account, make_remote_customer
from tests.fakes import FakeAccountingClient


def _rows(answer: TestResponse) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_the_history_tells_every_import_newest_first(
    ada: Browser,
    session: Session,
    connection: Connection,
    run_jobs: Callable[[], None],
    clock: Clock,
    books: FakeAccountingClient,
) -> None:
    make_counted(session, connection, unsynced=2)
    first, second = unsynced_ids(session)
    for public_id in (first, second):
        ada.post(IMPORTS, {"id": public_id})
        run_jobs()
        clock.advance(minutes=5)
    session.execute(
        update(ImportRun).where(ImportRun.id == runs_of(session)[0].id).values(requested_by_id=None)
    )
    session.commit()

    text = text_of(ada.get(IMPORTS))

    newest = "2 5 min ago Ada Brandt 1 0 0 0 less than 1 s 1 Finished Undo"
    assert text.index(newest) < text.index("1 10 min ago the command line 1 0 0 0")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"created_count": 7}, "Finished Undo"),
        ({"created_count": 7, "failed_count": 3}, "Finished, 3 failed Undo"),
        ({"skipped_count": 4}, "Finished"),
        (
            {"created_count": 7, "finished_at": NOW - timedelta(days=30, seconds=1)},
            "Finished over 30 days",
        ),
        ({"state": ImportState.RUNNING, "finished_at": None}, "Running Watch"),
        ({"state": ImportState.PAUSED, "finished_at": None}, "Paused Watch"),
        ({"state": ImportState.STOPPED, "skipped_count": 4}, "Stopped"),
        (
            {"state": ImportState.STOPPED, "created_count": 1, "skipped_count": 4},
            "Stopped Undo",
        ),
    ],
)
def test_each_import_has_the_next_step_that_fits(
    ada: Browser, session: Session, connection: Connection, values: dict[str, object], told: str
) -> None:
    make_run(session, connection, **values)

    row = text_of(ada.get(IMPORTS)).split("Ada Brandt")[2]

    assert row.split("BlueClerk")[0].rstrip().endswith(f"0 {told}")


@pytest.mark.parametrize(
    ("undo", "told"),
    [
        ({"state": ImportState.FINISHED}, "Undone Receipt"),
        ({"state": ImportState.RUNNING, "finished_at": None}, "Being undone Receipt"),
        ({"state": ImportState.STOPPED}, "Partly undone Undo"),
        ({"state": ImportState.FINISHED, "failed_count": 1}, "Partly undone Undo"),
    ],
)
def test_an_undo_stands_with_its_import_and_has_no_row_of_its_own(
    ada: Browser, session: Session, connection: Connection, undo: dict[str, object], told: str
) -> None:
    run = make_run(session, connection, created_count=7)
    make_run(session, connection, kind=RunKind.UNDO, undoes_id=run.id, **undo)
    make_run(session, connection, created_count=1)

    page = ada.get(IMPORTS)

    text = text_of(page).partition("State")[2]
    assert text.count("Ada Brandt") == 2
    assert told in text
    assert ">Import 2</a>" in page.text
    assert ">Import 3</a>" not in page.text


def test_the_file_of_the_history_holds_the_undo_as_well(
    ada: Browser, session: Session, connection: Connection, people: SimpleNamespace
) -> None:
    run = make_run(session, connection, created_count=7, chosen_count=9, call_count=2)
    undo = {"removed_count": 5, "kept_count": 2, "requested_by_id": None}
    make_run(session, connection, kind=RunKind.UNDO, undoes_id=run.id, **undo)
    people.ada.name = "=HYPERLINK(1)"
    session.commit()

    answer = ada.get(f"{IMPORTS}.csv")

    heading, row = _rows(answer)
    assert answer.mimetype == "text/csv"
    assert 'filename="quickbooks-imports-2026-11-20.csv"' in answer.headers["Content-Disposition"]
    assert heading[:4] == ["Import", "Started (UTC)", "By", "State"]
    assert row[:11] == [
        *("1", "2026-11-20 13:58", "'=HYPERLINK(1)", "Finished", "9", "7", "0", "0", "0"),
        *("60", "2"),
    ]
    assert row[11:] == ["Finished", "2026-11-20 13:58", "the command line", "5", "0", "2"]


def test_the_file_of_an_import_tells_what_became_of_each(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0)
    remote = make_remote_customer(session, reading, name='=cmd|" /C calc"!A0')
    run = make_run(session, connection, chosen_count=2)
    filled = {"filled_fields": "phone company_name", "reason": "same name and same e-mail"}
    make_item(session, run, remote.remote_id, ItemOutcome.LINKED, **filled)
    make_item(session, run, "zz-gone", ItemOutcome.FAILED, reason="no longer there")

    answer = ada.get(f"{address_of(run)}.csv")

    assert 'filename="quickbooks-import-1.csv"' in answer.headers["Content-Disposition"]
    assert _rows(answer)[1:] == [
        [
            *('\'=cmd|" /C calc"!A0', "Linked", "same name and same e-mail"),
            *("phone, company name", "", "", remote.remote_id),
        ],
        ["zz-gone", "Failed", "no longer there", "", "", "", "zz-gone"],
    ]


def test_files_are_the_admins_of_the_company(
    ada: Browser, zoe: Browser, mel: Browser, session: Session, connection: Connection
) -> None:
    run = make_run(session, connection, created_count=7)

    answers = [zoe.get(f"{address_of(run)}.csv"), mel.get(f"{address_of(run)}.csv")]
    history = zoe.get(f"{IMPORTS}.csv")

    assert [answer.status_code for answer in answers] == [404, 403]
    assert ada.get(f"{IMPORTS}/x.csv").status_code == 404
    assert len(_rows(history)) == 1


def test_numbers_are_those_of_the_company_whatever_the_provider(
    ada: Browser, session: Session, connection: Connection, people: SimpleNamespace
) -> None:
    make_run(session, connection)
    xero = make_account(session, people.company, provider="xero")
    make_run(session, connection, account_id=xero.id)
    make_run(session, connection)

    page = ada.get(IMPORTS)

    assert ">Import 3</a>" in page.text
    assert ">Import 1</a>" in page.text
    assert ">Import 2</a>" not in page.text
    assert ">Import 2</a>" in ada.get(IMPORTS.replace("quickbooks", "xero")).text


def test_receipt_and_file_count_all_undos_of_an_import(
    ada: Browser, session: Session, connection: Connection
) -> None:
    run = make_run(session, connection, created_count=10, chosen_count=10)
    stopped = {"state": ImportState.STOPPED, "removed_count": 3, "unlinked_count": 2}
    last = {"removed_count": 4, "unlinked_count": 0, "kept_count": 1}
    undos = [
        make_run(session, connection, kind=RunKind.UNDO, undoes_id=run.id, **counts)
        for counts in (stopped, last)
    ]

    receipt = ada.get(address_of(run))
    _heading, row = _rows(ada.get(f"{IMPORTS}.csv"))

    assert "7 removed, 2 unlinked, 1 kept" in text_of(receipt)
    assert all(address_of(undo) in receipt.text for undo in undos)
    assert row[-3:] == ["7", "2", "1"]
