"""Importing from the page: what is said before, what is asked, what a click starts."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import (
    Bin,
    Connection,
    ConnectionState,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
)
from tests.blueprints.importing import (
    IMPORTS,
    REVIEW,
    bins_of,
    dock_of,
    names_here,
    runs_of,
    unsynced_ids,
)
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.conftest import Clock, WakeUps
from tests.factories import (
    make_customer,
    make_remote_customer,
)
from tests.fakes import FakeAccountingClient
from tests.matching_factories import make_matched, make_suggestion

FIRST_ONE = "Nothing was started twice: this import was there already."


def test_the_ticked_are_imported_and_nobody_else(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None]
) -> None:
    make_counted(session, connection, unsynced=4)
    first, second, *_ = unsynced_ids(session)

    answer = ada.post(IMPORTS, {"id": [first, second]})
    run_jobs()

    assert answer.status_code == 303
    assert answer.location == f"{IMPORTS}/{runs_of(session)[0].public_id}"
    assert names_here(session) == ["Customer 000", "Customer 001"]
    assert bins_of(ada.get(answer.location)) == {
        "Created": 2,
        "Linked": 0,
        "Skipped": 0,
        "Failed": 0,
    }


def test_a_customer_is_not_imported_before_the_job_has_run(
    ada: Browser, session: Session, connection: Connection, wake_ups: WakeUps
) -> None:
    make_counted(session, connection, unsynced=1)

    ada.post(IMPORTS, {"id": unsynced_ids(session)})

    assert [job for job, _row_id in wake_ups.rows] == ["import_customers"]
    assert names_here(session) == []


def test_the_numbers_said_before_are_the_numbers_of_the_receipt(
    ada: Browser,
    session: Session,
    connection: Connection,
    people: SimpleNamespace,
    run_jobs: Callable[[], None],
) -> None:
    reading = make_counted(session, connection, unsynced=50)
    for number in range(9):
        remote = make_remote_customer(session, reading, name=f"Same {number}", bin=Bin.SAME)
        make_suggestion(session, remote, make_customer(session, people.company))
    make_matched(session, session.get_one(RemoteAccount, reading.account_id))
    for _ in range(4):
        make_remote_customer(session, reading, email=None)
    make_remote_customer(session, reading, state=RemoteState.IGNORED)

    dock = dock_of(ada.get(REVIEW))
    asked = ada.get(f"{IMPORTS}/new")
    form = {"scope": "all", "reading": reading.public_id, "confirmed": "1"}
    answer = ada.post(IMPORTS, form)
    run_jobs()
    receipt = ada.get(answer.location)

    assert dock.startswith("54 create · 9 link · 0 need you · 1 ignored")
    assert bins_of(asked) == {"Create": 54, "Link": 9}
    assert "54 create · 9 link · 0 need you · 1 ignored" in text_of(asked)
    assert "4 of those to create have no e-mail" in text_of(asked)
    assert bins_of(receipt) == {"Created": 54, "Linked": 9, "Skipped": 0, "Failed": 0}
    assert "Created 4 without e-mail" in text_of(receipt)


def test_many_are_asked_about_before_anything_is_written(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None]
) -> None:
    reading = make_counted(session, connection, unsynced=51)
    form = {"scope": "all", "reading": reading.public_id}

    asked = ada.post(IMPORTS, form)
    before = runs_of(session)
    started = ada.post(IMPORTS, form | {"confirmed": "1"})
    run_jobs()

    assert asked.status_code == 200
    assert "Import 51 customers" in text_of(asked)
    assert before == []
    assert started.status_code == 303
    assert len(names_here(session)) == 51


def test_many_named_ones_are_asked_about_and_named_again(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=51)
    named = unsynced_ids(session)
    linked = session.query(RemoteCustomer).filter_by(public_id=named[0]).one()
    linked.state = RemoteState.IGNORED
    session.commit()

    asked = ada.post(IMPORTS, {"id": named})

    assert bins_of(asked) == {"Create": 50, "Link": 0, "Skip": 1}
    assert all(f'name="id" value="{public_id}"' in asked.text for public_id in named)
    assert runs_of(session) == []


def test_a_page_of_the_list_is_imported_without_a_question(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=50)

    answer = ada.post(IMPORTS, {"scope": "all", "reading": reading.public_id})

    assert answer.status_code == 303
    assert runs_of(session)[0].chosen_count == 50


def test_a_double_click_starts_one_import(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    form = {"id": unsynced_ids(session)}

    first, second = ada.post(IMPORTS, form), ada.post(IMPORTS, form)

    assert (second.status_code, second.location) == (303, first.location)
    assert FIRST_ONE in text_of(ada.get(second.location))
    assert len(runs_of(session)) == 1


@pytest.mark.parametrize("is_all", [True, False])
def test_a_double_click_is_one_import_even_when_the_first_has_ended(
    ada: Browser,
    session: Session,
    connection: Connection,
    run_jobs: Callable[[], None],
    is_all: bool,
) -> None:
    reading = make_counted(session, connection, unsynced=2)
    every = {"scope": "all", "reading": reading.public_id}
    form = every if is_all else {"id": unsynced_ids(session)}
    first = ada.post(IMPORTS, form)
    run_jobs()

    second = ada.post(IMPORTS, form)

    assert (second.status_code, second.location) == (303, first.location)
    assert FIRST_ONE in text_of(ada.get(second.location))
    assert len(runs_of(session)) == 1


def test_the_same_again_after_a_minute_is_an_import_of_its_own(
    ada: Browser,
    session: Session,
    connection: Connection,
    run_jobs: Callable[[], None],
    clock: Clock,
    books: FakeAccountingClient,
) -> None:
    make_counted(session, connection, unsynced=2)
    form = {"id": unsynced_ids(session)}
    ada.post(IMPORTS, form)
    run_jobs()
    clock.advance(seconds=61)

    answer = ada.post(IMPORTS, form)
    run_jobs()

    assert bins_of(ada.get(answer.location))["Skipped"] == 2
    assert len(names_here(session)) == 2


def test_an_import_of_a_second_admin_waits_for_the_first(
    ada: Browser, zoe: Browser, session: Session, connection: Connection, people: SimpleNamespace
) -> None:
    people.zoe.company_id = people.company.id
    make_counted(session, connection, unsynced=2)
    first, second = unsynced_ids(session)

    first_click, other = ada.post(IMPORTS, {"id": first}), zoe.post(IMPORTS, {"id": second})

    page = zoe.get(other.location)
    assert first_click.location != other.location
    assert "Import 2 Waiting" in text_of(page)
    assert "It waits for import 1 to end." in text_of(page)
    assert f'href="{first_click.location}"' in page.text


def test_the_same_id_twice_is_one_customer(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None]
) -> None:
    make_counted(session, connection, unsynced=1)

    ada.post(IMPORTS, {"id": unsynced_ids(session) * 3})
    run_jobs()

    assert names_here(session) == ["Customer 000"]
    assert runs_of(session)[0].chosen_count == 1


def test_whoever_was_ticked_and_is_nobody_here_is_told(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1)

    answer = ada.post(IMPORTS, {"id": [*unsynced_ids(session), "0" * 16, "1" * 16, "1" * 16]})

    assert "Chosen but not found, so not imported: 2." in text_of(ada.get(answer.location))
    assert runs_of(session)[0].chosen_count == 1


def test_nothing_is_imported_while_there_is_no_permission(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None]
) -> None:
    make_counted(session, connection, unsynced=1)
    connection.state = ConnectionState.RECONNECT_REQUIRED
    session.commit()

    address = ada.post(IMPORTS, {"id": unsynced_ids(session)}).location
    run_jobs()

    page = ada.get(address)
    assert names_here(session) == []
    assert "Import 1 Paused" in text_of(page)
    assert "goes on by itself as soon as you reconnect" in text_of(page)
    assert f'href="{QUICKBOOKS}/connect">Reconnect QuickBooks</a>' in page.text
