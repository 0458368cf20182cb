"""The address of the mail server."""

from __future__ import annotations

import pytest

from services.smtp_url import BadSmtpUrl, SmtpServer, TlsMode, parse_smtp_url


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://mail.example.com", SmtpServer("mail.example.com", 587, TlsMode.REQUIRED)),
        ("smtp://127.0.0.1?tls=none", SmtpServer("127.0.0.1", 25, TlsMode.NONE)),
        (
            "smtp://mail.example.com:2525/?tls=starttls",
            SmtpServer("mail.example.com", 2525, TlsMode.STARTTLS),
        ),
        (
            "smtp://ada%40example.com:p%3Ass%2Fword@mail.example.com:587?tls=required",
            SmtpServer("mail.example.com", 587, TlsMode.REQUIRED, "ada@example.com", "p:ss/word"),
        ),
        ("smtp://[::1]:25?tls=none", SmtpServer("::1", 25, TlsMode.NONE)),
    ],
)
def test_an_address_says_where_and_how(text: str, server: SmtpServer) -> None:
    assert parse_smtp_url(text) == server


@pytest.mark.parametrize(
    "text",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtps://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:port",
        "smtp://mail.example.com:99999",
        "smtp://mail.example.com/path",
        "smtp://mail.example.com?tls=maybe",
        "smtp://mail.example.com?TLS=none",
        "smtp://mail.example.com?tls=none&tls=required",
        "smtp://mail.example.com?timeout=3",
        "smtp://mail.example.com?tls",
        "smtp://ada@mail.example.com",
        "smtp://mail.example.com#x",
    ],
)
def test_what_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(BadSmtpUrl):
        parse_smtp_url(text)


def test_the_password_is_told_to_nobody() -> None:
    with pytest.raises(BadSmtpUrl) as refusal:
        parse_smtp_url("smtp://ada:hidden-word@mail.example.com?tls=maybe")

    server = parse_smtp_url("smtp://ada:hidden-word@mail.example.com")
    assert "hidden-word" not in f"{refusal.value} {server!r}"
