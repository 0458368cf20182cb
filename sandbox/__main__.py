"""Run the sandbox: `python -m sandbox`."""

import argparse
import errno
import os
import signal
import socket
import sys
from contextlib import closing, suppress
from pathlib import Path
from types import FrameType

from flask import Flask

from sandbox.app import create_app
from sandbox.gate import is_loopback
from sandbox.outbox import MailServer
from sandbox.server import Server
from sandbox.world import the_world

WAITING_CONNECTIONS = 128


def main(arguments: list[str] | None = None) -> int:
    """Listen, say where, serve until told to stop; return the exit code."""
    wishes = _read_arguments(arguments)
    if not is_loopback(wishes.host):
        return _fail(f"The sandbox only listens on this machine, not on {wishes.host}.")
    try:
        listener = _listen(wishes.host, wishes.port)
    except OSError as error:
        return _fail(_why_not(error, wishes.host, wishes.port))
    app = create_app(wishes.state)
    try:
        mail_server = MailServer(the_world(app).outbox, wishes.host, wishes.smtp_port)
    except OSError as error:
        return _fail(_why_not(error, wishes.host, wishes.smtp_port))
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _stop)
    with suppress(KeyboardInterrupt), closing(the_world(app).store):
        _serve(app, listener, mail_server, wishes.ready_file)
    return 0


def _read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=5001, help="0 takes a free one")
    parser.add_argument("--smtp-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, help="file that keeps everything over restarts")
    parser.add_argument("--ready-file", type=Path, help="written once everything listens")
    return parser.parse_args(arguments)


def _serve(
    app: Flask, listener: socket.socket, mail_server: MailServer, ready: Path | None
) -> None:
    host, port = listener.getsockname()[:2]
    mail_server.start()
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if ready is not None:
        _write_atomically(ready, f"SANDBOX_URL={url}\nSANDBOX_SMTP_PORT={mail_server.port}\n")
    sys.stdout.write(f"Sandbox ready at {url} · mail at {host}:{mail_server.port}\n")
    sys.stdout.flush()
    try:
        Server(app, listener).serve_forever()
    finally:
        mail_server.stop()


def _stop(number: int, frame: FrameType | None) -> None:
    """Leave as Ctrl-C would; later signals do not disturb the tidying up."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=WAITING_CONNECTIONS)


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use by another program; choose another one."
    return f"The sandbox cannot listen on {host}, port {port}: {error.strerror or error}."


def _fail(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
