"""A small threaded HTTP server that keeps connections open, as the real providers do.

Werkzeug's own server closes after every answer, and waits a moment before it does; with it no
test could show how a client behaves on a kept connection.
"""

import io
import socket
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from sandbox.delivery import ENVIRON_KEY, Cut, Delivery

LARGEST_REQUEST_BYTES = 2_000_000
IDLE_CONNECTION_S = 120


class Server(ThreadingHTTPServer):
    """Serves one app on a socket that listens already; a thread per connection."""

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        super().__init__(listener.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.app = app

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about connections that broke, and only about these."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """Reads a request to its end, lets the app answer, and is ready for the next one."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_CONNECTION_S
    # Answer and next request follow each other closely; nothing may wait for acknowledgements.
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Any:
        # http.server looks for a method named after the verb; the app knows which it takes.
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def version_string(self) -> str:
        """Name the program, not its versions."""
        return "sandbox"

    def log_message(self, format: str, *arguments: object) -> None:
        """Write no log lines: addresses hold codes and names."""

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            self._refuse(411)
        elif int(length) > LARGEST_REQUEST_BYTES:
            self._refuse(413)
        else:
            self._run(self.rfile.read(int(length)))

    def _refuse(self, status: int) -> None:
        """Refuse unread, and close, because the rest of the request is still on its way."""
        self.close_connection = True
        self.send_error(status)

    def _run(self, body: bytes) -> None:
        delivery = Delivery()
        environ = self._environ(body) | {ENVIRON_KEY: delivery}
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        content = b"".join(chunks)
        if delivery.cut is not None:
            self._break_off(delivery, status, headers, content)
            return
        self._send_head(status, headers, _framing(status, content))
        self._send_content(content, delivery)

    def _send_head(self, status: str, headers: Headers, framing: dict[str, str]) -> None:
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        self.send_header("Server", self.version_string())
        if "Date" not in headers:
            self.send_header("Date", self.date_time_string())
        for name, value in headers:
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value)
        for name, value in framing.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_content(self, content: bytes, delivery: Delivery) -> None:
        if self.command == "HEAD":
            return
        size = delivery.chunk_bytes if delivery.pause_s else max(1, len(content))
        for place in range(0, len(content), size):
            self.wfile.write(content[place : place + size])
            time.sleep(delivery.pause_s)

    def _break_off(self, delivery: Delivery, status: str, headers: Headers, content: bytes) -> None:
        """Send a part of the answer and end the connection in the way that was asked for."""
        part = content[: delivery.after_bytes]
        self.close_connection = True
        if delivery.cut is Cut.UNANSWERED:
            part = b""
        elif delivery.cut is Cut.STATUS_LINE:
            self.wfile.write(b"\x16\x03 this is no HTTP\r\n\r\n")
        elif delivery.cut is Cut.CHUNKED:
            self._send_head(status, headers, {"Transfer-Encoding": "chunked"})
            part = b"%x\r\n%s" % (max(len(content), len(part) + 1), part)
        elif delivery.cut is Cut.NO_LENGTH:
            self._send_head(status, headers, {"Connection": "close"})
            part = content[: min(len(part), len(content) // 2)]
        else:
            promised = max(len(content), len(part) + 1)
            self._send_head(status, headers, {"Content-Length": str(promised)})
        self._send_content(part, delivery)
        if delivery.cut is Cut.RESET:
            # Without lingering, closing sends RST instead of FIN.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            if "_" not in name:
                environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ


def _framing(status: str, content: bytes) -> dict[str, str]:
    has_content = not status.startswith(("204", "304"))
    return {"Content-Length": str(len(content))} if has_content else {}
