"""The history of deliveries: spans of days, pages by key, one day, and all as a file."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta

import pytest

from models import DeliveryState
from services.delivery_csv import stream_deliveries
from services.mail import MessageRefused, ServerAnswer, TryLater, UncertainOutcome
from services.report_delivery import deliver_due
from services.report_history import find_day, list_deliveries, oldest_waiting_at
from services.report_sending import send_day, send_partial_day
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_company
from tests.services.reporting import DAY, MORNING, Desk, make_desk

ADA, MEL = "ada@example.com", "mel@example.com"
REFUSED = MessageRefused("Refused.", ServerAnswer(550, "unknown"))
DAYS = timedelta(days=1)


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock, ADA, MEL)


def _mail_days(desk: Desk, count: int) -> None:
    for number in range(count):
        desk.add_signups(created_at=NOW + number * DAYS)
        desk.clock.now = MORNING + number * DAYS
        deliver_due(desk.runtime)


def test_the_oldest_report_counts_from_the_first_day_of_an_outage(desk: Desk) -> None:
    silent = replace(desk.runtime, mailer=None)
    for _ in range(4):
        deliver_due(silent)
        desk.clock.advance(days=1)

    with desk.runtime.sessions() as session:
        assert oldest_waiting_at(session) == MORNING


def test_each_day_and_recipient_is_shown(desk: Desk) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    desk.clock.advance(days=3)
    deliver_due(desk.runtime)

    with desk.runtime.sessions() as session:
        days = list_deliveries(session, desk.company_id)

    assert [(day.first_day, day.day, day.sent_count) for day in days] == [
        (DAY, DAY + 3 * DAYS, 0),
        (DAY + DAYS, DAY + 3 * DAYS, 0),
        (DAY, DAY, 1),
    ]
    refused = days[2].deliveries[1]
    assert (refused.address, refused.state, refused.answer_code) == (
        MEL,
        DeliveryState.REFUSED,
        550,
    )
    assert refused.reason == "Refused. unknown"
    assert days[2].last_sent_at == MORNING
    assert days[1].deliveries[0].reason == "Nobody signed up."


def test_pages_follow_each_other_by_their_last_day(desk: Desk) -> None:
    _mail_days(desk, 5)

    with desk.runtime.sessions() as session:
        first = list_deliveries(session, desk.company_id, days=2)
        second = list_deliveries(session, desk.company_id, days=2, before=first[-1].day)
        last = list_deliveries(session, desk.company_id, days=2, before=second[-1].day)
        beyond = list_deliveries(session, desk.company_id, days=2, before=last[-1].day)

    shown = [span.day for page in (first, second, last, beyond) for span in page]
    assert shown == [DAY + number * DAYS for number in (4, 3, 2, 1, 0)]


def test_copies_stand_beside_the_reports_and_are_not_counted(desk: Desk) -> None:
    deliver_due(desk.runtime)
    desk.clock.advance(minutes=1)
    send_day(desk.runtime, desk.company_id, day=DAY, again=True)

    with desk.runtime.sessions() as session:
        (day,) = list_deliveries(session, desk.company_id)

    assert [(view.address, view.is_copy) for view in day.deliveries] == [
        (ADA, False),
        (MEL, False),
        (ADA, True),
        (MEL, True),
    ]
    assert (day.sent_count, day.last_sent_at) == (2, MORNING)
    assert (len(day.reports), len(day.copies)) == (2, 2)


def test_a_mail_that_went_twice_is_marked(desk: Desk) -> None:
    desk.outbox.late_errors[MEL] = UncertainOutcome("The mail server gave no answer.")
    deliver_due(desk.runtime)
    desk.outbox.late_errors.clear()
    desk.clock.advance(minutes=1)
    deliver_due(desk.runtime)

    with desk.runtime.sessions() as session:
        (day,) = list_deliveries(session, desk.company_id)

    assert [(view.state, view.is_repeat) for view in day.deliveries] == [
        (DeliveryState.SENT, False),
        (DeliveryState.SENT, True),
    ]


def test_a_day_is_found_in_the_mail_that_brought_it(desk: Desk) -> None:
    desk.outbox.errors = {ADA: REFUSED, MEL: REFUSED}
    deliver_due(desk.runtime)
    desk.outbox.errors.clear()
    desk.clock.now = MORNING + 2 * DAYS
    deliver_due(desk.runtime)

    with desk.runtime.sessions() as session:
        found = [
            find_day(session, desk.company_id, DAY + number * DAYS) for number in (-1, 0, 1, 2, 3)
        ]

    assert [span and (span.first_day, span.day) for span in found] == [
        None,
        *[(DAY, DAY + 2 * DAYS)] * 3,
        None,
    ]


def test_an_extra_is_found_only_while_there_is_no_report(desk: Desk) -> None:
    desk.clock.now = NOW
    send_partial_day(desk.runtime, desk.company_id, day=DAY)
    with desk.runtime.sessions() as session:
        before = find_day(session, desk.company_id, DAY)
    desk.clock.now = MORNING
    deliver_due(desk.runtime)

    with desk.runtime.sessions() as session:
        after = find_day(session, desk.company_id, DAY)

    assert before is not None
    assert (before.sent_count, len(before.copies)) == (0, 2)
    assert after is not None
    assert (after.sent_count, len(after.copies)) == (2, 2)


def test_the_file_holds_every_delivery_and_no_formula(desk: Desk) -> None:
    desk.outbox.errors[MEL] = MessageRefused("=cmd()", ServerAnswer(550, "unknown"))
    deliver_due(desk.runtime)
    desk.clock.advance(minutes=1)
    send_day(desk.runtime, desk.company_id, day=DAY, again=True)
    with desk.runtime.sessions() as session:
        make_company(session)

    text = "".join(stream_deliveries(desk.runtime, desk.company_id))

    heading, *lines = csv.reader(text.removeprefix("\ufeff").splitlines())
    assert heading[:5] == ["First day", "Last day", "Recipient", "Kind", "State"]
    assert [line[2:6] for line in lines] == [
        [ADA, "report", "sent", "1"],
        [MEL, "report", "refused", ""],
        [ADA, "copy", "sent", "1"],
    ]
    assert [line[9] for line in lines] == ["250", "550", "250"]
    assert lines[1][10].startswith("'=")


def test_another_companys_deliveries_are_not_in_the_file(desk: Desk) -> None:
    deliver_due(desk.runtime)
    with desk.runtime.sessions() as session:
        other = make_company(session)

    lines = "".join(stream_deliveries(desk.runtime, other.id)).splitlines()

    assert len(lines) == 1


def test_the_oldest_waiting_delivery_tells_its_age(desk: Desk) -> None:
    with desk.runtime.sessions() as session:
        assert oldest_waiting_at(session) is None
    desk.outbox.errors = {ADA: TryLater("Later."), MEL: TryLater("Later.")}
    deliver_due(desk.runtime)
    desk.clock.advance(hours=1)
    deliver_due(desk.runtime)

    with desk.runtime.sessions() as session:
        assert oldest_waiting_at(session) == MORNING
