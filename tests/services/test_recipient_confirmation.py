"""Asking whoever is no user before the first report is mailed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from jobs.tasks import deliver_reports
from models import AuditEvent, Company, Frequency, ReportRecipient, ReportSettings
from services.confirmation_mail import Question, render_question
from services.local_days import find_zone
from services.mail import MessageRefused, ServerTrouble, TryLater
from services.recipient_confirmation import (
    LINK_LIVES,
    AskedAlready,
    BadConfirmationLink,
    ConfirmationExpired,
    UnknownRecipient,
    ask_again,
    confirm,
    confirmation_token,
    send_confirmations,
    view_confirmation,
)
from services.runtime import Runtime
from services.unsubscription import unsubscribe
from tests.conftest import Clock
from tests.factories import NOW, make_company, make_report_recipient, make_report_settings
from tests.fakes import Outbox
from tests.services.mail_servers import Behaviour, impatient, mail_server
from tests.services.reporting import LINK_KEY, MORNING, Desk, decoded, make_desk
from tests.services.support import Place, rows

OLU, KIM = "olu@example.org", "kim@example.org"
#: Before the report's hour, so that the day's report is still to come.
NIGHT = MORNING - timedelta(hours=6)


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    """A company that wants to mail olu, who was not asked yet."""
    desk = make_desk(runtime, clock, OLU)
    desk.change(ReportRecipient, confirmed_at=None)
    clock.now = NIGHT
    return desk


def _questions(desk: Desk) -> list[EmailMessage]:
    return [mail for mail in desk.mails() if str(mail["Message-ID"]).startswith("<confirm.")]


def _token(desk: Desk) -> str:
    """Return the token of the last question."""
    text = decoded(_questions(desk)[-1])["text/plain"]
    return text.partition("/confirm/")[2].split()[0]


def _confirm(desk: Desk) -> None:
    with desk.runtime.sessions() as session:
        confirm(session, _token(desk), link_key=LINK_KEY, now=desk.clock.now)


def _recipient(desk: Desk, address: str = OLU) -> ReportRecipient:
    with desk.runtime.sessions() as session:
        query = select(ReportRecipient).where(ReportRecipient.address == address)
        return session.scalars(query).one()


def _ask_again(desk: Desk, place: Place, public_id: str) -> str:
    """Ask as an admin of the desk's company."""
    who = replace(place.admin, company_id=desk.company_id)
    with desk.runtime.sessions() as session:
        return ask_again(session, who, public_id, now=desk.clock.now)


def _hours(desk: Desk, count: int) -> None:
    for _ in range(count * 4):
        desk.clock.advance(minutes=15)
        deliver_reports(desk.runtime)


def test_an_address_is_asked_once_and_gets_no_report_before_it_agrees(desk: Desk) -> None:
    _hours(desk, 60)

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


@pytest.mark.both_databases
def test_reports_begin_with_the_day_of_the_confirmation(desk: Desk) -> None:
    _hours(desk, 30)
    with desk.runtime.sessions() as session:
        before = view_confirmation(session, _token(desk), link_key=LINK_KEY, now=desk.clock.now)
    desk.add_signups(created_at=desk.clock.now)
    _confirm(desk)
    confirmed_at = _recipient(desk).confirmed_at
    desk.clock.advance(minutes=5)

    _confirm(desk)
    _hours(desk, 24)

    assert (before.address, before.company_name) == (OLU, "Harbor Heating & Air")
    assert not before.is_confirmed
    assert desk.subjects()[1:] == ["1 new customer on Sunday, 22 November"]
    assert _recipient(desk).confirmed_at == confirmed_at
    events = rows(desk.runtime.sessions, select(AuditEvent.action, AuditEvent.user_id))
    assert [tuple(event) for event in events] == [("recipient confirmed", None)]


def test_looking_at_the_link_changes_nothing(desk: Desk) -> None:
    send_confirmations(desk.runtime)
    with desk.runtime.sessions() as session:
        for _ in range(2):
            view = view_confirmation(session, _token(desk), link_key=LINK_KEY, now=NIGHT)

    assert not view.is_confirmed
    assert _recipient(desk).confirmed_at is None


def test_the_link_ends_after_a_week_unless_it_was_used(desk: Desk) -> None:
    send_confirmations(desk.runtime)
    token, end_at = _token(desk), NIGHT + LINK_LIVES
    with desk.runtime.sessions() as session:
        with pytest.raises(ConfirmationExpired):
            confirm(session, token, link_key=LINK_KEY, now=end_at)
        just_in_time = end_at - timedelta(seconds=1)
        confirm(session, token, link_key=LINK_KEY, now=just_in_time)
        view = view_confirmation(session, token, link_key=LINK_KEY, now=end_at)

    assert view.is_confirmed


