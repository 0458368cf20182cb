"""Keep a conversation with a mail server within limits of time, however its answers dribble in.

A socket's timeout begins anew with every byte that arrives: a server that says a little every
few seconds, or never ends its answer, would hold whoever reads for ever.
"""

from __future__ import annotations

import smtplib
import socket
import time
from typing import Any

#: More than any extension list needs.
REPLY_LINES = 200
#: A TLS record: what is larger is sent in several, each with a time limit of its own.
SLICE_BYTES = 16_384


class Conversation(smtplib.SMTP):
    """smtplib's commands, each with its answer within `command_s`, and together within `total_s`.

    Connecting, the greeting and the handshake of TLS are bound as well. Who is out of time gets
    a TimeoutError, or the SMTPServerDisconnected that smtplib makes of it.
    """

    def __init__(
        self, host: str, port: int, *, own_name: str, command_s: float, total_s: float
    ) -> None:
        self._command_s = command_s
        self._ends_at_s = time.monotonic() + total_s
        self._command_ends_at_s = self._ends_at_s
        super().__init__(host, port, local_hostname=own_name, timeout=command_s)

    def allow_last(self, command_s: float) -> None:
        """Give the next command this time, whatever was used before."""
        self._command_s = command_s
        self._ends_at_s = time.monotonic() + command_s

    def left_s(self) -> float:
        """Return how much time the command under way has left. Raises TimeoutError."""
        left_s = self._command_ends_at_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the mail server did not answer in time")
        return left_s

    def send(self, s: Any) -> None:
        """Send a command or the message; the time for its answer begins."""
        self._begin()
        content = s.encode(self.command_encoding) if isinstance(s, str) else s
        for start in range(0, len(content), SLICE_BYTES):
            if self.sock is not None:
                self.sock.settimeout(self.left_s())
            super().send(content[start : start + SLICE_BYTES])

    def getreply(self) -> tuple[int, bytes]:
        """Read one whole answer in what is left of the command's time."""
        if self.file is None:
            self.file = _Lines(self)
        self.file.begin_reply()
        return super().getreply()

    def _begin(self) -> None:
        self._command_ends_at_s = min(time.monotonic() + self._command_s, self._ends_at_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connect to one of the host's addresses, all of them within the time of one command."""
        self._begin()
        trouble: OSError = OSError("the name has no address")
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                return socket.create_connection((str(address[0]), port), self.left_s())
            except OSError as error:
                trouble = error
        raise trouble


class _Lines:
    """What smtplib reads its answers from."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._heard = bytearray()
        self._line_count = 0

    def begin_reply(self) -> None:
        self._line_count = 0

    def readline(self, limit: int) -> bytes:
        """Return the next line, or as much of it as the limit, the time or the server allows."""
        self._line_count += 1
        if self._line_count > REPLY_LINES:
            raise TimeoutError("the mail server's answer has no end")
        while b"\n" not in self._heard and len(self._heard) < limit:
            received = self._receive()
            if not received:
                break
            self._heard += received
        end = min(self._heard.find(b"\n") + 1 or len(self._heard), limit)
        line = bytes(self._heard[:end])
        del self._heard[:end]
        return line

    def close(self) -> None:
        self._heard.clear()

    def _receive(self) -> bytes:
        connection = self._conversation.sock
        if connection is None:
            return b""
        connection.settimeout(self._conversation.left_s())
        return connection.recv(4096)
