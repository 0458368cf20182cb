"""The facts of the diagnostics: right, the company's own, few statements, and what needs a look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from models import (
    Company,
    Connection,
    ConnectionState,
    DeliveryState,
    Reading,
    ReadingFailure,
    ReadingKind,
    ReadingOrigin,
    ReadingState,
    ReportDelivery,
)
from services.connection_facts import CallCounts, ConnectionFacts, without_addresses
from services.diagnostics import Diagnostics, view_diagnostics
from services.heartbeat import TICK, note_beat
from services.providers.contract import ProviderKey
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_reading,
    make_report_recipient,
    make_report_settings,
    make_working_server,
)


@pytest.fixture
def company(session: Session) -> Company:
    """A company on a server that works."""
    make_working_server(session)
    return make_company(session)


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def _connect(
    session: Session, company: Company, provider: str = "quickbooks", **overrides: Any
) -> Connection:
    return make_connection(session, make_account(session, company, provider=provider), **overrides)


def _fail(session: Session, connection: Connection, **overrides: Any) -> Reading:
    values = {"state": ReadingState.FAILED, "failure": ReadingFailure.UNAVAILABLE}
    return make_reading(session, connection, **values | overrides)


def _deliver(session: Session, company: Company, **overrides: Any) -> None:
    values = {
        "company_id": company.id,
        "recipient_id": make_report_recipient(session, company).id,
        "first_day_on": NOW.date(),
        "day_on": NOW.date(),
        "window_start_at": NOW - timedelta(days=1),
        "window_end_at": NOW,
        "message_id": "<1@example.com>",
        "state": DeliveryState.DUE,
        "next_attempt_at": NOW,
        "due_at": NOW - timedelta(minutes=30),
    }
    session.add(ReportDelivery(**values | overrides))
    session.commit()


def _view(
    session: Session, company: Company, *, has_mail_server: bool = True, now: datetime = NOW
) -> Diagnostics:
    return view_diagnostics(
        session, company.id, jobs_engine="embedded", has_mail_server=has_mail_server, now=now
    )


def _only(session: Session, company: Company) -> ConnectionFacts:
    (facts,) = _view(session, company).connections
    return facts


def test_a_company_without_a_connection_is_well(session: Session, company: Company) -> None:
    diagnostics = _view(session, company)

    assert diagnostics.connections == ()
    assert [profile.key for profile in diagnostics.not_connected] == list(ProviderKey)
    assert diagnostics.warnings == ()


def test_an_ended_connection_counts_as_not_connected(session: Session, company: Company) -> None:
    _connect(session, company, state=ConnectionState.DISCONNECTED)

    assert len(_view(session, company).not_connected) == 3


def test_the_last_reading_of_each_kind_is_found(session: Session, company: Company) -> None:
    connection = _connect(session, company)
    full = make_reading(session, connection, read_count=1204)
    _fail(session, connection)
    failed = _fail(session, connection, failure_reference="1-abc")
    delta = make_reading(session, connection, kind=ReadingKind.DELTA, read_count=3)
    make_reading(session, connection, state=ReadingState.RUNNING, finished_at=None)

    facts = _only(session, company)

    found = [facts.last_success, facts.last_failure, facts.last_full]
    assert [reading.id for reading in found if reading] == [delta.id, failed.id, full.id]
    assert facts.last_failure is not None
    assert facts.last_failure.reference == "1-abc"


def test_calls_are_counted_from_the_first_of_the_companys_month(
    session: Session, company: Company
) -> None:
    connection = _connect(session, company)
    midnight_there = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    before = midnight_there - timedelta(seconds=1)
    make_reading(session, connection, call_count=50, started_at=before)
    make_reading(session, connection, call_count=3, started_at=midnight_there)
    _fail(session, connection, call_count=4)
    make_reading(session, connection, call_count=7, origin=ReadingOrigin.RECHECK)

    assert _only(session, company).calls == CallCounts(opened=7, rechecks=7)


def test_tokens_are_as_old_as_what_gave_them_last(session: Session, company: Company) -> None:
    connection = _connect(session, company, renewed_at=NOW - timedelta(minutes=31))
    renewed = _only(session, company)
    connection.connected_at = NOW - timedelta(minutes=1)
    session.commit()
    reconnected = _only(session, company)

    assert renewed.tokens_at == NOW - timedelta(minutes=31)
    assert reconnected.tokens_at == NOW - timedelta(minutes=1)


def test_the_recheck_is_told_where_it_is_on(session: Session, company: Company) -> None:
    _connect(session, company)
    _connect(session, company, "xero", rechecks_daily=True, recheck_call_budget=40)

    off, on = _view(session, company).connections

    assert off.recheck is None
    assert on.recheck is not None
    assert on.recheck.call_budget == 40


def test_few_statements_whatever_is_connected_and_none_about_customers(
    session: Session, company: Company, statements: list[str]
) -> None:
    for key in ProviderKey:
        connection = _connect(session, company, key.value, rechecks_daily=True)
        make_reading(session, connection)
        _fail(session, connection)
    company_id = company.id
    session.expunge_all()
    statements.clear()

    view_diagnostics(session, company_id, jobs_engine="embedded", has_mail_server=True, now=NOW)

    assert len(statements) <= 15, statements
    assert [one for one in statements if "remote_customer" in one] == []


def test_nothing_of_another_company_is_told(session: Session, company: Company) -> None:
    other = make_company(session)
    make_reading(session, _connect(session, other), call_count=9)
    _fail(session, _connect(session, other, "xero"))
    _deliver(session, other, due_at=NOW - timedelta(hours=2))
    _deliver(session, other, state=DeliveryState.SENT, ended_at=NOW)

    diagnostics = _view(session, company)

    assert diagnostics.connections == diagnostics.warnings == ()
    assert diagnostics.server.waiting_count == 0
    assert diagnostics.server.last_sent_at is None


def test_of_the_mail_the_last_sent_and_the_oldest_waiting_are_told(
    session: Session, company: Company
) -> None:
    sent_at = NOW - timedelta(hours=7)
    _deliver(session, company, state=DeliveryState.SENT, ended_at=sent_at - timedelta(days=1))
    _deliver(session, company, state=DeliveryState.SENT, ended_at=sent_at)
    _deliver(session, company)
    _deliver(session, company, due_at=NOW - timedelta(minutes=50))

    server = _view(session, company).server

    assert server.last_sent_at == sent_at
    assert server.waiting_count == 2
    assert server.waiting_since_at == NOW - timedelta(minutes=50)


@pytest.mark.parametrize(("seconds", "is_warned"), [(300, False), (301, True)])
def test_a_silent_scheduler_is_warned_of(
    session: Session, company: Company, seconds: int, is_warned: bool
) -> None:
    note_beat(session, name=TICK, now=NOW - timedelta(seconds=seconds))

    assert ("scheduler is silent" in " ".join(_view(session, company).warnings)) is is_warned


@pytest.mark.parametrize(("minutes", "is_warned"), [(60, False), (61, True)])
def test_mail_that_waits_too_long_is_warned_of(
    session: Session, company: Company, minutes: int, is_warned: bool
) -> None:
    _deliver(session, company, due_at=NOW - timedelta(minutes=minutes))

    assert ("Mail has been waiting" in " ".join(_view(session, company).warnings)) is is_warned


def test_a_report_without_a_mail_server_is_warned_of(session: Session, company: Company) -> None:
    before = _view(session, company, has_mail_server=False).warnings
    make_report_settings(session, company)

    after = _view(session, company, has_mail_server=False).warnings

    assert before == ()
    assert after == ("The daily report is on, but no mail server is set.",)


def test_another_releases_tables_are_warned_of(session: Session, company: Company) -> None:
    session.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    (warning,) = _view(session, company).warnings

    assert warning == "The tables of the database belong to another release of BlueClerk."


@pytest.mark.parametrize(("skew_s", "is_warned"), [(119, False), (120, True), (-120, True)])
def test_clocks_that_differ_are_warned_of(
    session: Session, company: Company, skew_s: int, is_warned: bool
) -> None:
    _connect(session, company, "xero", clock_skew_s=skew_s)

    assert ("The clock of Xero" in " ".join(_view(session, company).warnings)) is is_warned


def test_a_failure_is_warned_of_until_the_next_success(session: Session, company: Company) -> None:
    connection = _connect(session, company)
    _fail(session, connection)
    failing = _view(session, company).warnings
    make_reading(session, connection)

    assert failing == ("The last check of QuickBooks failed.",)
    assert _view(session, company).warnings == ()


def test_a_permission_that_ended_is_warned_of_once(session: Session, company: Company) -> None:
    connection = _connect(session, company, state=ConnectionState.RECONNECT_REQUIRED)
    _fail(session, connection)

    assert _view(session, company).warnings == ("QuickBooks has to be reconnected.",)


def test_warnings_of_the_server_come_first(session: Session, company: Company) -> None:
    _connect(session, company, "xero", state=ConnectionState.RECONNECT_REQUIRED)
    diagnostics = _view(session, company)

    silent = replace(diagnostics, server=replace(diagnostics.server, is_beating=False))

    assert [sentence.split()[0] for sentence in silent.warnings] == ["The", "Xero"]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("1-abc", "1-abc"),
        ("asked by ada@example.com, twice", "asked by [address], twice"),
        ("Ada <ada@example.com>", "Ada <[address]>"),
        ("ada\u200b@example.com", "[address]"),
        ("one\r\nScheduler: fine", "one Scheduler: fine"),
    ],
)
def test_a_providers_text_is_one_line_without_addresses(told: str, shown: str) -> None:
    assert without_addresses(told) == shown
