"""Read the one setting that says where mail goes out; pure, and shared with the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

EXAMPLE = "smtp://user:password@mail.example.com:587?tls=required"


class TlsMode(StrEnum):
    """NONE speaks in the clear, STARTTLS encrypts where it is offered, REQUIRED insists."""

    NONE = "none"
    STARTTLS = "starttls"
    REQUIRED = "required"


class BadSmtpUrl(ValueError):
    """The address cannot be used; the message says why and never repeats the password."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server and how to speak to it; `user` is empty where nobody signs in."""

    host: str
    port: int
    tls: TlsMode
    user: str = ""
    password: str = field(default="", repr=False)


def parse_smtp_url(text: str) -> SmtpServer:
    """Return the server of an address such as smtp://user:password@host:587?tls=required.

    Without `tls` it is required; without a port it is 587, or 25 where nothing is encrypted.
    Raises BadSmtpUrl.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        options = parse_qsl(parts.query, strict_parsing=bool(parts.query), keep_blank_values=True)
    except ValueError as error:
        raise BadSmtpUrl(f"it must be an address such as {EXAMPLE}") from error
    if parts.scheme != "smtp" or not host or parts.path not in ("", "/") or parts.fragment:
        raise BadSmtpUrl(f"it must be an address such as {EXAMPLE}")
    if (parts.username is None) != (parts.password is None):
        raise BadSmtpUrl("user and password go together")
    tls = _tls(options)
    return SmtpServer(
        host=host,
        port=port or (25 if tls is TlsMode.NONE else 587),
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _tls(options: list[tuple[str, str]]) -> TlsMode:
    if any(name != "tls" for name, _ in options) or len(options) > 1:
        raise BadSmtpUrl("after the question mark only tls=none, starttls or required may stand")
    try:
        return TlsMode(options[0][1]) if options else TlsMode.REQUIRED
    except ValueError as error:
        raise BadSmtpUrl("tls must be none, starttls or required") from error
