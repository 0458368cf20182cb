"""The alert as pages without scripts, and with names that want to be more than names."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models import Connection, ReadingFailure, ReadingState, RemoteState
from tests.blueprints.support import (
    QUICKBOOKS,
    SENTENCE,
    Browser,
    make_counted,
    make_failed,
    text_of,
)
from tests.factories import NOW, make_reading, make_record, make_remote_customer
from tests.fakes import FakeAccountingClient

UNSYNCED = f"{QUICKBOOKS}/unsynced"
CHECK = f"{QUICKBOOKS}/check"
Run = Callable[[], None]


def test_without_scripts_the_closed_alert_offers_a_link(
    ada: Browser, connection: Connection
) -> None:
    answer = ada.get(QUICKBOOKS)

    assert f'<a role="button" href="{UNSYNCED}">Check now</a>' in answer.text


def test_books_that_were_never_read_have_a_button_and_no_zeros(
    ada: Browser, session: Session, connection: Connection
) -> None:
    button = f'<a role="button" href="{UNSYNCED}">Check who is missing</a>'
    fresh = ada.get(QUICKBOOKS)
    make_counted(session, connection, unsynced=1)

    read = ada.get(QUICKBOOKS)

    assert button in fresh.text
    assert "Archived there" not in text_of(fresh)
    assert "Ignored 0" not in text_of(fresh)
    assert button not in read.text
    assert "Ignored 0 Archived there 0" in text_of(read)


def test_without_scripts_checking_is_a_page_that_looks_again_by_itself(
    ada: Browser, connection: Connection, books: FakeAccountingClient, run_jobs: Run
) -> None:
    books.records = [make_record(), make_record()]
    answer = ada.get(UNSYNCED)
    assert answer.status_code == 303
    assert answer.location.startswith(f"{QUICKBOOKS}?reading=")
    checking = ada.get(answer.location)
    run_jobs()

    counted = ada.get(answer.location)

    refresh = '<noscript><meta http-equiv="refresh" content="2"></noscript>'
    assert refresh in checking.text
    assert "Reading customers" in text_of(checking)
    assert refresh not in counted.text
    assert f"2 of 2 {SENTENCE}" in text_of(counted)


def test_nobody_waiting_because_they_are_ignored_is_told_as_such(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=3)
    for state in (RemoteState.LINKED, RemoteState.IGNORED, RemoteState.IGNORED):
        make_remote_customer(session, reading, state=state)

    answer = ada.htmx_get(UNSYNCED)

    assert 'id="unsynced-body" class="info"' in answer.text
    assert "Nobody waits · 2 ignored" in text_of(answer)
    review = text_of(ada.get(f"{QUICKBOOKS}/review"))
    assert f"0 of 3 {SENTENCE}. 1 is linked, 2 are ignored." in review


def test_without_scripts_a_fresh_number_is_shown_on_the_page(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=3)

    answer = ada.get(UNSYNCED)

    assert (answer.status_code, answer.location) == (303, f"{QUICKBOOKS}?opened=1")
    page = ada.get(answer.location)
    assert f"3 of 3 {SENTENCE}" in text_of(page)
    assert re.search(r'<details class="alert" id="unsynced" open', page.text)


def test_without_scripts_a_failure_is_shown_on_the_page(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_failed(session, connection, ReadingFailure.UNAVAILABLE)

    answer = ada.post(CHECK)
    page = ada.get(f"{QUICKBOOKS}?reading={reading.public_id}")

    assert answer.status_code == 303
    assert "QuickBooks did not answer." in text_of(page)
    assert "We asked several times and stopped after 1,000 customers. Half a list" in text_of(page)


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "N" * 500],
)
def test_a_hostile_name_is_only_a_name(
    ada: Browser, session: Session, connection: Connection, name: str
) -> None:
    reading = make_counted(session, connection, unsynced=0)
    make_remote_customer(session, reading, name=name, company_name=name, phone=name, email=name)

    for answer in (ada.htmx_get(UNSYNCED), ada.get(f"{QUICKBOOKS}/review")):
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "49" not in text_of(answer)
        assert "<bdi>" in answer.text


def test_an_e_mail_field_with_three_addresses_shows_the_first_usable_one(
    ada: Browser, connection: Connection, books: FakeAccountingClient, run_jobs: Run
) -> None:
    texts = ["rubbish; a@example.com, b@example.com", "", "no mail please"]
    books.records = [make_record(emails_text=text) for text in texts]
    ada.htmx_get(UNSYNCED)
    run_jobs()

    text = text_of(ada.htmx_get(UNSYNCED))

    assert "a@example.com" in text
    assert "b@example.com" not in text
    assert "2 have no e-mail" in text


def test_no_call_yet_is_not_counted(ada: Browser, session: Session, connection: Connection) -> None:
    running = {"finished_at": None, "lease_until_at": NOW + timedelta(seconds=30)}
    reading = make_reading(session, connection, state=ReadingState.RUNNING, call_count=0, **running)

    text = text_of(ada.get(f"{QUICKBOOKS}?reading={reading.public_id}"))

    assert "so far" not in text
    assert "You can leave this page, the reading goes on." in text


@pytest.mark.parametrize(
    ("read_count", "wait_ms"), [(100, 2000), (900, 1111), (980, 204), (990, 150), (1000, 300)]
)
def test_the_last_look_comes_when_the_reading_ends(
    ada: Browser, session: Session, connection: Connection, read_count: int, wait_ms: int
) -> None:
    running = {"finished_at": None, "lease_until_at": NOW + timedelta(seconds=30)}
    progress = {"read_count": read_count, "expected_count": 1000}
    begun = {"started_at": NOW - timedelta(seconds=10), "state": ReadingState.RUNNING}
    reading = make_reading(session, connection, **begun, **running, **progress)

    answer = ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}&wait=2000")

    assert f"load delay:{wait_ms}ms" in answer.text
