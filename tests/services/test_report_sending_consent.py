"""A day sent by hand: to nobody who did not agree, and never as a report what came before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import Company, EmptyDay, Frequency, ReportKind, ReportRecipient
from services.local_days import DAY as ONE_DAY
from services.report_delivery import deliver_due
from services.report_sending import NoRecipient, send_day, send_partial_day
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_user
from tests.services.reporting import DAY, MORNING, Desk, day_start, make_desk

ADA, MEL = "ada@example.com", "mel@example.org"
#: MORNING is a Saturday.
MONDAY = MORNING + 2 * ONE_DAY


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock, ADA, on_empty_day=EmptyDay.SEND)


@pytest.mark.parametrize(
    "values", [{"confirmed_at": None}, {"frequency": Frequency.OFF}, {"unsubscribed_at": NOW}]
)
def test_whoever_may_not_be_mailed_is_not_by_hand_either(
    desk: Desk, values: dict[str, Any]
) -> None:
    desk.add_recipients(MEL, **values)

    send_day(desk.runtime, desk.company_id, day=DAY)
    send_partial_day(desk.runtime, desk.company_id, day=DAY + ONE_DAY)

    assert desk.outbox.recipients == [ADA, ADA]
    assert len(desk.rows()) == 2


def test_a_disabled_user_is_nobody_to_mail(desk: Desk) -> None:
    with desk.runtime.sessions() as session:
        company = session.get_one(Company, desk.company_id)
        make_user(session, company, email=ADA, is_disabled=True)

    with pytest.raises(NoRecipient):
        send_day(desk.runtime, desk.company_id, day=DAY)

    assert desk.rows() == []


def test_a_day_before_an_outside_address_agreed_is_not_mailed_there(desk: Desk) -> None:
    desk.change(ReportRecipient, confirmed_at=MORNING)
    desk.clock.now = MORNING + ONE_DAY
    with pytest.raises(NoRecipient, match="had agreed to be mailed by 2026-11-20"):
        send_day(desk.runtime, desk.company_id, day=DAY)

    of_the_day = send_day(desk.runtime, desk.company_id, day=DAY + ONE_DAY)

    assert of_the_day.sent == 1
    assert desk.subjects() == ["No new customers on Saturday, 21 November"]


def test_a_day_of_which_another_mail_told_a_part_comes_as_a_copy(desk: Desk) -> None:
    deliver_due(desk.runtime)
    desk.change(Company, zone="America/Halifax")

    outcomes = [send_day(desk.runtime, desk.company_id, day=DAY) for _ in range(2)]

    assert [(each.sent, each.already_sent) for each in outcomes] == [(1, 0), (0, 1)]
    assert [row.kind for row in desk.rows()] == [ReportKind.DAILY, ReportKind.COPY]
    assert desk.subjects()[1].startswith("Copy: ")


def test_a_day_sent_by_hand_does_not_cut_a_week(desk: Desk) -> None:
    desk.change(ReportRecipient, frequency=Frequency.WEEKLY)

    outcomes = [send_day(desk.runtime, desk.company_id, day=DAY) for _ in range(2)]
    desk.clock.now = MONDAY
    deliver_due(desk.runtime)

    assert [(each.sent, each.already_sent) for each in outcomes] == [(1, 0), (0, 1)]
    copy, week = desk.rows()
    assert copy.kind is ReportKind.COPY
    assert (week.window_start_at, week.window_end_at) == (
        day_start(DAY),
        day_start(DAY + 3 * ONE_DAY),
    )


def test_a_copy_of_half_a_day_is_not_the_day(desk: Desk) -> None:
    desk.change(ReportRecipient, frequency=Frequency.WEEKLY)
    desk.clock.now = day_start(DAY) + timedelta(hours=9)
    send_partial_day(desk.runtime, desk.company_id, day=DAY)
    desk.clock.now = MORNING

    outcome = send_day(desk.runtime, desk.company_id, day=DAY)

    assert (outcome.sent, outcome.already_sent) == (1, 0)
