"""Encryption on the way to the mail server, with a certificate made for the test."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.mail import RenderedMail, ServerTrouble, build_message
from services.smtp import SmtpMailer
from services.smtp_url import SmtpServer, TlsMode
from tests.factories import NOW
from tests.services.mail_servers import Behaviour, mail_server

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
    """A file with a key and a certificate for 127.0.0.1 that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail on this machine")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


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
