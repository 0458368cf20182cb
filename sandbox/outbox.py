"""The mail server of the sandbox: takes every message and delivers none."""

import email.policy
import json
import socket
from asyncio import AbstractServer
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.clock import Clock
from sandbox.store import Store

KEPT_MAILS = 500
TABLE = (
    "CREATE TABLE IF NOT EXISTS mails (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " received_at TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL,"
    " message BLOB NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One received message, decoded. `sender` and `recipients` are those of the envelope."""

    number: int
    received_at: datetime
    sender: str
    recipients: list[str]
    subject: str
    headers: list[tuple[str, str]]
    text: str | None
    html: str | None

    def as_json(self) -> dict[str, object]:
        """Describe the mail for the control room."""
        return {
            "number": self.number,
            "received_at": self.received_at.isoformat(),
            "from": self.sender,
            "to": self.recipients,
            "subject": self.subject,
            "headers": [list(header) for header in self.headers],
            "text": self.text,
            "html": self.html,
        }


class Outbox:
    """The last mails, oldest first; the oldest make room for new ones."""

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(TABLE)
        self._store = store
        self._clock = clock

    def add(self, sender: str, recipients: list[str], message: bytes) -> None:
        """Keep one message."""
        with self._store.transaction():
            number = self._store.run(
                "INSERT INTO mails (received_at, sender, recipients, message) VALUES (?, ?, ?, ?)",
                [self._clock().isoformat(), sender, json.dumps(recipients), message],
            )
            self._store.run("DELETE FROM mails WHERE number <= ?", [number - KEPT_MAILS])

    def mails(self) -> list[Mail]:
        """Return all mails, decoded."""
        return [_decode(row) for row in self._store.rows(f"{_COLUMNS} ORDER BY number")]

    def count(self) -> int:
        """Return how many mails there are."""
        return int(str(self._store.rows("SELECT COUNT(*) FROM mails")[0][0]))

    def mail(self, number: int) -> Mail | None:
        """Return one mail."""
        rows = self._store.rows(f"{_COLUMNS} WHERE number = ?", [number])
        return _decode(rows[0]) if rows else None

    def clear(self) -> None:
        """Throw all mails away."""
        self._store.run("DELETE FROM mails")


_COLUMNS = "SELECT number, received_at, sender, recipients, message FROM mails"


def _decode(row: tuple[object, ...]) -> Mail:
    number, received_at, sender, recipients, message = row
    raw = message if isinstance(message, bytes) else b""
    parsed = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(raw)
    return Mail(
        number=int(str(number)),
        received_at=datetime.fromisoformat(str(received_at)),
        sender=str(sender),
        recipients=json.loads(str(recipients)),
        subject=str(parsed.get("Subject", "")),
        headers=[(name, str(value)) for name, value in parsed.items()],
        text=_part(parsed, "plain"),
        html=_part(parsed, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    content = part.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


class _Receiver:
    """What the SMTP server calls for each message."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content or b""
        message = content.encode() if isinstance(content, str) else content
        self._outbox.add(envelope.mail_from or "", list(envelope.rcpt_tos), message)
        return "250 OK: kept in the sandbox"


class MailServer(Controller):
    """Listens on loopback in a thread of its own. Port 0 takes a free one; see `port`."""

    def __init__(self, outbox: Outbox, host: str, port: int) -> None:
        self._listener = socket.create_server((host, port))
        super().__init__(_Receiver(outbox), hostname=host, port=self._listener.getsockname()[1])

    def _create_server(self) -> Awaitable[AbstractServer]:
        """Use the socket bound already, so that port 0 works and no port is lost in between."""
        return self.loop.create_server(self._factory_invoker, sock=self._listener)
