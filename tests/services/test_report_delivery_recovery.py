"""What becomes of a delivery when the server refuses, stalls or drops, or we are killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from models import DeliveryState, ReportRecipient, SkipReason
from services import report_delivery
from services.delivery_record import LOST_ANSWERS
from services.mail import (
    MessageRefused,
    ServerAnswer,
    ServerTrouble,
    TryLater,
    UncertainOutcome,
    WrongMailPassword,
)
from services.report_delivery import OUR_FAULT, deliver_due
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import make_company, make_customer, make_report_recipient, make_report_settings
from tests.services.mail_servers import Behaviour, impatient, listener, mail_server
from tests.services.reporting import DAY, MORNING, Desk, day_start, make_desk

ADA, MEL, OLU = "ada@example.com", "mel@example.com", "olu@example.com"


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock)


def _attempts(desk: Desk, *, hours: int) -> list[datetime]:
    """Tick every minute; return when attempts were made."""
    attempts: list[datetime] = []
    desk.outbox.meanwhile = lambda: attempts.append(desk.clock.now)
    for _ in range(hours * 60):
        deliver_due(desk.runtime)
        desk.clock.advance(minutes=1)
    return attempts


def test_an_unreachable_server_is_tried_less_and_less_often(desk: Desk) -> None:
    desk.outbox.errors[ADA] = ServerTrouble("The mail server could not be reached.")

    attempts = _attempts(desk, hours=3)

    minutes = [(at - MORNING) // timedelta(minutes=1) for at in attempts]
    assert minutes == [0, 1, 6, 21, 81, 141]
    assert desk.row().state is DeliveryState.DUE
    assert desk.row().answer_text == "The mail server could not be reached."


def test_after_a_day_the_next_mail_carries_what_failed(desk: Desk) -> None:
    desk.outbox.errors[ADA] = ServerTrouble("The mail server could not be reached.")
    desk.add_signups(created_at=MORNING)
    for _ in range(24 * 2):
        deliver_due(desk.runtime)
        desk.clock.advance(minutes=30)
    desk.outbox.errors.clear()

    deliver_due(desk.runtime)

    assert desk.subjects() == ["2 new customers from Friday, 20 November to Saturday, 21 November"]
    assert len(desk.rows()) == 2


def test_a_delivery_is_given_up_when_its_day_is_over(desk: Desk) -> None:
    desk.outbox.errors[ADA] = TryLater("The mail server asked us to try again later.")
    deliver_due(desk.runtime)
    desk.clock.advance(hours=22)
    deliver_due(desk.runtime)
    late = desk.row().state
    desk.clock.advance(hours=1, minutes=59)

    deliver_due(desk.runtime)

    assert late is DeliveryState.DUE
    assert (desk.row().state, desk.row().attempts) == (DeliveryState.FAILED, 3)


def test_a_refused_password_is_not_hammered(desk: Desk) -> None:
    desk.outbox.errors[ADA] = WrongMailPassword("The mail server refused our sign-in.")

    attempts = _attempts(desk, hours=2)

    assert [(at - MORNING) // timedelta(minutes=1) for at in attempts] == [0, 60]


def test_an_outage_costs_one_connection_for_all_recipients(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, ADA, MEL, OLU)
    trouble = ServerTrouble("The mail server did not answer in time.")
    desk.outbox.errors = {address: trouble for address in (ADA, MEL, OLU)}

    attempts = _attempts(desk, hours=1)

    assert [(at - MORNING) // timedelta(minutes=1) for at in attempts] == [0, 1, 6, 21]
    assert set(desk.states().values()) == {DeliveryState.DUE}

    desk.outbox.errors.clear()
    desk.clock.advance(hours=1)
    deliver_due(desk.runtime)

    assert sorted(desk.outbox.recipients) == [ADA, MEL, OLU]


def test_one_refused_recipient_keeps_nobody_else_from_it(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, ADA, MEL, OLU)
    behaviour = Behaviour(recipient_answers={MEL: "550 5.1.1 <mel@example.com> unknown"})
    with mail_server(behaviour) as server:
        deliver_due(replace(desk.runtime, mailer=impatient(server)))

    sent, refused = DeliveryState.SENT, DeliveryState.REFUSED
    assert desk.states() == {ADA: sent, MEL: refused, OLU: sent}
    assert [mail[1] for mail in behaviour.received] == [[ADA], [OLU]]
    row = desk.rows()[1]
    assert row.answer_code == 550
    assert row.answer_text == "The mail server refused the message. 5.1.1 … unknown"


def test_a_greylisted_recipient_is_tried_again_alone(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, ADA, MEL)
    behaviour = Behaviour(recipient_answers={MEL: "451 4.7.1 later"})
    with mail_server(behaviour) as server:
        over_smtp = replace(desk.runtime, mailer=impatient(server))
        deliver_due(over_smtp)
        behaviour.recipient_answers.clear()
        desk.clock.advance(minutes=1)
        deliver_due(over_smtp)

    assert [mail[1] for mail in behaviour.received] == [[ADA], [MEL]]
    assert set(desk.states().values()) == {DeliveryState.SENT}


def test_a_silent_server_delays_and_loses_nothing(desk: Desk) -> None:
    with listener(b"220 here\r\n") as server:
        deliver_due(replace(desk.runtime, mailer=impatient(server)))

    assert (desk.row().state, desk.row().handover_count) == (DeliveryState.DUE, 0)
    assert desk.row().answer_text == "The mail server did not answer in time."


def test_a_no_after_the_final_dot_is_tried_again_as_the_same_message(desk: Desk) -> None:
    desk.outbox.late_errors[ADA] = TryLater("Later.", ServerAnswer(452, "full"))
    deliver_due(desk.runtime)
    waiting = desk.row()
    desk.outbox.late_errors.clear()
    desk.clock.advance(minutes=1)

    deliver_due(desk.runtime)

    assert (waiting.state, waiting.handover_count) == (DeliveryState.DUE, 0)
    (mail,) = desk.mails()
    assert mail["Message-ID"] == waiting.message_id
    assert mail["X-BlueClerk-Possible-Repeat"] is None


def test_a_lost_answer_brings_one_repeat_under_the_same_id(desk: Desk) -> None:
    desk.outbox.late_errors[ADA] = UncertainOutcome("The mail server gave no answer.")
    deliver_due(desk.runtime)
    uncertain = desk.row()
    desk.outbox.late_errors.clear()
    desk.clock.advance(minutes=1)

    deliver_due(desk.runtime)

    assert uncertain.state is DeliveryState.HANDING_OVER
    first, second = desk.mails()
    assert first["Message-ID"] == second["Message-ID"]
    assert (first["X-BlueClerk-Possible-Repeat"], second["X-BlueClerk-Possible-Repeat"]) == (
        None,
        "yes",
    )
    assert desk.row().state is DeliveryState.SENT


def test_a_second_lost_answer_is_the_end(desk: Desk) -> None:
    desk.outbox.late_errors[ADA] = UncertainOutcome("The mail server gave no answer.")
    for _ in range(48):
        deliver_due(desk.runtime)
        desk.clock.advance(minutes=30)

    assert len(desk.outbox.received) == 2
    assert (desk.row().state, desk.row().answer_text) == (DeliveryState.FAILED, LOST_ANSWERS)


def test_an_uncertain_delivery_stays_marked_while_the_server_is_away(desk: Desk) -> None:
    desk.outbox.late_errors[ADA] = UncertainOutcome("The mail server gave no answer.")
    deliver_due(desk.runtime)
    desk.outbox.late_errors.clear()
    desk.outbox.errors[ADA] = ServerTrouble("The mail server could not be reached.")
    desk.clock.advance(minutes=1)
    deliver_due(desk.runtime)
    marked = desk.row().state
    desk.outbox.errors.clear()
    desk.clock.advance(minutes=5)

    deliver_due(desk.runtime)

    assert marked is DeliveryState.HANDING_OVER
    assert desk.mails()[1]["X-BlueClerk-Possible-Repeat"] == "yes"


def test_refused_three_days_in_a_row_an_address_is_left_alone(desk: Desk) -> None:
    desk.outbox.errors[ADA] = MessageRefused("Refused.", ServerAnswer(550, "unknown"))
    for days in range(6):
        desk.add_signups(created_at=MORNING + timedelta(days=days))
    for _ in range(6):
        deliver_due(desk.runtime)
        desk.clock.advance(days=1)

    assert [row.state for row in desk.rows()] == [DeliveryState.REFUSED] * 3


def test_a_poisoned_company_stops_nobody_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with desk.runtime.sessions() as session:
        other = make_company(session)
        make_report_settings(session, other, reported_from_at=day_start(DAY))
        make_report_recipient(session, other, address="zoe@example.com")
        make_customer(session, other)
    collect = report_delivery.collect_report

    def collect_poisoned(session: object, company_id: int, **options: object) -> object:
        if company_id == desk.company_id:
            raise ArithmeticError("a row nobody thought of")
        return collect(session, company_id, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(report_delivery, "collect_report", collect_poisoned)

    deliver_due(desk.runtime)

    assert desk.outbox.recipients == ["zoe@example.com"]
    poisoned = desk.rows()[0]
    assert (poisoned.state, poisoned.answer_text) == (DeliveryState.DUE, OUR_FAULT)
    assert poisoned.next_attempt_at == MORNING + timedelta(minutes=1)
    assert "ArithmeticError" in caplog.text


@pytest.mark.parametrize("step", ["errors", "late_errors"])
def test_a_mailer_that_breaks_leaves_a_row_that_tells(desk: Desk, step: str) -> None:
    broken: Callable[[], None] = getattr(desk.outbox, step).update({ADA: KeyError("oh")})

    deliver_due(desk.runtime)

    states = {"errors": DeliveryState.DUE, "late_errors": DeliveryState.HANDING_OVER}
    assert broken is None
    assert desk.row().state is states[step]


def test_a_recipient_who_became_a_placeholder_is_refused_at_the_gateway(desk: Desk) -> None:
    desk.change(ReportRecipient, address="ada@PLACEHOLDER.local")

    deliver_due(desk.runtime)

    assert desk.outbox.received == []
    assert desk.row().state is DeliveryState.REFUSED
    assert desk.row().skip_reason is not SkipReason.UNSUBSCRIBED
