"""Settings > Diagnostics: the facts in words, for the company's admins only, and nothing secret."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models import (
    Connection,
    DeliveryState,
    ReadingFailure,
    ReadingKind,
    ReadingState,
)
from services.runtime import Runtime
from tests.blueprints.report_rows import deliver
from tests.blueprints.support import Browser, make_counted, make_failed, text_of
from tests.factories import (
    NOW,
    make_account,
    make_connection,
    make_reading,
    make_report_recipient,
    make_report_settings,
    make_tokens,
    make_working_server,
)
from tests.fakes import FakeAccountingClient

PAGE = "/settings/diagnostics"
TEXT = "/settings/diagnostics.txt"
BOTH = pytest.mark.parametrize("path", [PAGE, TEXT])


@pytest.fixture(autouse=True)
def _working_server(session: Session) -> None:
    make_working_server(session)


def _update(session: Session, row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    session.commit()


def _lines(browser: Browser) -> list[str]:
    return [line.strip() for line in browser.get(TEXT).text.splitlines()]


def test_an_admin_reads_what_each_connection_did_last(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_reading(session, connection, read_count=1204, call_count=3)
    delta_at = NOW - timedelta(seconds=40)
    make_reading(
        session,
        connection,
        kind=ReadingKind.DELTA,
        finished_at=delta_at,
        read_count=1,
        call_count=1,
    )
    _update(
        session,
        connection,
        renewed_at=NOW - timedelta(minutes=31),
        access_expires_at=NOW + timedelta(minutes=29),
        refresh_expires_at=NOW + timedelta(days=100),
        hard_expires_at=NOW + timedelta(days=1826),
        clock_skew_s=-1,
    )

    text = text_of(ada.get(PAGE))

    assert "All is well." in text
    assert "QuickBooks Online Working" in text
    assert "Company Harbor Heating & Air LLC State connected 21 Oct" in text
    assert "Token age 31 min, renewed by itself" in text
    assert "Access token ends in 29 min" in text
    assert "on 28 Feb 2027 at 09:00 if it is not used; on 20 Nov 2031 at 09:00 in any case" in text
    assert "Last success 40 s ago, 1 customer read, changes only, 1 call" in text
    assert "Last failure none" in text
    assert "Last full reading 5 min ago, 1,204 customers read" in text
    assert "Quota left QuickBooks does not tell" in text
    assert "Clock difference QuickBooks is 1 s behind this server" in text
    assert "Next check when somebody opens the alert" in text
    assert "Calls this month 4 by opening, 0 by re-checks" in text
    assert "Not connected: Xero, FreshBooks." in text


def test_an_admin_reads_how_the_server_stands(ada: Browser, session: Session) -> None:
    text = text_of(ada.get(PAGE))

    assert "Scheduler beats every minute Last tick 1 s ago Jobs engine embedded" in text
    assert "Mail server not set Report last sent never Next report the report is off" in text
    assert "Mail waiting none Reports not delivered none Database SQLite 3." in text
    assert "as this release expects BlueClerk 0." in text
    assert "Server time 2026-11-20 14:00:00 UTC" in text
    assert "Company's zone America/New York, 09:00 there" in text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"state": DeliveryState.REFUSED}, "The daily report did not arrive at 1 recipient."),
        ({"state": DeliveryState.FAILED}, "The daily report did not arrive at 1 recipient."),
        (
            {"state": DeliveryState.DUE, "ended_at": None},
            "The daily report has been waiting for more than an hour to be mailed to 1 recipient.",
        ),
    ],
)
@BOTH
def test_a_report_that_did_not_go_out_is_told_without_an_address(
    ada: Browser,
    session: Session,
    people: SimpleNamespace,
    path: str,
    values: dict[str, Any],
    sentence: str,
) -> None:
    make_report_settings(session, people.company)
    olu = make_report_recipient(session, people.company, address="olu@example.com")
    due_at = NOW - timedelta(hours=2)
    deliver(session, olu, answer_text="Mailbox full", attempts=2, due_at=due_at, **values)

    text = text_of(ada.get(path))

    assert sentence in text
    assert "This server Needs a look" in text or "This server: Needs a look" in text
    assert "All is well." not in text
    assert "more than an hour." not in text
    assert "olu@" not in text
    assert "Mailbox full" not in text


def test_without_a_connection_the_page_says_so(ada: Browser) -> None:
    text = text_of(ada.get(PAGE))

    assert "No accounting software is connected yet." in text
    assert "Not connected: QuickBooks, Xero, FreshBooks." in text
    assert "All is well." in text


def test_the_text_has_the_same_facts_with_lasting_moments(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_reading(session, connection, read_count=1204, call_count=3)

    answer = ada.get(TEXT)

    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    lines = [line.strip() for line in answer.text.splitlines()]
    assert lines[:3] == ["BlueClerk diagnostics", "", "All is well."]
    assert "QuickBooks Online: Working" in lines
    assert (
        "Last success: 2026-11-20 13:55:00 UTC, 1,204 customers read, whole list, 3 calls" in lines
    )
    assert "This server: Working" in lines
    assert "Not connected: Xero, FreshBooks" in lines
    assert " ago" not in answer.text


@BOTH
def test_a_member_is_refused(mel: Browser, path: str) -> None:
    assert mel.get(path).status_code == 403


@BOTH
def test_whoever_is_not_signed_in_is_led_to_sign_in(stranger: Browser, path: str) -> None:
    answer = stranger.get(path)

    assert answer.status_code == 303
    assert answer.location == f"/login?next={path}"


@BOTH
def test_zoe_sees_only_her_own(
    zoe: Browser, session: Session, people: SimpleNamespace, connection: Connection, path: str
) -> None:
    make_failed(session, connection, ReadingFailure.UNAVAILABLE)
    own = make_account(session, people.other, provider="xero", name="Other Garden Ltd")
    make_connection(session, own)

    text = text_of(zoe.get(path))

    assert "Other Garden Ltd" in text
    assert "All is well." in text
    assert "Harbor" not in text
    assert "1-abc" not in text


@BOTH
def test_no_secret_address_or_customer_is_in_it(
    ada: Browser, session: Session, people: SimpleNamespace, runtime: Runtime, path: str
) -> None:
    tokens = make_tokens(access_token="tell-nobody-this", refresh_token="nor-that-one")
    account = make_account(
        session, people.company, name="Harbor of Ada ada@example.com", remote_account_id="93414577"
    )
    connection = make_connection(session, account, vault=runtime.vault, tokens=tokens)
    make_counted(session, connection, unsynced=2)
    make_reading(
        session,
        connection,
        state=ReadingState.FAILED,
        failure=ReadingFailure.UNREADABLE,
        failure_reference="for mel@example.com",
    )
    make_report_settings(session, people.company)
    make_report_recipient(session, people.company, address="owner@example.org")

    answer = ada.get(path).text

    assert "Harbor of Ada [address]" in answer
    assert "Reference: for [address]" in answer
    hidden = ("tell-nobody", "nor-that", "@example", "93414577", "Customer 00", "secret")
    assert [piece for piece in hidden if piece in answer] == []
    for sealed in (connection.access_token, connection.refresh_token):
        assert sealed is not None
        assert sealed.hex() not in answer


def test_a_providers_text_is_escaped_on_the_page(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    account = make_account(session, people.company, name="<script>alert(1)</script> & Sons")
    connection = make_connection(session, account)
    make_reading(
        session,
        connection,
        state=ReadingState.FAILED,
        failure=ReadingFailure.UNAVAILABLE,
        failure_reference='"><img src=x>',
    )

    answer = ada.get(PAGE).text

    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in answer
    assert "&#34;&gt;&lt;img src=x&gt;" in answer
    assert "<script>alert" not in answer
    assert "<img src=x" not in answer


def test_a_providers_text_cannot_add_a_line_to_the_text(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    account = make_account(session, people.company, name="Harbor\nScheduler: silent")
    make_connection(session, account)

    assert "Company: Harbor Scheduler: silent" in _lines(ada)
    assert "Scheduler: silent" not in _lines(ada)


def test_opening_it_asks_no_provider(
    ada: Browser, connection: Connection, books: FakeAccountingClient
) -> None:
    ada.get(PAGE)
    ada.get(TEXT)

    assert books.call_count == 0


def test_the_settings_lead_here(ada: Browser) -> None:
    assert f'href="{PAGE}">Diagnostics' in ada.get("/settings/integrations").text
    assert f'href="{PAGE}" aria-current="page">Diagnostics' in ada.get(PAGE).text
