"""A loopback server that sends raw bytes, for trouble below the level of HTTP."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Callable
from threading import Event, Thread

#: One connection of the raw server, scripted: it gets the socket after the request was read.
Script = Callable[[socket.socket], None]


class RawServer:
    """A loopback server that answers each connection by its script, the last one repeated."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._connections = 0
        self._threads = [Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> RawServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self._connections, len(self._scripts) - 1)]
            self._connections += 1
            thread = Thread(target=self._serve, args=(connected, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connected: socket.socket, script: Script) -> None:
        with connected:
            connected.settimeout(5)
            try:
                self.requests.append(read_request(connected))
                script(connected)
            except OSError:
                return


def read_request(connected: socket.socket) -> bytes:
    """Read one request with its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connected)
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head, re.IGNORECASE)
    while length and len(body) < int(length[1]):
        body += _more(connected)
    return head + b"\r\n\r\n" + body


def _more(connected: socket.socket) -> bytes:
    chunk = connected.recv(65_536)
    if not chunk:
        raise OSError("the client hung up")
    return chunk


def answering(
    body: bytes, *, headers: str = "", length: int | None = None, status: str = "200 OK"
) -> Script:
    """Make a script that sends one answer and hangs up; `length` may lie."""
    declared = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Length: {declared}\r\n{headers}\r\n".encode()
    return lambda connected: connected.sendall(head + body)


def sending(content: bytes) -> Script:
    """Make a script that sends bytes as they are and hangs up."""
    return lambda connected: connected.sendall(content)


def dripping(start: bytes, *, every_s: float = 0.02) -> Script:
    """Make a script that sends one more byte now and then, for ever."""

    def drip(connected: socket.socket) -> None:
        connected.sendall(start)
        pause = Event()
        while not pause.wait(every_s):
            connected.sendall(b"x")

    return drip


def resetting(start: bytes) -> Script:
    """Make a script that sends something and then resets the connection."""

    def reset(connected: socket.socket) -> None:
        connected.sendall(start)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return reset