def _spoiled(token: str, desk: Desk) -> Sequence[tuple[str, str]]:
    public_id, expires, signature = token.split(".")
    stranger = confirmation_token(LINK_KEY, "0" * 16, expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    later = f"{public_id}.{int(expires) + 9}.{signature}"
    unsubscribing = str(_questions(desk)[0]["List-Unsubscribe"]).strip("<>").rpartition("/")[2]
    return [
        *((text, LINK_KEY) for text in ("", ".", "x.y.z", "é", token[:-1], later, stranger)),
        (unsubscribing, LINK_KEY),
        (token, "another key"),
    ]


def test_a_link_that_is_not_ours_confirms_nobody(desk: Desk) -> None:
    send_confirmations(desk.runtime)

    for text, key in _spoiled(_token(desk), desk):
        with desk.runtime.sessions() as session, pytest.raises(BadConfirmationLink):
            confirm(session, text, link_key=key, now=NIGHT)

    assert _recipient(desk).confirmed_at is None


def test_the_link_of_somebody_who_was_taken_off_confirms_nothing(desk: Desk) -> None:
    send_confirmations(desk.runtime)
    desk.change(ReportRecipient, removed_at=NIGHT)

    with desk.runtime.sessions() as session, pytest.raises(BadConfirmationLink):
        confirm(session, _token(desk), link_key=LINK_KEY, now=NIGHT)


def test_who_refuses_is_not_asked_again_but_may_think_better_of_it(
    desk: Desk, elsewhere: Place
) -> None:
    send_confirmations(desk.runtime)
    token = str(_questions(desk)[0]["List-Unsubscribe"]).strip("<>").rpartition("/")[2]
    with desk.runtime.sessions() as session:
        unsubscribe(session, token, link_key=LINK_KEY, now=NIGHT)
    desk.clock.advance(hours=2)
    with pytest.raises(UnknownRecipient):
        _ask_again(desk, elsewhere, _recipient(desk).public_id)
    refused_at = _recipient(desk).unsubscribed_at

    _confirm(desk)

    assert refused_at == NIGHT
    assert _recipient(desk).unsubscribed_at is None


def test_an_admin_asks_again_after_an_hour(desk: Desk, elsewhere: Place) -> None:
    public_id = _recipient(desk).public_id
    first = _ask_again(desk, elsewhere, public_id)
    deliver_reports(desk.runtime)
    desk.clock.advance(minutes=59)
    with pytest.raises(AskedAlready) as refusal:
        _ask_again(desk, elsewhere, public_id)
    desk.clock.advance(minutes=1)

    _ask_again(desk, elsewhere, public_id)
    _ask_again(desk, elsewhere, public_id)
    _hours(desk, 3)

    assert first == OLU
    assert refusal.value.again_at == NIGHT + timedelta(hours=1)
    assert len(_questions(desk)) == 2
    assert len({mail["Message-ID"] for mail in _questions(desk)}) == 2
    actions = rows(desk.runtime.sessions, select(AuditEvent.action))
    assert [action for (action,) in actions] == ["recipient asked"]
    _confirm(desk)
    with pytest.raises(UnknownRecipient):
        _ask_again(desk, elsewhere, public_id)


def test_nobody_asks_again_for_another_company(desk: Desk, elsewhere: Place) -> None:
    with desk.runtime.sessions() as session, pytest.raises(UnknownRecipient):
        ask_again(session, elsewhere.admin, _recipient(desk).public_id, now=NIGHT)


def test_two_companies_ask_the_same_address_an_hour_apart(desk: Desk) -> None:
    with desk.runtime.sessions() as session:
        other = make_company(session, name="Elsewhere")
        make_report_settings(session, other)
        make_report_recipient(session, other, address=OLU.upper(), confirmed_at=None)
    deliver_reports(desk.runtime)
    desk.clock.advance(minutes=59)
    deliver_reports(desk.runtime)
    asked_at_first = len(_questions(desk))
    desk.clock.advance(minutes=1)

    deliver_reports(desk.runtime)

    assert asked_at_first == 1
    assert len(_questions(desk)) == 2


def test_while_the_report_is_off_nobody_is_asked(desk: Desk) -> None:
    desk.change(ReportSettings, is_on=False)
    _hours(desk, 2)
    asked_meanwhile = len(desk.mails())
    desk.change(ReportSettings, is_on=True)

    send_confirmations(desk.runtime)

    assert (asked_meanwhile, len(_questions(desk))) == (0, 1)


def test_without_a_mail_server_the_question_waits(desk: Desk) -> None:
    send_confirmations(replace(desk.runtime, mailer=None))
    waited = _recipient(desk).confirmation_sent_at is None

    send_confirmations(desk.runtime)

    assert waited
    assert len(_questions(desk)) == 1


@pytest.mark.both_databases
@pytest.mark.parametrize("error", [TryLater("Later."), ServerTrouble("Unreachable.")])
def test_what_did_not_go_out_is_tried_again_every_hour(desk: Desk, error: Exception) -> None:
    desk.outbox.errors[OLU] = error
    tried: list[datetime] = []
    desk.outbox.meanwhile = lambda: tried.append(desk.clock.now)
    _hours(desk, 3)
    desk.outbox.errors.clear()

    _hours(desk, 2)

    assert [at - tried[0] for at in tried] == [timedelta(hours=hours) for hours in range(4)]
    assert len(_questions(desk)) == 1
    assert _recipient(desk).confirmation_sent_at == tried[-1]


def test_one_who_is_refused_keeps_nobody_else_from_being_asked(desk: Desk) -> None:
    desk.add_recipients(KIM, confirmed_at=None)
    desk.outbox.errors[OLU] = MessageRefused("No such mailbox.")

    _hours(desk, 3)

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


def test_a_company_that_is_gone_takes_its_questions_along(desk: Desk) -> None:
    send_confirmations(desk.runtime)
    token = _token(desk)
    with desk.runtime.sessions() as session:
        session.delete(session.get_one(Company, desk.company_id))
        session.commit()

        with pytest.raises(BadConfirmationLink):
            view_confirmation(session, token, link_key=LINK_KEY, now=NIGHT)
