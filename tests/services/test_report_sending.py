"""What a person asks for: a day now, again, in part; a test; and what the page shows of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from models import DeliveryState, ReportKind, ReportRecipient, ReportSettings
from services.delivery_again import reopen
from services.local_days import SETTLING
from services.mail import MessageRefused, ServerAnswer, TryLater, UncertainOutcome
from services.report_delivery import deliver_due
from services.report_sending import (
    DayInFuture,
    DayNotOver,
    MailNotSetUp,
    NoRecipient,
    ReportOff,
    preview_day,
    send_day,
    send_partial_day,
    send_test,
)
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.services.reporting import DAY, MORNING, Desk, day_start, make_desk

ADA, MEL = "ada@example.com", "mel@example.com"
DAYS = timedelta(days=1)


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock, ADA, MEL)


def test_a_past_day_is_sent_once(desk: Desk) -> None:
    first = send_day(desk.runtime, desk.company_id, day=DAY)

    second = send_day(desk.runtime, desk.company_id, day=DAY)

    assert (first.sent, first.already_sent, first.is_complete) == (2, 0, True)
    assert (second.sent, second.already_sent, second.is_complete) == (0, 2, True)
    assert sorted(desk.outbox.recipients) == [ADA, MEL]


def test_a_day_sent_by_hand_is_not_sent_by_the_clock(desk: Desk) -> None:
    desk.clock.now = MORNING - timedelta(hours=2)
    send_day(desk.runtime, desk.company_id, day=DAY)
    desk.add_signups(created_at=NOW + DAYS)

    for _ in range(48):
        desk.clock.advance(hours=1)
        deliver_due(desk.runtime)

    assert len(desk.outbox.received) == 4
    assert set(desk.subjects()) == {
        "1 new customer on Friday, 20 November",
        "1 new customer on Saturday, 21 November",
    }


def test_a_day_before_the_first_one_can_be_asked_for(desk: Desk) -> None:
    desk.add_signups(created_at=NOW - 5 * DAYS)

    outcome = send_day(desk.runtime, desk.company_id, day=DAY - 5 * DAYS)
    deliver_due(desk.runtime)

    assert outcome.sent == 2
    assert desk.subjects()[2:] == ["1 new customer on Friday, 20 November"] * 2


def test_a_day_within_a_longer_mail_counts_as_sent(desk: Desk) -> None:
    desk.add_signups(created_at=NOW + DAYS)
    desk.clock.advance(days=1)
    deliver_due(desk.runtime)

    outcome = send_day(desk.runtime, desk.company_id, day=DAY)

    assert (outcome.sent, outcome.already_sent) == (0, 2)


def test_again_sends_copies_under_ids_of_their_own(desk: Desk) -> None:
    send_day(desk.runtime, desk.company_id, day=DAY)

    outcome = send_day(desk.runtime, desk.company_id, day=DAY, again=True)

    assert (outcome.sent, outcome.already_sent) == (2, 0)
    assert len({mail["Message-ID"] for mail in desk.mails()}) == 4
    assert [row.kind for row in desk.rows()] == [*[ReportKind.DAILY] * 2, *[ReportKind.COPY] * 2]


def test_what_was_refused_is_tried_again_when_asked(desk: Desk) -> None:
    desk.outbox.errors[MEL] = MessageRefused("Refused.", ServerAnswer(550, "unknown"))
    first = send_day(desk.runtime, desk.company_id, day=DAY)
    desk.outbox.errors.clear()

    second = send_day(desk.runtime, desk.company_id, day=DAY)

    assert (first.sent, first.refused, first.is_complete) == (1, 1, False)
    assert first.reasons == ("Refused. unknown",)
    assert (second.sent, second.already_sent) == (1, 1)


def test_a_lost_answer_is_repeated_once_however_often_one_asks(desk: Desk) -> None:
    lost = UncertainOutcome("The mail server gave no answer.")
    desk.outbox.late_errors = {ADA: lost, MEL: lost}
    send_day(desk.runtime, desk.company_id, day=DAY)

    second = send_day(desk.runtime, desk.company_id, day=DAY)
    before_the_repeat = len(desk.outbox.received)
    for _ in range(4):
        desk.clock.advance(hours=1)
        send_day(desk.runtime, desk.company_id, day=DAY)

    assert (second.waiting, before_the_repeat) == (2, 2)
    assert len(desk.outbox.received) == 4
    assert set(desk.states().values()) == {DeliveryState.FAILED}


def test_the_old_answer_goes_when_it_is_tried_again(desk: Desk) -> None:
    answers: list[tuple[int | None, str]] = []
    desk.outbox.errors[MEL] = MessageRefused("Refused.", ServerAnswer(550, "unknown"))
    send_day(desk.runtime, desk.company_id, day=DAY)
    desk.outbox.errors.clear()
    desk.outbox.meanwhile = lambda: answers.extend(
        (row.answer_code, row.answer_text) for row in desk.rows()[1:]
    )

    send_day(desk.runtime, desk.company_id, day=DAY)

    assert answers == [(None, "")]


def test_what_ended_after_the_command_began_stays_ended(desk: Desk) -> None:
    desk.outbox.errors[MEL] = MessageRefused("Refused.", ServerAnswer(550, "unknown"))
    send_day(desk.runtime, desk.company_id, day=DAY)
    began_at = desk.clock.now - timedelta(seconds=1)

    with desk.runtime.sessions() as session:
        ids = [row.id for row in desk.rows()]
        reopen(session, ids, began_at=began_at, now=desk.clock.now)
        session.commit()

    assert desk.states() == {ADA: DeliveryState.SENT, MEL: DeliveryState.REFUSED}


def test_what_has_to_wait_is_said_and_kept(desk: Desk) -> None:
    desk.outbox.errors = {ADA: TryLater("Later."), MEL: TryLater("Later.")}

    outcome = send_day(desk.runtime, desk.company_id, day=DAY)

    assert (outcome.waiting, outcome.is_complete, outcome.reasons) == (2, False, ("Later.",))
    desk.outbox.errors.clear()
    desk.clock.advance(minutes=1)
    deliver_due(desk.runtime)
    assert len(desk.outbox.received) == 2


def test_an_empty_day_is_skipped_with_its_reason(desk: Desk) -> None:
    outcome = send_day(desk.runtime, desk.company_id, day=DAY - DAYS)

    assert (outcome.skipped, outcome.reasons) == (2, ("Nobody signed up.",))


def test_a_day_that_is_not_over_goes_out_as_an_extra_only(desk: Desk) -> None:
    desk.clock.now = NOW
    with pytest.raises(DayNotOver):
        send_day(desk.runtime, desk.company_id, day=DAY)

    outcome = send_partial_day(desk.runtime, desk.company_id, day=DAY)
    desk.clock.now = MORNING
    deliver_due(desk.runtime)

    assert outcome.sent == 2
    assert len(desk.outbox.received) == 4
    assert "This day is not over yet." in str(desk.mails()[0])
    assert "This day is not over yet." not in str(desk.mails()[2])


def test_a_day_that_has_only_just_ended_is_refused(desk: Desk) -> None:
    desk.clock.now = day_start(DAY + DAYS) + SETTLING - timedelta(seconds=1)
    with pytest.raises(DayNotOver, match="only just ended"):
        send_day(desk.runtime, desk.company_id, day=DAY)

    desk.clock.advance(seconds=1)

    assert send_day(desk.runtime, desk.company_id, day=DAY).sent == 2


def test_a_day_that_has_not_begun_is_refused(desk: Desk) -> None:
    with pytest.raises(DayInFuture):
        send_partial_day(desk.runtime, desk.company_id, day=DAY + 2 * DAYS)


def test_nothing_is_sent_where_nobody_wants_it(desk: Desk) -> None:
    desk.change(ReportRecipient, removed_at=NOW)
    with pytest.raises(NoRecipient):
        send_day(desk.runtime, desk.company_id, day=DAY)
    desk.change(ReportSettings, is_on=False)
    with pytest.raises(ReportOff):
        send_day(desk.runtime, desk.company_id, day=DAY)
    silent = replace(desk.runtime, mailer=None)
    with pytest.raises(MailNotSetUp):
        send_test(silent, desk.company_id, address=ADA)

    assert desk.outbox.received == []
    assert desk.rows() == []


def test_a_test_goes_the_way_of_the_real_one_and_claims_nothing(desk: Desk) -> None:
    desk.change(ReportSettings, is_on=False)

    answer = send_test(desk.runtime, desk.company_id, address="olu@example.com")

    assert answer.code == 250
    assert desk.subjects() == ["Test: 1 new customer on Friday, 20 November"]
    assert desk.mails()[0]["List-Unsubscribe"] is None
    assert desk.rows() == []


def test_a_test_to_a_placeholder_is_refused(desk: Desk) -> None:
    with pytest.raises(MessageRefused):
        send_test(desk.runtime, desk.company_id, address="x@placeholder.local")

    assert desk.outbox.received == []


def test_a_preview_sends_nothing(desk: Desk) -> None:
    mail = preview_day(desk.runtime, desk.company_id, day=DAY)

    assert mail.subject == "1 new customer on Friday, 20 November"
    assert "nell@example.com" in mail.text
    assert desk.outbox.received == []
    assert desk.rows() == []
