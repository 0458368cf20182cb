"""The alert while it checks and when it has counted, as htmx gets it."""

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
    poll_address,
    text_of,
)
from tests.conftest import Clock, WakeUps
from tests.factories import NOW, make_reading, make_record, make_remote_customer
from tests.fakes import FakeAccountingClient

UNSYNCED = f"{QUICKBOOKS}/unsynced"
CHECK = f"{QUICKBOOKS}/check"
Run = Callable[[], None]


def test_opening_starts_one_reading_and_tells_that_it_runs(
    ada: Browser, connection: Connection, wake_ups: WakeUps
) -> None:
    answer = ada.htmx_get(UNSYNCED)

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="unsynced-body" class="info" role="status"')
    assert "Reading customers from QuickBooks" in text_of(answer)
    assert "A number appears only when everything has been read." in text_of(answer)
    assert SENTENCE not in text_of(answer)
    assert len(wake_ups.rows) == 1


def test_opening_shows_the_count_when_the_reading_has_ended(
    ada: Browser, connection: Connection, books: FakeAccountingClient, run_jobs: Run
) -> None:
    books.records = [make_record() for _ in range(7)]
    poll = poll_address(ada.htmx_get(UNSYNCED))
    run_jobs()
    assert poll

    answer = ada.htmx_get(poll)

    text = text_of(answer)
    assert f"7 of 7 {SENTENCE}" in text
    assert "read 7 of 7 · 1 call · checked 1 s ago · Check again" in text
    assert poll_address(answer) is None


def test_everybody_who_opens_at_once_follows_one_reading(
    ada: Browser, connection: Connection, wake_ups: WakeUps
) -> None:
    addresses = {poll_address(ada.htmx_get(UNSYNCED)) for _ in range(5)}

    assert len(addresses) == 1
    assert len(wake_ups.rows) == 1


def test_progress_is_told_without_a_result(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_reading(
        session,
        connection,
        state=ReadingState.RUNNING,
        finished_at=None,
        lease_until_at=NOW + timedelta(seconds=30),
        read_count=3000,
        expected_count=4812,
        call_count=3,
    )

    answer = ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}")

    text = text_of(answer)
    assert "read 3,000 of about 4,812" in text
    assert "3 calls so far" in text
    assert '<progress value="3000" max="4812"' in answer.text
    assert SENTENCE not in text


def test_a_wait_that_the_provider_asked_for_is_told(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_reading(
        session,
        connection,
        state=ReadingState.RUNNING,
        finished_at=None,
        lease_until_at=NOW + timedelta(seconds=30),
        retry_at=NOW + timedelta(seconds=50),
    )

    answer = ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}")

    told = "QuickBooks asks us to wait. The reading goes on in 50 s."
    assert told in text_of(answer)


def test_the_wait_between_two_looks_grows_and_then_stays(
    ada: Browser, connection: Connection
) -> None:
    answer = ada.htmx_get(UNSYNCED)
    waits = []
    for _ in range(8):
        waits.append(int(re.search(r"load delay:(\d+)ms", answer.text)[1]))
        answer = ada.htmx_get(poll_address(answer))

    assert waits == [300, 450, 675, 1012, 1518, 2000, 2000, 2000]


@pytest.mark.parametrize("wait", ["", "-1", "x", "٣", "99999999999999999999", "1e9"])
def test_a_strange_wait_does_no_harm(ada: Browser, connection: Connection, wait: str) -> None:
    poll = poll_address(ada.htmx_get(UNSYNCED))
    assert poll

    answer = ada.htmx_get(poll.replace("wait=300", f"wait={wait}"))

    assert answer.status_code == 200
    assert "load delay:300ms" in answer.text


def test_within_a_minute_nothing_is_read_again(
    ada: Browser, session: Session, connection: Connection, wake_ups: WakeUps
) -> None:
    make_counted(session, connection, unsynced=3)

    answer = ada.htmx_get(UNSYNCED)

    assert f"3 of 3 {SENTENCE}" in text_of(answer)
    assert "checked 10 s ago" in text_of(answer)
    assert wake_ups.rows == []


def test_after_a_minute_opening_reads_again(
    ada: Browser, session: Session, connection: Connection, wake_ups: WakeUps, clock: Clock
) -> None:
    make_counted(session, connection, unsynced=3)
    clock.advance(seconds=60)

    ada.htmx_get(UNSYNCED)

    assert len(wake_ups.rows) == 1


def test_check_again_reads_however_young_the_number_is(
    ada: Browser, session: Session, connection: Connection, wake_ups: WakeUps
) -> None:
    make_counted(session, connection, unsynced=3)

    answer = ada.htmx_post(CHECK)

    assert "Reading customers" in text_of(answer)
    assert len(wake_ups.rows) == 1


