"""A day sent once more from a page: who gets the report, who a copy, and who nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import (
    Company,
    DeliveryState,
    EmptyDay,
    ReportRecipient,
    ReportSettings,
    SkipReason,
)
from services.mail import MessageRefused, ServerAnswer, TryLater, UncertainOutcome
from services.report_delivery import deliver_due
from services.report_resend import NothingToSend
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.conftest import Clock, WakeUps
from tests.factories import NOW, make_signed_in, make_user
from tests.services.reporting import DAY, MORNING, Desk, make_desk
from tests.services.resending import ask, run

ADA, MEL = "ada@example.com", "mel@example.com"
REFUSED = MessageRefused("Refused.", ServerAnswer(550, "unknown"))
DAYS = timedelta(days=1)


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock, ADA, MEL)


@pytest.fixture
def who(desk: Desk) -> SignedIn:
    with desk.runtime.sessions() as session:
        company = session.get_one(Company, desk.company_id)
        return make_signed_in(session, make_user(session, company))


def test_whoever_has_it_gets_a_copy_and_the_request_sends_nothing(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)

    resend = ask(desk, who)

    assert (resend.opened, resend.copies, len(desk.outbox.received)) == (0, 2, 2)
    run(desk, wake_ups)
    assert desk.outbox.recipients[2:] == [ADA, MEL]
    assert len({mail["Message-ID"] for mail in desk.mails()}) == 4


def test_whoever_has_it_not_gets_the_report_itself(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    desk.outbox.errors.clear()

    resend = ask(desk, who, only_missing=True)
    run(desk, wake_ups)

    assert (resend.opened, resend.copies) == (1, 0)
    assert desk.outbox.recipients == [ADA, MEL]
    assert desk.mails()[1]["Message-ID"] == desk.rows()[1].message_id
    assert len(desk.rows()) == 2


def test_a_copy_that_waits_is_not_asked_for_twice(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)
    ask(desk, who)
    before = [row.message_id for row in desk.rows()]

    second = ask(desk, who)
    run(desk, wake_ups)

    assert (second.copies, second.waiting) == (0, 2)
    assert [row.message_id for row in desk.rows()] == before
    assert len(desk.outbox.received) == 4


def test_a_copy_that_ended_is_opened_again_as_a_new_message(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)
    ask(desk, who)
    run(desk, wake_ups)

    ask(desk, who)
    run(desk, wake_ups)

    assert len({mail["Message-ID"] for mail in desk.mails()}) == 6
    assert len(desk.rows()) == 4


def test_a_copy_covers_nothing_and_holds_back_nothing(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    ask(desk, who)
    run(desk, wake_ups)
    desk.outbox.errors.clear()
    desk.add_signups(created_at=NOW + DAYS)
    desk.clock.now = MORNING + DAYS

    deliver_due(desk.runtime)

    assert desk.subjects()[-2:] == [
        "1 new customer on Saturday, 21 November",
        "2 new customers from Friday, 20 November to Saturday, 21 November",
    ]


def test_refused_copies_pause_nobody(desk: Desk, who: SignedIn, wake_ups: WakeUps) -> None:
    deliver_due(desk.runtime)
    desk.outbox.errors[MEL] = REFUSED
    for _ in range(4):
        ask(desk, who)
        run(desk, wake_ups)

    with desk.runtime.sessions() as session:
        counts = session.scalars(select(ReportRecipient.refusal_count)).all()

    assert counts == [0, 0]
    assert desk.states()[MEL] is DeliveryState.REFUSED


def test_a_copy_of_an_empty_day_is_sent(desk: Desk, who: SignedIn, wake_ups: WakeUps) -> None:
    desk.clock.advance(days=1)
    desk.change(ReportSettings, reported_from_at=MORNING, on_empty_day=EmptyDay.SKIP)
    deliver_due(desk.runtime)
    empty = desk.rows()[0]

    ask(desk, who, day=empty.day_on)
    run(desk, wake_ups)

    assert empty.skip_reason is SkipReason.NOBODY_SIGNED_UP
    assert set(desk.subjects()) == {"Copy: No new customers on Saturday, 21 November"}


def test_a_lost_answer_is_told_instead_of_a_third_mail_and_copied_when_wanted(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    lost = UncertainOutcome("The mail server gave no answer.")
    desk.outbox.late_errors = {ADA: lost, MEL: lost}
    for _ in range(4):
        deliver_due(desk.runtime)
        desk.clock.advance(hours=1)
    desk.outbox.late_errors.clear()

    with pytest.raises(NothingToSend, match="may have it"):
        ask(desk, who, only_missing=True)
    resend = ask(desk, who)
    run(desk, wake_ups)

    assert resend.copies == 2
    assert len(desk.outbox.received) == 6


def test_what_waits_goes_now(desk: Desk, who: SignedIn, wake_ups: WakeUps) -> None:
    desk.outbox.errors = {ADA: TryLater("Later."), MEL: TryLater("Later.")}
    for _ in range(3):
        deliver_due(desk.runtime)
        desk.clock.advance(minutes=20)
    desk.outbox.errors.clear()

    resend = ask(desk, who, only_missing=True)
    run(desk, wake_ups)

    assert resend.opened == 2
    assert desk.outbox.recipients == [ADA, MEL]


def test_a_day_that_a_later_mail_brings_is_not_sent_beside_it(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    desk.outbox.errors[MEL] = TryLater("Later.")
    desk.add_signups(created_at=NOW + DAYS)
    desk.clock.now = MORNING + DAYS
    deliver_due(desk.runtime)
    desk.outbox.errors.clear()

    resend = ask(desk, who, only_missing=True)
    run(desk, wake_ups)

    assert (resend.opened, resend.copies) == (1, 0)
    assert desk.subjects()[-1] == (
        "2 new customers from Friday, 20 November to Saturday, 21 November"
    )
    with pytest.raises(NothingToSend):
        ask(desk, who, only_missing=True)


def test_a_day_within_a_longer_mail_is_sent_as_that_mail(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    desk.add_signups(created_at=NOW + DAYS)
    desk.clock.now = MORNING + DAYS
    deliver_due(desk.runtime)

    resend = ask(desk, who, day=DAY)
    run(desk, wake_ups)

    assert (resend.days.first_day, resend.days.day) == (DAY, DAY + DAYS)
    assert [subject.removeprefix("Copy: ") for subject in desk.subjects()] == [
        "2 new customers from Friday, 20 November to Saturday, 21 November"
    ] * 4
