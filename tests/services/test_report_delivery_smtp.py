"""The daily report against real mail servers that refuse, stall, drop and sign nobody in."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from models import DeliveryState
from services.mail import Mailer
from services.report_delivery import OTHERS_FAILED, deliver_due
from services.report_trouble import find_trouble
from services.runtime import Runtime
from services.smtp import SmtpMailer
from services.smtp_url import SmtpServer, TlsMode
from tests.conftest import Clock
from tests.factories import NOW
from tests.services.certificates import write_certificate
from tests.services.mail_servers import (
    Behaviour,
    impatient,
    listener,
    mail_server,
    refuse_password,
)
from tests.services.reporting import MORNING, Desk, make_desk, read_mail

ADA, MEL, OLU = "ada@example.com", "mel@example.com", "olu@example.com"
DUE, SENT, REFUSED = DeliveryState.DUE, DeliveryState.SENT, DeliveryState.REFUSED


@pytest.fixture(autouse=True)
def quiet_server(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="mail.log")


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock, ADA, MEL, OLU)


def _deliver(desk: Desk, mailer: Mailer) -> None:
    deliver_due(replace(desk.runtime, mailer=mailer))


def _received(behaviour: Behaviour) -> list[EmailMessage]:
    return [read_mail(mail[2]) for mail in behaviour.received]


@contextmanager
def _nobody_listens(_folder: Path) -> Iterator[Mailer]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    yield impatient(SmtpServer("127.0.0.1", port, TlsMode.NONE))


@contextmanager
def _unknown_name(_folder: Path) -> Iterator[Mailer]:
    def find_nobody(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", find_nobody)
        yield impatient(SmtpServer("mail.example.com", 25, TlsMode.NONE))


@contextmanager
def _silent(_folder: Path) -> Iterator[Mailer]:
    with listener() as server:
        yield impatient(server)


@contextmanager
def _refused_password(_folder: Path) -> Iterator[Mailer]:
    options = {"authenticator": refuse_password, "auth_require_tls": False}
    with mail_server(Behaviour(), **options) as server:
        yield impatient(replace(server, user="clerk", password="word"))


@contextmanager
def _unknown_certificate(folder: Path) -> Iterator[Mailer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificate(folder))
    with mail_server(Behaviour(), tls_context=context) as server:
        yield SmtpMailer(replace(server, tls=TlsMode.REQUIRED), own_name="x", command_timeout_s=5)


@contextmanager
def _no_encryption(_folder: Path) -> Iterator[Mailer]:
    with mail_server(Behaviour()) as server:
        yield impatient(replace(server, tls=TlsMode.REQUIRED))


@contextmanager
def _refused_sender(_folder: Path) -> Iterator[Mailer]:
    with mail_server(Behaviour(sender_answer="550 5.7.1 not from here")) as server:
        yield impatient(server)


@pytest.mark.parametrize(
    ("trouble", "words", "minutes"),
    [
        (_nobody_listens, "could not be reached", 1),
        (_unknown_name, "could not be reached", 1),
        (_silent, "did not answer in time", 1),
        (_refused_password, "refused our sign-in", 60),
        (_unknown_certificate, "could not be spoken to securely", 1),
        (_no_encryption, "offers no encryption", 1),
        (_refused_sender, "takes no mail from us", 1),
    ],
    ids=["refused", "name", "silent", "password", "certificate", "no encryption", "sender"],
)
def test_a_server_in_trouble_delays_everybody_by_one_attempt_and_loses_nothing(
    desk: Desk, tmp_path: Path, trouble: object, words: str, minutes: int
) -> None:
    with trouble(tmp_path) as mailer:  # type: ignore[operator]
        _deliver(desk, mailer)
    rows = desk.rows()
    desk.clock.advance(minutes=minutes)

    deliver_due(desk.runtime)

    assert {row.state for row in rows} == {DUE}
    assert all(words in row.answer_text for row in rows)
    assert {row.next_attempt_at for row in rows} == {MORNING + timedelta(minutes=minutes)}
    assert sorted(desk.outbox.recipients) == [ADA, MEL, OLU]


def test_where_all_are_refused_all_are_told(desk: Desk) -> None:
    behaviour = Behaviour(
        recipient_answers={address: "550 5.1.1 unknown" for address in (ADA, MEL, OLU)}
    )
    with mail_server(behaviour) as server:
        _deliver(desk, impatient(server))

    with desk.runtime.sessions() as session:
        trouble = find_trouble(session, desk.company_id, now=desk.clock())
    assert set(desk.states().values()) == {REFUSED}
    assert trouble is not None
    assert trouble.addresses == (ADA, MEL, OLU)


def test_a_no_to_the_whole_message_is_tried_again_under_its_id(desk: Desk) -> None:
    behaviour = Behaviour(data_answer="452 4.3.1 no room")
    with mail_server(behaviour) as server:
        _deliver(desk, impatient(server))
        waiting = desk.rows()
        behaviour.data_answer = "250 kept"
        desk.clock.advance(minutes=1)
        _deliver(desk, impatient(server))

    assert {(row.state, row.handover_count, row.answer_code) for row in waiting} == {(DUE, 0, 452)}
    mails = _received(behaviour)
    assert [mail["Message-ID"] for mail in mails] == [row.message_id for row in waiting]
    assert {mail["X-BlueClerk-Possible-Repeat"] for mail in mails} == {None}


def test_a_day_that_was_given_up_after_the_dot_comes_with_the_next(
    runtime: Runtime, clock: Clock
) -> None:
    desk = make_desk(runtime, clock, ADA)
    desk.add_signups(created_at=NOW + timedelta(days=1))
    behaviour = Behaviour(data_answer="452 4.3.1 no room")
    with mail_server(behaviour) as server:
        for hours in (0, 10, 20, 23.9):
            desk.clock.now = MORNING + timedelta(hours=hours)
            _deliver(desk, impatient(server))
        given_up = desk.row()
        behaviour.data_answer = "250 kept"
        desk.clock.now = MORNING + timedelta(days=1)
        _deliver(desk, impatient(server))

    assert (given_up.state, given_up.handover_count) == (DeliveryState.FAILED, 0)
    assert [mail["Subject"] for mail in _received(behaviour)] == [
        "2 new customers from Friday, 20 November to Saturday, 21 November"
    ]


@pytest.mark.parametrize("step", ["drops_before_answer", "is_silent_after_dot"])
def test_an_answer_that_never_comes_brings_one_repeat_and_then_the_truth(
    runtime: Runtime, clock: Clock, step: str
) -> None:
    desk = make_desk(runtime, clock, ADA)
    behaviour = Behaviour()
    setattr(behaviour, step, True)
    with mail_server(behaviour) as server:
        for _ in range(5):
            _deliver(desk, impatient(server))
            desk.clock.advance(minutes=20)

    first, second = _received(behaviour)
    assert first["Message-ID"] == second["Message-ID"]
    assert second["X-BlueClerk-Possible-Repeat"] == "yes"
    assert "may have arrived" in desk.row().answer_text


def test_a_server_that_loses_its_answers_is_given_three_mails_at_a_time(desk: Desk) -> None:
    desk.add_recipients("zoe@example.com")
    behaviour = Behaviour(drops_before_answer=True)
    with mail_server(behaviour) as server:
        _deliver(desk, impatient(server))

    assert [mail["To"] for mail in _received(behaviour)] == [ADA, MEL, OLU]
    zoe = desk.rows()[3]
    assert (zoe.state, zoe.attempts, zoe.answer_text) == (DUE, 0, OTHERS_FAILED)


def test_one_recipient_at_whom_the_server_breaks_off_delays_nobody_else(desk: Desk) -> None:
    behaviour = Behaviour(recipient_answers={ADA: "421 4.7.0 not this one"})
    with mail_server(behaviour) as server:
        for _ in range(3):
            _deliver(desk, impatient(server))
            desk.clock.advance(hours=3)

    assert [mail[1] for mail in behaviour.received] == [[MEL], [OLU]]
    assert desk.states() == {ADA: DUE, MEL: SENT, OLU: SENT}
