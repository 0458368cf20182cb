"""A small threaded HTTP server that keeps connections open, as the real providers do.

Werkzeug's own server closes after every answer, and waits a moment before it does; with it no
test could show how a client behaves on a kept connection.
"""

import io
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.test import run_wsgi_app

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
        chunks, status, headers = run_wsgi_app(self.server.app, self._environ(body), buffered=True)
        content = b"".join(chunks)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value)
        if int(code) not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

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
