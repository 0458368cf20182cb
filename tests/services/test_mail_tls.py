"""Encryption on the way to the mail server, with a certificate made for the test."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult

from services.mail import BrokenOff, RenderedMail, ServerTrouble, build_message
from services.smtp import SmtpMailer
from services.smtp_url import SmtpServer, TlsMode
from tests.factories import NOW
from tests.services.certificates import write_certificate
from tests.services.mail_servers import Behaviour, dribbler, mail_server

MESSAGE = build_message(
    RenderedMail("Subject", "text\n", "<p>text</p>"),
    sender="clerk@example.com",
    recipient="ada@example.com",
    message_id="<one@example.com>",
    date=NOW,
    headers={},
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls"))


def _serving(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _mailer(server: SmtpServer, certificate: Path | None) -> SmtpMailer:
    """A mailer that trusts this certificate, or only the ones the machine trusts."""
    trusting = ssl.create_default_context(cafile=certificate) if certificate else None
    return SmtpMailer(server, own_name="example.com", command_timeout_s=5, tls_context=trusting)


@pytest.mark.parametrize("mode", [TlsMode.REQUIRED, TlsMode.STARTTLS])
def test_what_is_offered_is_used(certificate: Path, mode: TlsMode) -> None:
    behaviour = Behaviour()
    options = {"tls_context": _serving(certificate), "require_starttls": True}
    with mail_server(behaviour, **options) as server:
        answer = _mailer(replace(server, tls=mode), certificate).send(MESSAGE)

    assert answer.code == 250
    assert len(behaviour.received) == 1


@pytest.mark.parametrize("mode", [TlsMode.REQUIRED, TlsMode.STARTTLS])
def test_a_certificate_nobody_vouches_for_is_not_believed(certificate: Path, mode: TlsMode) -> None:
    behaviour = Behaviour()
    with (
        mail_server(behaviour, tls_context=_serving(certificate)) as server,
        pytest.raises(ServerTrouble, match="securely"),
    ):
        _mailer(replace(server, tls=mode), None).send(MESSAGE)

    assert behaviour.received == []


def test_a_password_is_said_after_the_encryption(certificate: Path) -> None:
    said: list[bytes] = []

    def accept(_server: object, _session: object, _envelope: object, _kind: str, words: object):  # type: ignore[no-untyped-def]
        said.append(words.password)  # type: ignore[attr-defined]
        return AuthResult(success=True)

    behaviour = Behaviour()
    options = {"tls_context": _serving(certificate), "authenticator": accept}
    with mail_server(behaviour, **options) as server:
        signed_in = replace(server, tls=TlsMode.REQUIRED, user="clerk", password="word")
        _mailer(signed_in, certificate).send(MESSAGE)

    assert said == [b"word"]
    assert len(behaviour.received) == 1


def test_a_server_that_dribbles_behind_the_encryption_is_left_in_time(certificate: Path) -> None:
    greeting, go, ok = b"220 here\r\n", b"220 go\r\n", b"250 ok\r\n"
    offer = b"250-here\r\n250 STARTTLS\r\n"
    trusting = ssl.create_default_context(cafile=certificate)
    dribble = dribbler(greeting, offer, go, ok, drip=b"250-", tls=_serving(certificate))
    with dribble as server, pytest.raises(BrokenOff, match="in time"):
        SmtpMailer(
            replace(server, tls=TlsMode.REQUIRED),
            own_name="example.com",
            command_timeout_s=0.5,
            tls_context=trusting,
        ).send(MESSAGE)