def test_the_counted_alert_says_what_is_worth_knowing(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=1204)
    rows = [("Żółta Łódź", 624_000, "USD"), ("Smith", 41_275, "USD"), ("Kiel", 120_000, "EUR")]
    for name, cents, currency in rows:
        make_remote_customer(
            session, reading, name=name, balance_cents=cents, currency=currency, email=None
        )
    make_remote_customer(session, reading, state=RemoteState.LEFT_OUT, status="archived")
    make_remote_customer(session, reading, state=RemoteState.LEFT_OUT, kind="sub_customer")

    text = text_of(ada.htmx_get(UNSYNCED))

    assert f"3 of 1,204 {SENTENCE}" in text
    assert text.index("Żółta Łódź") < text.index("Kiel") < text.index("Smith")
    assert "$6,240.00" in text
    assert "3 of the 3 have an open balance, EUR 1,200.00 and $6,652.75 together" in text
    assert "3 have no e-mail" in text
    assert "Left out: 1 sub-customer and 1 archived." in text
    assert "read 1,204 of 1,204 · 3 calls" in text
    assert "Review & import Import all 3 Ignore these 3 They are no longer" in text


def test_what_could_not_be_read_is_told_beside_the_number(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2, unreadable_count=3)

    text = text_of(ada.htmx_get(UNSYNCED))

    assert "3 entries in QuickBooks could not be read and are left out." in text


def test_a_sub_customer_stands_with_its_parent(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0)
    make_remote_customer(session, reading, remote_id="100", name="Okafor Marine LLC")
    child = {"kind": "sub_customer", "parent_remote_id": "100", "name": "Dock 7"}
    make_remote_customer(session, reading, **child)

    answers = [ada.htmx_get(UNSYNCED), ada.get(f"{QUICKBOOKS}/review")]

    for answer in answers:
        assert "Dock 7 · part of Okafor Marine LLC" in text_of(answer)


def test_who_came_since_the_last_look_is_new_once(
    ada: Browser, session: Session, connection: Connection
) -> None:
    connection.looked_at = NOW - timedelta(days=4)
    connection.looked_reading_id = make_counted(session, connection, unsynced=2).id
    make_counted(session, connection, unsynced=3, counted_count=5)
    new = "3 new in QuickBooks since Monday"

    closed, cards = ada.get(QUICKBOOKS), ada.get("/settings/integrations")
    opened, again = ada.htmx_get(UNSYNCED), ada.htmx_get(UNSYNCED)

    assert f"{new} · nothing is read from QuickBooks until you open this" in text_of(closed)
    assert new in text_of(cards)
    assert f"5 are missing here · {new}" in text_of(opened)
    assert "new in QuickBooks" not in text_of(again)


def test_a_closed_page_is_no_look(ada: Browser, session: Session, connection: Connection) -> None:
    make_counted(session, connection, unsynced=2)

    ada.get(QUICKBOOKS)
    ada.get(f"{QUICKBOOKS}/review")

    session.refresh(connection)
    assert connection.looked_at is None


def test_a_failed_reading_is_no_look(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    reading = make_failed(session, connection, ReadingFailure.UNAVAILABLE)

    ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}")

    session.refresh(connection)
    assert connection.looked_at is None


def test_one_missing_customer_is_told_in_the_singular(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1, counted_count=1204)

    text = text_of(ada.htmx_get(UNSYNCED))

    assert "1 of 1,204 customers in QuickBooks is not yet imported into BlueClerk." in text
    assert "1 is missing here" in text


def test_nothing_missing_is_told_as_none_of_all(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=3)
    for state in (RemoteState.LINKED, RemoteState.LINKED, RemoteState.IGNORED):
        make_remote_customer(session, reading, state=state)

    answer = ada.htmx_get(UNSYNCED)

    text = text_of(answer)
    assert 'class="ok"' in answer.text
    assert f"0 of 3 {SENTENCE}" in text
    assert "2 are linked and 1 is ignored on purpose." in text


def test_an_empty_account_is_told_as_such(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=0)

    assert "There is no customer in QuickBooks that counts yet." in text_of(ada.htmx_get(UNSYNCED))


def test_the_line_and_the_facts_elsewhere_on_the_page_are_kept_in_step(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)

    answer = ada.htmx_get(UNSYNCED)

    assert answer.text.count("hx-swap-oob") == 2
    assert 'id="unsynced-summary" hx-swap-oob="outerHTML"' in answer.text
    assert 'id="sync-facts" hx-swap-oob="outerHTML"' in answer.text
    assert "hx-swap-oob" not in ada.get(f"{QUICKBOOKS}?opened=1").text
