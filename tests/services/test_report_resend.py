"""A day sent once more from a page: who gets the report, who a copy, and who nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from models import (
    AuditEvent,
    Company,
    DeliveryState,
    EmptyDay,
    Frequency,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    ReportSettings,
    SkipReason,
)
from services.accounts import SignedIn
from services.mail import MessageRefused, ServerAnswer, TryLater, UncertainOutcome
from services.report_delivery import DELIVERY_JOB, deliver_due, deliver_one
from services.report_resend import NothingToSend, Resend, UnknownDay, send_again
from services.runtime import Runtime
from tests.conftest import Clock, WakeUps
from tests.factories import NOW, make_company, make_signed_in, make_user
from tests.services.reporting import DAY, MORNING, SENDER, Desk, make_desk

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


def _ask(desk: Desk, who: SignedIn, *, day: date = DAY, only_missing: bool = False) -> Resend:
    """Click, a minute after whatever was before."""
    desk.clock.advance(minutes=1)
    return _click(desk, who, day=day, only_missing=only_missing)


def _click(desk: Desk, who: SignedIn, *, day: date = DAY, only_missing: bool = False) -> Resend:
    with desk.runtime.sessions() as session:
        return send_again(
            session,
            who,
            day=day,
            only_missing=only_missing,
            wake=desk.runtime.wake,
            now=desk.clock(),
            sender=SENDER,
        )


def _run(desk: Desk, wake_ups: WakeUps) -> None:
    """Run the jobs that were woken."""
    for job, delivery_id in wake_ups.rows:
        assert job == DELIVERY_JOB
        deliver_one(desk.runtime, delivery_id)
    wake_ups.rows.clear()


def test_whoever_has_it_gets_a_copy_and_the_request_sends_nothing(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)

    resend = _ask(desk, who)

    assert (resend.opened, resend.copies, len(desk.outbox.received)) == (0, 2, 2)
    _run(desk, wake_ups)
    assert desk.outbox.recipients[2:] == [ADA, MEL]
    assert len({mail["Message-ID"] for mail in desk.mails()}) == 4


def test_whoever_has_it_not_gets_the_report_itself(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    desk.outbox.errors.clear()

    resend = _ask(desk, who, only_missing=True)
    _run(desk, wake_ups)

    assert (resend.opened, resend.copies) == (1, 0)
    assert desk.outbox.recipients == [ADA, MEL]
    assert desk.mails()[1]["Message-ID"] == desk.rows()[1].message_id
    assert len(desk.rows()) == 2


def test_a_copy_that_waits_is_not_asked_for_twice(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)
    _ask(desk, who)
    before = [row.message_id for row in desk.rows()]

    second = _ask(desk, who)
    _run(desk, wake_ups)

    assert (second.copies, second.waiting) == (0, 2)
    assert [row.message_id for row in desk.rows()] == before
    assert len(desk.outbox.received) == 4


def test_a_copy_that_ended_is_opened_again_as_a_new_message(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)
    _ask(desk, who)
    _run(desk, wake_ups)

    _ask(desk, who)
    _run(desk, wake_ups)

    assert len({mail["Message-ID"] for mail in desk.mails()}) == 6
    assert len(desk.rows()) == 4


def test_a_copy_covers_nothing_and_holds_back_nothing(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    _ask(desk, who)
    _run(desk, wake_ups)
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
        _ask(desk, who)
        _run(desk, wake_ups)

    with desk.runtime.sessions() as session:
        counts = session.scalars(select(ReportRecipient.refusal_count)).all()

    assert counts == [0, 0]
    assert desk.states()[MEL] is DeliveryState.REFUSED


def test_a_copy_of_an_empty_day_is_sent(desk: Desk, who: SignedIn, wake_ups: WakeUps) -> None:
    desk.clock.advance(days=1)
    desk.change(ReportSettings, reported_from_at=MORNING, on_empty_day=EmptyDay.SKIP)
    deliver_due(desk.runtime)
    empty = desk.rows()[0]

    _ask(desk, who, day=empty.day_on)
    _run(desk, wake_ups)

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
        _ask(desk, who, only_missing=True)
    resend = _ask(desk, who)
    _run(desk, wake_ups)

    assert resend.copies == 2
    assert len(desk.outbox.received) == 6


def test_what_waits_goes_now(desk: Desk, who: SignedIn, wake_ups: WakeUps) -> None:
    desk.outbox.errors = {ADA: TryLater("Later."), MEL: TryLater("Later.")}
    for _ in range(3):
        deliver_due(desk.runtime)
        desk.clock.advance(minutes=20)
    desk.outbox.errors.clear()

    resend = _ask(desk, who, only_missing=True)
    _run(desk, wake_ups)

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

    resend = _ask(desk, who, only_missing=True)
    _run(desk, wake_ups)

    assert (resend.opened, resend.copies) == (1, 0)
    assert desk.subjects()[-1] == (
        "2 new customers from Friday, 20 November to Saturday, 21 November"
    )
    with pytest.raises(NothingToSend):
        _ask(desk, who, only_missing=True)


@pytest.mark.parametrize(
    ("table", "values", "words"),
    [
        (ReportRecipient, {"unsubscribed_at": NOW}, "unsubscribed"),
        (ReportRecipient, {"removed_at": NOW}, "taken off"),
        (ReportRecipient, {"frequency": Frequency.OFF}, "off"),
        (ReportRecipient, {"confirmed_at": None}, "agreed"),
        (ReportSettings, {"is_on": False}, "is off"),
    ],
)
def test_nobody_is_mailed_who_is_not_wanted_and_the_reason_is_said(
    desk: Desk, who: SignedIn, table: type, values: dict[str, object], words: str
) -> None:
    deliver_due(desk.runtime)
    desk.change(table, **values)

    with pytest.raises(NothingToSend, match=words):
        _ask(desk, who)

    assert len(desk.rows()) == 2


def test_whoever_leaves_while_the_copy_waits_gets_none(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)
    _ask(desk, who)
    desk.change(ReportRecipient, removed_at=NOW)

    _run(desk, wake_ups)

    assert len(desk.outbox.received) == 2
    assert {row.skip_reason for row in desk.rows()[2:]} == {SkipReason.RECIPIENT_REMOVED}


def test_a_day_without_deliveries_is_unknown(desk: Desk, who: SignedIn) -> None:
    deliver_due(desk.runtime)

    with pytest.raises(UnknownDay):
        _ask(desk, who, day=DAY - 9 * DAYS)


def test_another_companys_day_is_unknown(desk: Desk) -> None:
    deliver_due(desk.runtime)
    with desk.runtime.sessions() as session:
        zoe = make_signed_in(session, make_user(session, make_company(session)))

    with pytest.raises(UnknownDay):
        _ask(desk, zoe)


def test_a_day_within_a_longer_mail_is_sent_as_that_mail(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    desk.add_signups(created_at=NOW + DAYS)
    desk.clock.now = MORNING + DAYS
    deliver_due(desk.runtime)

    resend = _ask(desk, who, day=DAY)
    _run(desk, wake_ups)

    assert (resend.days.first_day, resend.days.day) == (DAY, DAY + DAYS)
    assert [subject.removeprefix("Copy: ") for subject in desk.subjects()] == [
        "2 new customers from Friday, 20 November to Saturday, 21 November"
    ] * 4


def test_what_was_asked_is_written_down_once(desk: Desk, who: SignedIn) -> None:
    deliver_due(desk.runtime)
    _ask(desk, who)

    with pytest.raises(NothingToSend, match="a moment ago"):
        _click(desk, who)

    with desk.runtime.sessions() as session:
        (event,) = session.scalars(select(AuditEvent)).all()
    assert (event.action, event.user_id) == ("report sent again", who.user_id)
    assert event.detail == "2026-11-20: 0 tried again, 2 as copies"


@pytest.mark.both_databases
@pytest.mark.parametrize("only_missing", [True, False])
def test_fifty_clicks_at_once_make_one_mail_for_each_recipient(
    desk: Desk, who: SignedIn, only_missing: bool
) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    desk.outbox.errors.clear()
    desk.clock.advance(minutes=1)
    # Whoever comes first has sent it before the last click is looked at.
    woken = threading.Lock()

    def wake(_job: str, delivery_id: int) -> None:
        with woken:
            deliver_one(desk.runtime, delivery_id)

    def click(_number: int) -> int:
        try:
            with desk.runtime.sessions() as session:
                resend = send_again(
                    session,
                    who,
                    day=DAY,
                    only_missing=only_missing,
                    wake=wake,
                    now=desk.clock(),
                    sender=SENDER,
                )
        except NothingToSend:
            return 0
        return resend.opened + resend.copies

    with ThreadPoolExecutor(25) as pool:
        made = list(pool.map(click, range(50)))

    assert sorted(made)[-2:] == [0, 1 if only_missing else 2]
    expected = [ADA, MEL] if only_missing else [ADA, ADA, MEL]
    assert sorted(desk.outbox.recipients) == expected


def test_many_clicks_one_after_the_other_leave_one_row_each(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)
    for _ in range(3):
        _ask(desk, who)
        _run(desk, wake_ups)

    with desk.runtime.sessions() as session:
        kinds = session.scalars(select(ReportDelivery.kind).order_by(ReportDelivery.id)).all()

    assert kinds == [*[ReportKind.DAILY] * 2, *[ReportKind.COPY] * 2]
