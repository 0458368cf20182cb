"""What an admin decides about a connection: who counts, and whether it is checked every day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models import Connection, ConnectionState, Reading, ReadingOrigin, ReadingState, RemoteState
from tests.blueprints.support import QUICKBOOKS, SENTENCE, Browser, make_counted, text_of
from tests.conftest import WakeUps
from tests.factories import NOW, make_reading, make_remote_customer
from tests.fakes import FakeAccountingClient

COUNTING = f"{QUICKBOOKS}/counting"
RECHECK = f"{QUICKBOOKS}/recheck"
FORM = {"on": "1", "calls": "100"}


def _make_sub_customers(session: Session, connection: Connection, number: int) -> Reading:
    reading = make_counted(session, connection, unsynced=2)
    left_out: dict[str, Any] = {"state": RemoteState.LEFT_OUT, "is_counted": False}
    for _ in range(number):
        make_remote_customer(session, reading, kind="sub_customer", **left_out)
    return reading


def test_sub_customers_are_counted_from_the_next_page_on(
    ada: Browser,
    session: Session,
    connection: Connection,
    books: FakeAccountingClient,
    wake_ups: WakeUps,
) -> None:
    _make_sub_customers(session, connection, 37)

    answer = ada.post(COUNTING, {"count": "1"})
    page = ada.get(answer.location)
    alert = text_of(ada.get(f"{QUICKBOOKS}?opened=1"))

    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)
    assert "37 sub-customers are counted now." in text_of(page)
    assert "Sub-customers 37, counted · Leave them out" in text_of(page)
    assert f"39 of 39 {SENTENCE}" in alert
    assert "Counted are active customers, sub-customers among them." in alert
    assert "Projects and archived ones are left out." in alert
    assert (books.call_count, wake_ups.rows) == (0, [])


def test_sub_customers_can_be_left_out_again(
    ada: Browser, session: Session, connection: Connection
) -> None:
    _make_sub_customers(session, connection, 1)
    ada.post(COUNTING, {"count": "1"})

    page = ada.get(ada.post(COUNTING, {"count": "0"}).location)

    assert "1 sub-customer is left out now." in text_of(page)
    assert "Sub-customers 1, left out · show · Count them" in text_of(page)


def test_only_a_provider_with_sub_customers_has_that_choice(ada: Browser) -> None:
    for provider in ("xero", "freshbooks"):
        answer = ada.post(f"/settings/integrations/{provider}/counting", {"count": "1"})

        assert answer.status_code == 404


@pytest.mark.parametrize("path", [COUNTING, RECHECK])
def test_zoe_changes_nothing_of_the_company(
    zoe: Browser, session: Session, connection: Connection, path: str
) -> None:
    _make_sub_customers(session, connection, 2)

    answer = zoe.post(path, FORM | {"count": "1"})

    session.refresh(connection)
    session.refresh(connection.account)
    assert answer.status_code == 409
    assert not connection.rechecks_daily
    assert not connection.account.includes_sub_customers


@pytest.mark.parametrize("path", [COUNTING, RECHECK])
def test_a_member_changes_nothing(
    mel: Browser, session: Session, connection: Connection, path: str
) -> None:
    answer = mel.post(path, FORM | {"count": "1"})

    session.refresh(connection)
    assert answer.status_code == 403
    assert not connection.rechecks_daily


@pytest.mark.parametrize("path", [COUNTING, RECHECK])
def test_the_address_of_a_form_leads_back_to_its_page(ada: Browser, path: str) -> None:
    answer = ada.get(path)

    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)


def test_whoever_had_the_number_open_sees_the_new_one(
    ada: Browser, session: Session, connection: Connection
) -> None:
    _make_sub_customers(session, connection, 1)
    closed, opened = ada.get(QUICKBOOKS), ada.get(f"{QUICKBOOKS}?opened=1")

    answer = ada.post(COUNTING, {"count": "1", "opened": "1"})

    assert answer.location == f"{QUICKBOOKS}?opened=1"
    assert 'name="opened"' in opened.text
    assert 'name="opened"' not in closed.text


def test_the_daily_check_is_off_until_somebody_switches_it_on(
    ada: Browser, connection: Connection
) -> None:
    answer = ada.get(QUICKBOOKS)

    text = text_of(answer)
    assert "Daily check Off" in text
    assert "Nothing is read from QuickBooks unless somebody opens the line above." in text
    assert "1 call a day when nothing changed, about 30 a month" in text
    assert 'inputmode="numeric" class="brief" name="calls" value="100"' in answer.text
    assert "autofocus" not in answer.text
    assert "Used this month" not in text


def test_switched_on_it_says_what_it_costs_and_when_it_comes(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1)
    recheck = {"origin": ReadingOrigin.RECHECK, "started_at": NOW - timedelta(days=2)}
    make_reading(session, connection, call_count=12, **recheck)

    answer = ada.post(RECHECK, FORM | {"reports": "1"})
    page = ada.get(answer.location)

    text = text_of(page)
    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)
    assert "QuickBooks is checked once a day from now on." in text
    assert "Daily check On" in text
    assert "Used this month 12 of 100 calls" in text
    assert "Next check Sat 21 Nov, 05:00 (10:00 UTC)" in text
    assert 'name="reports" value="1" checked' in page.text
    assert "QuickBooks is read once a day, and when you open this" in text
    assert "nothing is read from QuickBooks" not in text


def test_switched_off_it_is_off(ada: Browser, connection: Connection) -> None:
    ada.post(RECHECK, FORM)

    text = text_of(ada.get(ada.post(RECHECK, {"calls": "100"}).location))

    assert "Daily check Off" in text
    assert "QuickBooks is read only when somebody opens" in text


def test_a_used_budget_pauses_it_in_words(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_reading(session, connection, origin=ReadingOrigin.RECHECK, call_count=10)
    ada.post(RECHECK, {"on": "1", "calls": "10"})

    text = text_of(ada.get(QUICKBOOKS))

    assert "Used this month 10 of 10 calls" in text
    assert "paused until 1 December: the calls of this month are used" in text


def test_another_number_of_calls_alone_is_saved(ada: Browser, connection: Connection) -> None:
    ada.post(RECHECK, FORM)

    text = text_of(ada.get(ada.post(RECHECK, FORM | {"calls": "200"}).location))

    assert "Saved." in text
    assert "of 200 calls" in text


def test_there_is_none_while_the_permission_has_ended(
    ada: Browser, session: Session, connection: Connection
) -> None:
    ada.post(RECHECK, FORM)
    connection.state = ConnectionState.RECONNECT_REQUIRED
    session.commit()

    assert "Daily check" not in text_of(ada.get(QUICKBOOKS))


@pytest.mark.parametrize("calls", ["", "9", "10001", "-5", "1e3", "many", "99999999999999999999"])
def test_a_strange_number_of_calls_is_told_at_its_field(
    ada: Browser, session: Session, connection: Connection, calls: str
) -> None:
    answer = ada.post(RECHECK, {"on": "1", "calls": calls})

    session.refresh(connection)
    assert answer.status_code == 422
    assert "Choose a number from 10 to 10,000." in text_of(answer)
    assert 'aria-invalid="true" aria-describedby="calls-wrong"' in answer.text
    assert 'name="on" value="1" checked' in answer.text, "what was entered is kept"
    assert f'name="calls" value="{calls[:10]}"' in answer.text
    assert " autofocus>" in answer.text
    assert not connection.rechecks_daily


def test_the_page_of_a_daily_check_starts_no_reading(
    ada: Browser,
    session: Session,
    connection: Connection,
    books: FakeAccountingClient,
    wake_ups: WakeUps,
) -> None:
    ada.post(RECHECK, FORM)

    text = text_of(ada.get(QUICKBOOKS))

    assert "Next check within a minute" in text
    assert (books.call_count, wake_ups.rows) == (0, [])
    assert session.query(Reading).filter_by(state=ReadingState.RUNNING).count() == 0
