"""The pages of imports: progress that ends by itself, receipt, history, and the alert meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models import Connection, ImportItem, ImportRun, ImportState, ItemOutcome, RemoteState
from services.item_rows import PAGE_ROWS
from tests.blueprints.importing import (
    IMPORTS,
    REVIEW,
    bins_of,
    ids_of,
    poll_of,
    unsynced_ids,
)
from tests.blueprints.support import Browser, make_counted, text_of
from tests.conftest import Clock
from tests.factories import make_customer, make_remote_customer
from tests.fakes import FakeAccountingClient

HOSTILE = "<script>alert(1)</script> O'Neil & \u202eSons\u202c"


def test_progress_is_told_in_numbers_that_add_up(ada: Browser, running_import: str) -> None:
    answer = ada.get(running_import)

    text = text_of(answer)
    assert "Import 1 Running" in text
    assert "From QuickBooks · Ada Brandt, 1 s ago" in text
    assert "112 of 180 customers done" in text
    counts = "91 created · 20 linked · 1 skipped · 0 failed"
    assert f"{counts} · 9 a second · about 8 seconds left" in text
    assert '<progress value="112" max="180"' in answer.text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in answer.text


def test_an_import_that_waits_for_the_job_says_so(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1)

    page = ada.get(ada.post(IMPORTS, {"id": unsynced_ids(session)}).location)

    assert "Import 1 Waiting" in text_of(page)
    assert "0 of 1 customer done" in text_of(page)


def test_the_region_looks_again_with_a_growing_wait(ada: Browser, running_import: str) -> None:
    waits = []
    poll = poll_of(ada.get(running_import).text)
    while poll and len(waits) < 7:
        waits.append(poll[1])
        poll = poll_of(ada.htmx_get(poll[0], page=running_import).text)

    assert waits == [300, 450, 675, 1012, 1518, 2000, 2000]


def test_the_region_stops_looking_when_the_import_has_ended(
    ada: Browser, session: Session, running_import: str, run_jobs: Callable[[], None]
) -> None:
    zero = dict.fromkeys(("created_count", "linked_count", "skipped_count"), 0)
    session.execute(update(ImportRun).values(state=ImportState.QUEUED, chosen_count=3, **zero))
    session.commit()
    run_jobs()

    fragment, page = (
        ada.htmx_get(f"{running_import}/progress", page=running_import),
        ada.get(running_import),
    )

    assert "<!doctype" not in fragment.text
    assert fragment.text.lstrip().startswith('<div id="import-run"')
    assert bins_of(fragment) == {"Created": 3, "Linked": 0, "Skipped": 0, "Failed": 0}
    assert "3 customers were chosen." in text_of(fragment)
    assert poll_of(fragment.text) is None
    assert 'http-equiv="refresh"' not in page.text


def test_the_fragment_opened_by_a_browser_leads_to_the_page(
    ada: Browser, running_import: str
) -> None:
    answer = ada.get(f"{running_import}/progress")

    assert (answer.status_code, answer.location) == (303, running_import)


def test_the_receipt_says_how_long_it_took(
    ada: Browser,
    session: Session,
    connection: Connection,
    run_jobs: Callable[[], None],
    clock: Clock,
    books: FakeAccountingClient,
) -> None:
    make_counted(session, connection, unsynced=1)
    address = ada.post(IMPORTS, {"id": unsynced_ids(session)}).location
    clock.advance(seconds=65)
    run_jobs()

    assert "· took 1 min 5 s · 1 call" in text_of(ada.get(address))


def test_every_name_is_shown_as_text(
    ada: Browser,
    session: Session,
    connection: Connection,
    people: SimpleNamespace,
    run_jobs: Callable[[], None],
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=2)
    make_remote_customer(session, reading, name=HOSTILE)
    make_remote_customer(session, reading, name=HOSTILE + "2", state=RemoteState.VANISHED)
    people.ada.name = "<b>Ada</b>"
    session.commit()

    review = ada.get(REVIEW)
    named = ids_of(session, RemoteState.UNSYNCED, RemoteState.VANISHED)
    receipt = ada.get(ada.post(IMPORTS, {"id": named}).location)
    run_jobs()
    receipt, history = ada.get(receipt.request.path), ada.get(IMPORTS)

    for answer in (review, receipt, history):
        assert "<script>alert" not in answer.text
        assert "<b>Ada</b>" not in answer.text
    assert receipt.text.count("&lt;script&gt;alert(1)&lt;/script&gt; O&#39;Neil &amp;") == 2


def test_the_created_lead_to_their_pages(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None]
) -> None:
    make_counted(session, connection, unsynced=1)
    address = ada.post(IMPORTS, {"id": unsynced_ids(session)}).location
    run_jobs()

    found = re.search(r'href="(/customers/[0-9a-f]{16})"', ada.get(address).text)

    assert found
    assert "Customer 000" in text_of(ada.get(found[1]))


@pytest.mark.parametrize(
    ("outcome", "name", "heading"),
    [
        (ItemOutcome.CREATED, "done", "created or linked"),
        (ItemOutcome.FAILED, "told", "Failed and"),
    ],
)
def test_long_lists_of_the_receipt_are_paged(
    ada: Browser,
    session: Session,
    connection: Connection,
    outcome: ItemOutcome,
    name: str,
    heading: str,
) -> None:
    reading = make_counted(session, connection, unsynced=PAGE_ROWS + 3)
    form = {"scope": "all", "reading": reading.public_id, "confirmed": "1"}
    address = ada.post(IMPORTS, form).location
    session.execute(update(ImportRun).values(state=ImportState.FINISHED))
    session.execute(update(ImportItem).values(outcome=outcome))
    session.commit()

    first = ada.get(address)
    link = re.search(rf'href="([^"]+\?{name}=[^"]+)"', first.text)
    assert link
    second = ada.get(link[1].replace("&amp;", "&"))

    rows = [re.findall(r"<bdi>(Customer \d+)</bdi>", answer.text) for answer in (first, second)]
    assert heading in text_of(first)
    assert [len(page) for page in rows] == [PAGE_ROWS, 3]
    assert len(set(rows[0] + rows[1])) == PAGE_ROWS + 3
    assert ("open" in second.text.split('id="done"')[1][:10]) if name == "done" else True


@pytest.mark.parametrize("key", ["", "\x00", "x" * 65, "\n", "' OR 1=1", "%"])
def test_a_strange_key_of_a_list_breaks_nothing(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None], key: str
) -> None:
    make_counted(session, connection, unsynced=1)
    address = ada.post(IMPORTS, {"id": unsynced_ids(session)}).location
    run_jobs()

    assert ada.get(address, query_string={"done": key, "told": key}).status_code == 200


@pytest.mark.parametrize("import_id", ["0" * 16, "x", "new2", "' OR 1=1", "..x"])
def test_an_unknown_import_is_no_page(ada: Browser, connection: Connection, import_id: str) -> None:
    for address in (f"{IMPORTS}/{import_id}", f"{IMPORTS}/{import_id}/progress"):
        assert ada.htmx_get(address).status_code == 404


def test_an_import_of_another_company_is_not_found(
    zoe: Browser, mel: Browser, running_import: str
) -> None:
    for address in (running_import, f"{running_import}/progress"):
        assert zoe.htmx_get(address).status_code == 404
        assert mel.htmx_get(address).status_code == 403


def test_an_import_is_not_found_under_another_provider(ada: Browser, running_import: str) -> None:
    answer = ada.get(running_import.replace("quickbooks", "xero"))

    assert answer.status_code == 404
    assert "There is no such import" in text_of(answer)


def test_a_link_says_why_it_was_made(
    ada: Browser,
    session: Session,
    connection: Connection,
    people: SimpleNamespace,
    run_jobs: Callable[[], None],
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=1)
    cars = {"name": "Cool Cars", "email": "cars@example.com"}
    make_remote_customer(session, reading, **cars, kept_revision=0)
    make_customer(session, people.company, **cars, kept_revision=0)

    address = ada.post(IMPORTS, {"id": unsynced_ids(session)}).location
    run_jobs()

    text = text_of(ada.get(address))
    assert re.search("Cool Cars Linked Same name and same e-mail", text)
