"""Mail servers on this machine: one that behaves as told, and one that only listens."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from services.smtp import SmtpMailer
from services.smtp_url import SmtpServer, TlsMode

ACCEPTED = "250 kept"


@dataclass
class Behaviour:
    """What the server does; `received` holds envelope and bytes of each message it kept."""

    received: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    sender_answer: str = ACCEPTED
    recipient_answers: dict[str, str] = field(default_factory=dict)
    data_answer: str = ACCEPTED
    drops_before_answer: bool = False
    is_silent_after_dot: bool = False


class _Handler:
    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        envelope.mail_from = address
        return self._behaviour.sender_answer

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        answer = self._behaviour.recipient_answers.get(address, ACCEPTED)
        if answer == ACCEPTED:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        if self._behaviour.data_answer == ACCEPTED:
            kept = (envelope.mail_from or "", list(envelope.rcpt_tos), content)
            self._behaviour.received.append(kept)
        if self._behaviour.drops_before_answer and server.transport is not None:
            server.transport.abort()
        if self._behaviour.is_silent_after_dot:
            await asyncio.Event().wait()
        return self._behaviour.data_answer


class MailServer(Controller):
    """Listens on a free port of this machine, in a thread of its own."""

    def __init__(self, behaviour: Behaviour, **options: Any) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        super().__init__(_Handler(behaviour), hostname="127.0.0.1", port=port, **options)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


@contextmanager
def mail_server(behaviour: Behaviour, **options: Any) -> Iterator[SmtpServer]:
    """Serve until the block ends; yields how to reach it."""
    server = MailServer(behaviour, **options)
    server.start()
    try:
        yield SmtpServer("127.0.0.1", server.port, TlsMode.NONE)
    finally:
        server.stop()


@contextmanager
def listener(*answers: bytes) -> Iterator[SmtpServer]:
    """Take connections, say these bytes one per line heard, then nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_each, args=(server, answers), daemon=True)
        thread.start()
        yield SmtpServer("127.0.0.1", server.getsockname()[1], TlsMode.NONE)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _answer_each(server: socket.socket, answers: tuple[bytes, ...]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines:
            for number, answer in enumerate(answers):
                if number:
                    lines.readline()
                connection.sendall(answer)
            lines.read()


@contextmanager
def dribbler(
    *answers: bytes, drip: bytes, tls: ssl.SSLContext | None = None
) -> Iterator[SmtpServer]:
    """Say these bytes one per line heard, then this one again and again, for three seconds.

    Where there is a context, the third answer is the last one in the clear.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = (server, answers, drip, tls)
        thread = threading.Thread(target=_dribble, args=arguments, daemon=True)
        thread.start()
        yield SmtpServer("127.0.0.1", server.getsockname()[1], TlsMode.NONE)
        thread.join()


def _dribble(
    server: socket.socket, answers: tuple[bytes, ...], drip: bytes, tls: ssl.SSLContext | None
) -> None:
    connection, _ = server.accept()
    try:
        for number, answer in enumerate(answers):
            if number:
                connection.recv(100_000)
            connection.sendall(answer)
            if tls is not None and number == 2:
                connection = tls.wrap_socket(connection, server_side=True)
        for _ in range(60):
            connection.sendall(drip)
            time.sleep(0.05)
    except OSError:  # whoever listened has gone, and that is what the test wants
        pass
    finally:
        connection.close()


def refuse_password(*_args: Any) -> AuthResult:
    return AuthResult(success=False, handled=False, message="535 5.7.8 not you")


def impatient(server: SmtpServer) -> SmtpMailer:
    """A mailer that waits a quarter of a second where the real one waits minutes."""
    return SmtpMailer(
        server, own_name="example.com", command_timeout_s=0.25, final_dot_timeout_s=0.25
    )
