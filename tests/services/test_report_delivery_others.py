"""One company's trouble is nobody else's: broken rows, broken mails, and a long queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from models import Company, DeliveryState, ReportKind
from services.mail import BrokenOff, ServerTrouble
from services.report_delivery import OUR_FAULT, deliver_due
from services.report_sending import send_day
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import (
    make_company,
    make_customer,
    make_report_recipient,
    make_report_settings,
)
from tests.services.reporting import DAY, MORNING, Desk, day_start, make_desk

ADA, MEL, OLU, ZOE = "ada@example.com", "mel@example.com", "olu@example.com", "zoe@example.com"
BROKEN_OFF = BrokenOff("The mail server closed the connection.")


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    """Ada's company comes first, Zoe's after it."""
    desk = make_desk(runtime, clock, ADA)
    with runtime.sessions() as session:
        other = make_company(session, zone="America/New_York")
        make_report_settings(session, other, reported_from_at=day_start(DAY))
        make_report_recipient(session, other, address=ZOE)
        make_customer(session, other)
    return desk


@pytest.mark.parametrize(
    "poison",
    [
        "UPDATE company SET zone = '../../etc/passwd' WHERE id = :company",
        "UPDATE report_settings SET local_hour = 99 WHERE company_id = :company",
        "UPDATE report_settings SET on_empty_day = 'perhaps' WHERE company_id = :company",
        "UPDATE report_recipient SET frequency = 'hourly' WHERE company_id = :company",
        "UPDATE customer SET origin = 'nowhere' WHERE company_id = :company",
        "DELETE FROM report_settings WHERE company_id = :company",
    ],
    ids=["zone", "hour", "empty day", "frequency", "customer", "settings"],
)
def test_a_broken_row_of_one_company_stops_no_other(
    desk: Desk, poison: str, caplog: pytest.LogCaptureFixture
) -> None:
    with desk.runtime.sessions() as session:
        session.execute(text(poison), {"company": desk.company_id})
        session.commit()

    deliver_due(desk.runtime)

    assert ZOE in desk.outbox.recipients
    waiting = [row for row in desk.rows() if row.state is not DeliveryState.SENT]
    assert {row.answer_text for row in waiting} <= {OUR_FAULT}


def test_a_row_that_breaks_while_it_is_sent_is_tried_later_by_itself(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    deliver_due(replace(desk.runtime, mailer=None))
    with desk.runtime.sessions() as session:
        session.execute(text("UPDATE customer SET origin = 'nowhere' WHERE company_id = 1"))
        session.commit()

    deliver_due(desk.runtime)

    assert desk.states() == {ADA: DeliveryState.DUE, ZOE: DeliveryState.SENT}
    assert desk.rows()[0].next_attempt_at == MORNING + timedelta(minutes=1)
    assert ADA not in caplog.text


def test_a_mail_that_always_breaks_off_delays_nobody_on_any_day(desk: Desk) -> None:
    desk.outbox.errors[ADA] = BROKEN_OFF
    with desk.runtime.sessions() as session:
        other = session.get_one(Company, desk.company_id + 1)
        for days in range(3):
            make_customer(session, other, created_at=MORNING + timedelta(days=days))
    sent_at = []
    for _ in range(3 * 8):
        before = len(desk.outbox.received)
        deliver_due(desk.runtime)
        sent_at += [desk.clock.now] * (len(desk.outbox.received) - before)
        desk.clock.advance(hours=3)

    assert sent_at == [MORNING + timedelta(days=days) for days in range(3)]


def test_a_server_in_trouble_is_asked_as_often_as_for_one(runtime: Runtime, clock: Clock) -> None:
    addresses = [f"recipient-{number}@example.com" for number in range(6)]
    desk = make_desk(runtime, clock, *addresses)
    at: list[int] = []
    desk.outbox.meanwhile = lambda: at.append((clock.now - MORNING) // timedelta(minutes=1))
    desk.outbox.errors = dict.fromkeys(addresses, ServerTrouble("Away."))
    for minutes in (0, 1, 2, 5, 6, 7, 20, 21, 22, 80, 81):
        clock.now = MORNING + timedelta(minutes=minutes)
        deliver_due(desk.runtime)

    assert at == [0, 1, 6, 21, 81]


def test_an_outage_of_a_day_ends_for_all_at_once(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, ADA, MEL, OLU)
    desk.outbox.errors = dict.fromkeys((ADA, MEL, OLU), ServerTrouble("Away."))
    for minutes in (0, 600, 1200, 1420):
        clock.now = MORNING + timedelta(minutes=minutes)
        deliver_due(desk.runtime)

    assert set(desk.states().values()) == {DeliveryState.FAILED}
    assert {row.handover_count for row in desk.rows()} == {0}


def test_reports_go_before_copies_and_new_ones_before_those_that_failed(desk: Desk) -> None:
    send_day(desk.runtime, desk.company_id, day=DAY)
    desk.clock.advance(minutes=1)
    desk.outbox.errors[ADA] = BROKEN_OFF
    send_day(desk.runtime, desk.company_id, day=DAY, again=True)
    desk.outbox.errors.clear()
    desk.add_recipients(MEL)
    desk.clock.advance(minutes=5)

    deliver_due(desk.runtime)

    assert desk.outbox.recipients[0] == ADA
    assert desk.outbox.recipients[1:] in ([MEL, ZOE, ADA], [ZOE, MEL, ADA])
    assert [row.kind for row in desk.rows() if row.state is DeliveryState.SENT].count(
        ReportKind.COPY
    ) == 1
