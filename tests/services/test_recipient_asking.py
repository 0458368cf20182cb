"""To whom the question goes out before the first report, and how often at most."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from jobs.tasks import deliver_reports
from models import AuditEvent, Frequency, ReportRecipient, ReportSettings
from services.confirmation_mail import Question, render_question, unlinked
from services.local_days import find_zone
from services.mail import (
    MessageRefused,
    ServerTrouble,
    TryLater,
    UncertainOutcome,
    WrongMailPassword,
)
from services.recipient_confirmation import (
    LINK_LIVES,
    AskedAlready,
    UnknownRecipient,
    ask_again,
)
from services.recipient_questions import send_confirmations
from services.report_recipients import RecipientState, list_recipients
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_company, make_report_recipient, make_report_settings
from tests.fakes import Outbox
from tests.services.asking import (
    KIM,
    NIGHT,
    OLU,
    ask_again_by,
    confirm_by,
    make_asking_desk,
    questions,
    recipient_of,
    run_hours,
)
from tests.services.mail_servers import Behaviour, impatient, mail_server
from tests.services.reporting import Desk
from tests.services.support import Place, rows


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_asking_desk(runtime, clock)


def test_an_address_is_asked_once_and_gets_no_report_before_it_agrees(desk: Desk) -> None:
    run_hours(desk, 60)

    (mail,) = desk.mails()
    assert mail["To"] == OLU
    assert mail["Subject"] == "Do you want the sign-up report of Harbor Heating & Air?"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert desk.rows() == []


def test_the_mail_says_who_asks_how_often_and_until_when() -> None:
    question = Question(
        recipient_public_id="0" * 16,
        address=OLU,
        company_name="Harbor <b>& Air",
        asked_by="Ada Brandt",
        frequency=Frequency.WEEKLY,
        local_hour=7,
        zone=find_zone("America/New_York"),
        asked_at=NOW,
        expires_at=NOW + LINK_LIVES,
    )
    urls = {
        "confirm_url": "https://clerk.example.com/confirm/x",
        "unsubscribe_url": "https://clerk.example.com/unsubscribe/y",
    }

    mail = render_question(question, **urls)

    for text in (
        "Ada Brandt of Harbor <b>& Air would like",
        "by e-mail every Monday at 07:00.",
        "It works until Friday, 27 November 2026 at 09:00 (New York).",
        *urls.values(),
        f"Sent to {OLU}",
    ):
        assert text in mail.text
        assert text.replace("<b>&", "&lt;b&gt;&amp;") in mail.html
    assert "<style" in mail.html
    assert "src=" not in mail.html


def test_an_admin_asks_again_after_an_hour(desk: Desk, elsewhere: Place) -> None:
    public_id = recipient_of(desk).public_id
    first = ask_again_by(desk, elsewhere, public_id)
    deliver_reports(desk.runtime)
    desk.clock.advance(minutes=59)
    with pytest.raises(AskedAlready) as refusal:
        ask_again_by(desk, elsewhere, public_id)
    desk.clock.advance(minutes=1)

    ask_again_by(desk, elsewhere, public_id)
    ask_again_by(desk, elsewhere, public_id)
    run_hours(desk, 3)

    assert first == OLU
    assert refusal.value.again_at == NIGHT + timedelta(hours=1)
    assert len(questions(desk)) == 2
    assert len({mail["Message-ID"] for mail in questions(desk)}) == 2
    actions = rows(desk.runtime.sessions, select(AuditEvent.action))
    assert [action for (action,) in actions] == ["recipient asked"]
    confirm_by(desk)
    with pytest.raises(UnknownRecipient):
        ask_again_by(desk, elsewhere, public_id)


def test_nobody_asks_again_for_another_company(desk: Desk, elsewhere: Place) -> None:
    with desk.runtime.sessions() as session, pytest.raises(UnknownRecipient):
        ask_again(session, elsewhere.admin, recipient_of(desk).public_id, now=NIGHT)


def test_two_companies_ask_the_same_address_an_hour_apart(desk: Desk) -> None:
    with desk.runtime.sessions() as session:
        other = make_company(session, name="Elsewhere")
        make_report_settings(session, other)
        make_report_recipient(session, other, address=OLU.upper(), confirmed_at=None)
    deliver_reports(desk.runtime)
    desk.clock.advance(minutes=59)
    deliver_reports(desk.runtime)
    asked_at_first = len(questions(desk))
    desk.clock.advance(minutes=1)

    deliver_reports(desk.runtime)

    assert asked_at_first == 1
    assert len(questions(desk)) == 2


def test_while_the_report_is_off_nobody_is_asked(desk: Desk) -> None:
    desk.change(ReportSettings, is_on=False)
    run_hours(desk, 2)
    asked_meanwhile = len(desk.mails())
    desk.change(ReportSettings, is_on=True)

    send_confirmations(desk.runtime)

    assert (asked_meanwhile, len(questions(desk))) == (0, 1)


def test_without_a_mail_server_the_question_waits(desk: Desk) -> None:
    send_confirmations(replace(desk.runtime, mailer=None))
    waited = recipient_of(desk).confirmation_sent_at is None

    send_confirmations(desk.runtime)

    assert waited
    assert len(questions(desk)) == 1


@pytest.mark.both_databases
@pytest.mark.parametrize("error", [TryLater("Later."), ServerTrouble("Unreachable.")])
def test_what_did_not_go_out_is_tried_again_every_hour(desk: Desk, error: Exception) -> None:
    desk.outbox.errors[OLU] = error
    tried: list[datetime] = []
    desk.outbox.meanwhile = lambda: tried.append(desk.clock.now)
    run_hours(desk, 3)
    desk.outbox.errors.clear()

    run_hours(desk, 2)

    assert [at - tried[0] for at in tried] == [timedelta(hours=hours) for hours in range(4)]
    assert len(questions(desk)) == 1
    assert recipient_of(desk).confirmation_sent_at == tried[-1]


def test_one_who_is_refused_keeps_nobody_else_from_being_asked(desk: Desk) -> None:
    desk.add_recipients(KIM, confirmed_at=None)
    desk.outbox.errors[OLU] = MessageRefused("No such mailbox.")

    run_hours(desk, 3)

    assert desk.outbox.recipients == [KIM]


def test_a_real_server_takes_the_question(desk: Desk) -> None:
    behaviour = Behaviour()
    with mail_server(behaviour) as server:
        send_confirmations(replace(desk.runtime, mailer=impatient(server)))

    assert [mail[1] for mail in behaviour.received] == [[OLU]]


def test_a_question_that_was_settled_meanwhile_is_not_asked(desk: Desk) -> None:
    desk.add_recipients(KIM, confirmed_at=None)

    outbox = Outbox(meanwhile=lambda: desk.change(ReportRecipient, confirmed_at=NIGHT))
    send_confirmations(replace(desk.runtime, mailer=outbox))

    assert outbox.recipients == [OLU]


def test_a_silent_server_holds_up_reports_by_one_question(desk: Desk) -> None:
    desk.add_recipients(*(f"q{number}@example.org" for number in range(5)), confirmed_at=None)
    tried: list[datetime] = []
    desk.outbox.meanwhile = lambda: tried.append(desk.clock.now)
    desk.outbox.errors[OLU] = UncertainOutcome("The mail server gave no answer.")
    deliver_reports(desk.runtime)
    after_silence = len(tried)

    deliver_reports(desk.runtime)

    assert after_silence == 1
    assert len(tried) == 4, "three in one round"


def test_a_wrong_password_is_tried_once_an_hour_and_costs_nobody_the_hour(desk: Desk) -> None:
    desk.add_recipients(KIM, confirmed_at=None)
    tried: list[datetime] = []
    desk.outbox.meanwhile = lambda: tried.append(desk.clock.now)
    desk.outbox.errors = {OLU: WrongMailPassword("No."), KIM: WrongMailPassword("No.")}
    run_hours(desk, 1)
    desk.outbox.errors.clear()
    desk.clock.advance(minutes=15)

    deliver_reports(desk.runtime)

    assert len(tried) == 1 + 2
    assert desk.outbox.recipients == [OLU, KIM]


def test_a_company_asks_twenty_strangers_a_day(desk: Desk) -> None:
    desk.add_recipients(*(f"q{number}@example.org" for number in range(30)), confirmed_at=None)
    run_hours(desk, 5)
    on_the_first_day = len(questions(desk))
    desk.clock.advance(days=1)

    deliver_reports(desk.runtime)

    assert on_the_first_day == 20
    assert len(questions(desk)) == 23


def test_labels_of_one_mailbox_are_one_address(desk: Desk) -> None:
    desk.add_recipients("olu+1@example.org", "olu+2@example.org", confirmed_at=None)

    deliver_reports(desk.runtime)

    assert len(questions(desk)) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Harbor Heating & Air", "Harbor Heating & Air"),
        ("J.P. Marsh Co. No. 5", "J.P. Marsh Co. No. 5"),
        ("pay at http://evil.example/pay now", "pay at evil example/pay now"),
        ("WWW.evil.example", "evil example"),
        ("evil\u3002example and 192.0.2.7", "evil example and 192 0 2 7"),
        ("www.http://", ""),
    ],
)
def test_a_name_carries_no_link(name: str, shown: str) -> None:
    assert unlinked(name) == shown
    assert len(unlinked(name * 9)) <= 60


@pytest.mark.both_databases
def test_a_refused_question_is_told_and_waits_to_be_asked_again(
    desk: Desk, elsewhere: Place
) -> None:
    desk.outbox.errors[OLU] = MessageRefused("No such mailbox.")
    run_hours(desk, 3)
    with desk.runtime.sessions() as session:
        (listed,) = list_recipients(session, desk.company_id)
    desk.outbox.errors.clear()

    ask_again_by(desk, elsewhere, recipient_of(desk).public_id)
    deliver_reports(desk.runtime)

    assert listed.state is RecipientState.PAUSED
    assert listed.confirmation_sent_at is None
    assert len(questions(desk)) == 1
