"""The mailer over SMTP, against servers that refuse, stall and drop."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from email.message import EmailMessage

import pytest

from services.delivery_claim import CLAIM_LEASE
from services.mail import (
    BrokenOff,
    MessageRefused,
    RenderedMail,
    ServerTrouble,
    TryLater,
    UncertainOutcome,
    WrongMailPassword,
    build_message,
)
from services.smtp import SmtpMailer
from services.smtp_url import SmtpServer, TlsMode
from tests.factories import NOW
from tests.services.mail_servers import (
    Behaviour,
    dribbler,
    impatient,
    listener,
    mail_server,
    refuse_password,
)

GREETING = b"220 here\r\n"
OK = b"250 ok\r\n"


@pytest.fixture(autouse=True)
def quiet_server(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="mail.log")


def _message(recipient: str = "ada@example.com") -> EmailMessage:
    return build_message(
        RenderedMail("Subject", "text\n", "<p>text</p>"),
        sender="clerk@example.com",
        recipient=recipient,
        message_id="<one@example.com>",
        date=NOW,
        headers={},
    )


def test_the_envelope_holds_the_one_recipient() -> None:
    behaviour = Behaviour()
    with mail_server(behaviour) as server:
        impatient(server).send(_message())

    assert [mail[:2] for mail in behaviour.received] == [("clerk@example.com", ["ada@example.com"])]


def test_a_recipient_refused_for_good_is_not_tried_again() -> None:
    behaviour = Behaviour(recipient_answers={"ada@example.com": "550 5.1.1 <ada@example.com> no"})
    with mail_server(behaviour) as server, pytest.raises(MessageRefused) as refusal:
        impatient(server).send(_message())

    assert refusal.value.answer is not None
    assert (refusal.value.answer.code, refusal.value.answer.text) == (550, "5.1.1 … no")


def test_a_greylisted_recipient_is_tried_later() -> None:
    behaviour = Behaviour(recipient_answers={"ada@example.com": "451 4.7.1 come back"})
    with mail_server(behaviour) as server, pytest.raises(TryLater) as refusal:
        impatient(server).send(_message())

    assert not isinstance(refusal.value, ServerTrouble)


def test_a_refused_sender_is_everybodys_trouble() -> None:
    behaviour = Behaviour(sender_answer="550 5.7.1 not from here")
    with mail_server(behaviour) as server, pytest.raises(ServerTrouble):
        impatient(server).send(_message())


def test_a_server_that_closes_in_the_middle_may_mean_this_mail_only() -> None:
    behaviour = Behaviour(recipient_answers={"ada@example.com": "421 4.3.2 going down"})
    with mail_server(behaviour) as server, pytest.raises(BrokenOff):
        impatient(server).send(_message())


@pytest.mark.parametrize(
    ("answer", "error"), [("452 4.2.2 full", TryLater), ("554 5.7.1 spam", MessageRefused)]
)
def test_a_no_after_the_final_dot_is_not_uncertain(answer: str, error: type[Exception]) -> None:
    with mail_server(Behaviour(data_answer=answer)) as server, pytest.raises(error):
        impatient(server).send(_message())


def test_a_connection_lost_before_the_answer_is_uncertain() -> None:
    behaviour = Behaviour(drops_before_answer=True)
    with mail_server(behaviour) as server, pytest.raises(UncertainOutcome):
        impatient(server).send(_message())

    assert len(behaviour.received) == 1


def test_silence_after_the_final_dot_is_uncertain() -> None:
    with (
        listener(GREETING, OK, OK, OK, b"354 go\r\n") as server,
        pytest.raises(UncertainOutcome),
    ):
        impatient(server).send(_message())


@pytest.mark.parametrize("answer", ["hello", "999 what", "150 hm"])
def test_an_answer_that_cannot_be_read_is_uncertain(answer: str) -> None:
    with mail_server(Behaviour(data_answer=answer)) as server, pytest.raises(UncertainOutcome):
        impatient(server).send(_message())


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((), ServerTrouble),
        ((GREETING,), ServerTrouble),
        ((GREETING, OK), BrokenOff),
        ((GREETING, OK, OK), BrokenOff),
        ((GREETING, OK, OK, OK), BrokenOff),
    ],
    ids=["greeting", "ehlo", "mail", "rcpt", "data"],
)
def test_silence_before_the_final_dot_is_surely_no_delivery(
    answers: tuple[bytes, ...], error: type[TryLater]
) -> None:
    called: list[bool] = []
    with listener(*answers) as server, pytest.raises(error, match="in time"):
        impatient(server).send(_message(), before_final_dot=lambda: called.append(True))

    assert called == []


@pytest.mark.parametrize(
    ("answers", "drip", "error"),
    [
        ((), b"220-wait\r\n", ServerTrouble),
        ((GREETING,), b"2", ServerTrouble),
        ((GREETING, OK, OK), b"250-wait\r\n", BrokenOff),
        ((GREETING, OK, OK, OK, b"354 go\r\n"), b"250-wait\r\n", UncertainOutcome),
    ],
    ids=["greeting", "ehlo", "rcpt", "dot"],
)
def test_a_server_that_dribbles_is_left_in_time(
    answers: tuple[bytes, ...], drip: bytes, error: type[Exception]
) -> None:
    with dribbler(*answers, drip=drip) as server, pytest.raises(error) as trouble:
        impatient(server).send(_message())

    assert isinstance(trouble.value.__cause__, OSError)
    assert isinstance(trouble.value.__cause__.__context__, TimeoutError)


def test_an_answer_without_an_end_is_not_kept_in_memory() -> None:
    flood = b"220-wait\r\n" * 10_000
    with dribbler(drip=flood) as server, pytest.raises(ServerTrouble, match="in time"):
        SmtpMailer(server, own_name="example.com", command_timeout_s=60).send(_message())


def test_everything_before_the_final_dot_has_one_limit() -> None:
    with dribbler(GREETING, OK, drip=b"2") as server, pytest.raises(BrokenOff, match="in time"):
        SmtpMailer(
            server, own_name="example.com", command_timeout_s=60, before_dot_timeout_s=0.25
        ).send(_message())


def test_a_goodbye_that_dribbles_changes_no_delivery() -> None:
    answers = (GREETING, OK, OK, OK, b"354 go\r\n", OK)
    with dribbler(*answers, drip=b"221-wait\r\n") as server:
        answer = impatient(server).send(_message())

    assert answer.code == 250


def test_nobody_listening_is_trouble() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(ServerTrouble, match="could not be reached"):
        impatient(SmtpServer("127.0.0.1", port, TlsMode.NONE)).send(_message())


def test_a_greeting_that_says_no_is_trouble() -> None:
    with listener(b"554 no service\r\n") as server, pytest.raises(ServerTrouble) as trouble:
        impatient(server).send(_message())

    assert trouble.value.answer is not None
    assert trouble.value.answer.code == 554


def test_without_encryption_required_goes_no_further() -> None:
    behaviour = Behaviour()
    with mail_server(behaviour) as server, pytest.raises(ServerTrouble, match="no encryption"):
        impatient(replace(server, tls=TlsMode.REQUIRED)).send(_message())

    assert behaviour.received == []


def test_where_encryption_is_a_wish_mail_goes_without_but_a_password_does_not() -> None:
    behaviour = Behaviour()
    with mail_server(behaviour) as server:
        wishing = replace(server, tls=TlsMode.STARTTLS)
        impatient(wishing).send(_message())
        with pytest.raises(ServerTrouble, match="no encryption"):
            impatient(replace(wishing, user="ada", password="secret")).send(_message())

    assert len(behaviour.received) == 1


def test_a_refused_password_is_a_trouble_of_its_own() -> None:
    options = {"authenticator": refuse_password, "auth_require_tls": False}
    with mail_server(Behaviour(), **options) as server, pytest.raises(WrongMailPassword) as error:
        impatient(replace(server, user="ada", password="hidden-word")).send(_message())

    assert "hidden-word" not in f"{error.value} {error.value.answer} {server!r}"


def test_the_real_limits_are_those_of_the_standard() -> None:
    mailer = SmtpMailer(SmtpServer("mail.example.com", 587, TlsMode.REQUIRED), own_name="x")

    assert (mailer._command_timeout_s, mailer._final_dot_timeout_s) == (30, 600)
    assert CLAIM_LEASE.total_seconds() >= mailer._before_dot_timeout_s + 60
