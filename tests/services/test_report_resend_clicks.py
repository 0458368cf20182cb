"""A day sent once more from a page: who is refused, and how many clicks count."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import (
    AuditEvent,
    Company,
    Frequency,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    ReportSettings,
    SkipReason,
)
from services.mail import MessageRefused, ServerAnswer
from services.report_delivery import deliver_due, deliver_one
from services.report_resend import NothingToSend, UnknownDay, send_again
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.conftest import Clock, WakeUps
from tests.factories import NOW, make_company, make_signed_in, make_user
from tests.services.reporting import DAY, SENDER, Desk, make_desk
from tests.services.resending import ask, click, run

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


@pytest.mark.parametrize(
    ("table", "values", "words"),
    [
        (ReportRecipient, {"unsubscribed_at": NOW}, "unsubscribed"),
        (ReportRecipient, {"removed_at": NOW}, "taken off"),
        (ReportRecipient, {"frequency": Frequency.OFF}, "off"),
        (ReportRecipient, {"confirmed_at": None}, "not confirmed"),
        (ReportSettings, {"is_on": False}, "is off"),
    ],
)
def test_nobody_is_mailed_who_is_not_wanted_and_the_reason_is_said(
    desk: Desk, who: SignedIn, table: type, values: dict[str, object], words: str
) -> None:
    deliver_due(desk.runtime)
    desk.change(table, **values)

    with pytest.raises(NothingToSend, match=words):
        ask(desk, who)

    assert len(desk.rows()) == 2


def test_whoever_leaves_while_the_copy_waits_gets_none(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)
    ask(desk, who)
    desk.change(ReportRecipient, removed_at=NOW)

    run(desk, wake_ups)

    assert len(desk.outbox.received) == 2
    assert {row.skip_reason for row in desk.rows()[2:]} == {SkipReason.RECIPIENT_REMOVED}


def test_a_day_without_deliveries_is_unknown(desk: Desk, who: SignedIn) -> None:
    deliver_due(desk.runtime)

    with pytest.raises(UnknownDay):
        ask(desk, who, day=DAY - 9 * DAYS)


def test_another_companys_day_is_unknown(desk: Desk) -> None:
    deliver_due(desk.runtime)
    with desk.runtime.sessions() as session:
        zoe = make_signed_in(session, make_user(session, make_company(session)))

    with pytest.raises(UnknownDay):
        ask(desk, zoe)


def test_a_clock_that_was_set_back_keeps_nobody_waiting(
    desk: Desk, who: SignedIn, wake_ups: WakeUps
) -> None:
    deliver_due(desk.runtime)
    ask(desk, who)
    run(desk, wake_ups)
    desk.clock.advance(minutes=-30)

    resend = click(desk, who, only_missing=False)

    assert resend.copies + resend.waiting == 2


def test_what_was_asked_is_written_down_once(desk: Desk, who: SignedIn) -> None:
    deliver_due(desk.runtime)
    ask(desk, who)

    with pytest.raises(NothingToSend, match="a moment ago"):
        click(desk, who)

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
        ask(desk, who)
        run(desk, wake_ups)

    with desk.runtime.sessions() as session:
        kinds = session.scalars(select(ReportDelivery.kind).order_by(ReportDelivery.id)).all()

    assert kinds == [*[ReportKind.DAILY] * 2, *[ReportKind.COPY] * 2]
