"""Undoing an import from the page: the question, the click, the receipt; and who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Connection,
    Customer,
    ImportRun,
    ImportState,
    ItemOutcome,
    RunKind,
)
from services.item_rows import PAGE_ROWS
from tests.blueprints.importing import (
    IMPORTS,
    REVIEW,
    address_of,
    bins_of,
    make_item,
    make_run,
    names_here,
    runs_of,
    unsynced_ids,
)
from tests.blueprints.support import Browser, make_counted, text_of
from tests.conftest import Clock
from tests.factories import NOW, make_customer, make_remote_customer

HOSTILE = "<script>alert(1)</script> O'Neil"


@pytest.fixture
def imported(
    ada: Browser,
    session: Session,
    connection: Connection,
    people: SimpleNamespace,
    run_jobs: Callable[[], None],
) -> str:
    """The address of an import that created three and linked one."""
    reading = make_counted(session, connection, unsynced=3)
    cars = {"name": "Cool Cars", "email": "cars@example.com"}
    make_remote_customer(session, reading, **cars, kept_revision=0)
    make_customer(session, people.company, **cars, kept_revision=0)
    address = ada.post(IMPORTS, {"id": unsynced_ids(session)}).location
    run_jobs()
    return str(address)


def _edit(browser: Browser, session: Session, name: str) -> None:
    """Give the customer a phone number, as a person does on its page."""
    with Session(session.get_bind()) as another:
        found = another.scalars(select(Customer).where(Customer.name == name)).one()
    form = {"name": name, "email": found.email, "phone": "555 0100"}
    assert browser.post(f"/customers/{found.public_id}/edit", form).status_code == 303


def test_the_question_tells_the_numbers_and_writes_nothing(
    ada: Browser, mel: Browser, session: Session, imported: str
) -> None:
    _edit(mel, session, "Customer 001")

    asked = ada.get(f"{imported}/undo")

    text = text_of(asked)
    assert "Undo import 1?" in text
    assert "QuickBooks is not touched." in text
    assert "Removed 2 customers that nobody has touched since" in text
    assert "Unlinked 1 customer that was here before" in text
    assert "Kept 1 customer with newer work: Customer 001 (phone edited since the import)" in text
    assert "Undo 3 of 4" in text
    assert "Keep everything" in text
    assert "Possible until 20 Dec 2026." in text
    assert [run.kind for run in runs_of(session)] == [RunKind.IMPORT]


def test_an_undo_takes_back_and_its_receipt_says_what_it_kept_and_why(
    ada: Browser,
    mel: Browser,
    session: Session,
    imported: str,
    run_jobs: Callable[[], None],
    clock: Clock,
) -> None:
    _edit(mel, session, "Customer 001")
    clock.advance(minutes=5)

    started = ada.post(f"{imported}/undo")
    waiting = ada.get(started.location)
    run_jobs()
    receipt, first = ada.get(started.location), ada.get(imported)

    assert started.status_code == 303
    assert "Undo of import 1 Waiting" in text_of(waiting)
    assert "Import 1 Undone" in text_of(receipt)
    assert "Undone by Ada Brandt 1 s ago · receipt U-1" in text_of(receipt)
    assert bins_of(receipt) == {"Removed": 2, "Unlinked": 1, "Kept": 1}
    assert "Customer 001 Phone edited since the import Mel Osei, 5 min ago" in text_of(receipt)
    assert "The 3 taken back are in the review list again" in text_of(receipt)
    assert f'href="{REVIEW}"' in receipt.text
    assert names_here(session) == ["Cool Cars", "Customer 001"]
    assert "Import 1 Undone" in text_of(first)
    undone = "Undone by Ada Brandt 1 s ago: 2 removed, 1 unlinked, 1 kept."
    assert undone in text_of(first)
    assert f'href="{imported}/undo"' not in first.text


def test_nobody_is_left_without_a_word_when_nothing_was_touched(
    ada: Browser, session: Session, imported: str, run_jobs: Callable[[], None]
) -> None:
    address = ada.post(f"{imported}/undo").location
    run_jobs()

    receipt = ada.get(address)

    assert bins_of(receipt) == {"Removed": 3, "Unlinked": 1, "Kept": 0}
    assert "Kept, and why" not in text_of(receipt)
    assert "4 removed or unlinked" in text_of(receipt)
    assert names_here(session) == ["Cool Cars"]


def test_a_second_click_is_led_to_the_undo_that_is_there(
    ada: Browser, session: Session, imported: str
) -> None:
    first = ada.post(f"{imported}/undo")

    again = [ada.post(f"{imported}/undo"), ada.get(f"{imported}/undo")]

    assert [answer.location for answer in again] == [first.location] * 2
    assert "The undo is there already." in text_of(ada.get(first.location))
    assert len(runs_of(session)) == 2


def test_what_was_undone_is_not_undone_again(
    ada: Browser, session: Session, imported: str, run_jobs: Callable[[], None], clock: Clock
) -> None:
    undo = ada.post(f"{imported}/undo").location
    run_jobs()

    at_once = ada.post(f"{imported}/undo")
    clock.advance(minutes=2)
    later = ada.post(f"{imported}/undo")

    assert (at_once.location, later.location) == (undo, imported)
    assert "There is nothing to undo." in text_of(ada.get(imported))
    assert len(runs_of(session)) == 2


def test_after_thirty_days_it_is_too_late_and_the_page_no_longer_offers_it(
    ada: Browser, imported: str, clock: Clock
) -> None:
    before = ada.get(imported)
    clock.advance(days=30, seconds=1)
    ada.sign_in("ada@example.com")

    after, answer = ada.get(imported), ada.get(f"{imported}/undo")

    assert "Undo is possible until 20 Dec 2026." in text_of(before)
    assert f'href="{imported}/undo"' in before.text
    assert f'href="{imported}/undo"' not in after.text
    assert answer.location == imported
    assert "This import can no longer be undone." in text_of(ada.get(imported))


def test_a_stopped_undo_offers_to_undo_the_rest(
    ada: Browser, session: Session, imported: str, run_jobs: Callable[[], None]
) -> None:
    stopped = ada.post(f"{imported}/undo").location
    ada.post(f"{stopped}/stop")

    receipt, first = ada.get(stopped), ada.get(imported)
    rest = ada.post(f"{imported}/undo").location
    run_jobs()

    assert "Import 1 Partly undone" in text_of(receipt)
    assert "The undo was stopped before its end." in text_of(receipt)
    assert bins_of(receipt) == {"Removed": 0, "Unlinked": 0, "Kept": 0, "Skipped": 4}
    assert f'href="{imported}/undo">Undo the rest</a>' in receipt.text
    assert f'href="{imported}/undo"' in first.text
    assert bins_of(ada.get(rest)) == {"Removed": 3, "Unlinked": 1, "Kept": 0}


def test_how_many_were_named_in_a_mailed_report_is_told(
    ada: Browser, session: Session, connection: Connection
) -> None:
    run = make_run(session, connection, created_count=2, chosen_count=2)
    values = {"kind": RunKind.UNDO, "undoes_id": run.id, "removed_count": 2, "chosen_count": 2}
    undo = make_run(session, connection, **values)
    make_item(session, undo, "1", ItemOutcome.REMOVED, reason_code="removed_mailed", reason="x")
    make_item(session, undo, "2", ItemOutcome.REMOVED, reason_code="removed_untouched", reason="x")

    text = text_of(ada.get(address_of(undo)))

    assert "1 of the removed was named in a report that was mailed." in text


def test_a_long_list_of_the_kept_is_paged_and_every_name_is_shown_as_text(
    ada: Browser, session: Session, connection: Connection, people: SimpleNamespace
) -> None:
    run = make_run(session, connection, created_count=60)
    kept = {"kept_count": PAGE_ROWS + 2, "chosen_count": PAGE_ROWS + 2}
    undo = make_run(session, connection, kind=RunKind.UNDO, undoes_id=run.id, **kept)
    for number in range(PAGE_ROWS + 2):
        customer = make_customer(session, people.company, name=f"{HOSTILE} {number}")
        values = {"customer_id": customer.id, "reason_code": "edited", "reason": "name edited"}
        touched = {"touched_by_id": people.mel.id, "touched_at": NOW - timedelta(minutes=3)}
        make_item(session, undo, f"{number:03}", ItemOutcome.KEPT, **values | touched)

    page = ada.get(address_of(undo))

    assert "<script>alert" not in page.text
    assert page.text.count("Mel Osei") == PAGE_ROWS
    assert "50 of 52" in text_of(page)
    assert "told=kept.049" in page.text


@pytest.mark.parametrize("import_id", ["0" * 16, "x", "' OR 1=1"])
def test_an_unknown_import_is_not_undone(
    ada: Browser, connection: Connection, import_id: str
) -> None:
    for answer in (ada.get(f"{IMPORTS}/{import_id}/undo"), ada.post(f"{IMPORTS}/{import_id}/undo")):
        assert answer.status_code == 404


def test_nobody_but_an_admin_of_the_company_undoes(
    ada: Browser, zoe: Browser, mel: Browser, session: Session, imported: str
) -> None:
    address = f"{imported}/undo"

    answers = [
        *(zoe.get(address), zoe.post(address)),
        *(mel.get(address), mel.post(address)),
        ada.post(address.replace("quickbooks", "xero")),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 403, 403, 404]
    assert [run.state for run in runs_of(session)] == [ImportState.FINISHED]
    assert len(names_here(session)) == 4


def test_an_undo_itself_is_not_undone(
    ada: Browser, session: Session, connection: Connection
) -> None:
    run = make_run(session, connection, created_count=1)
    undo: ImportRun = make_run(session, connection, kind=RunKind.UNDO, undoes_id=run.id)

    answer = ada.post(address_of(undo, "/undo"))

    assert answer.location == address_of(undo)
    assert "There is nothing to undo." in text_of(ada.get(answer.location))
