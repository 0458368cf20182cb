"""The production server as a process of its own, nginx before it, and clients that never rest."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.system.demo import ROOT, free_port, is_open, wait_until

PATIENCE_S = 60
CLIENT_PATIENCE_S = 90
CLIENTS = 4
PAUSE_S = 0.005
FIRST_HANDED_OVER = 3
SNIPPET = ROOT / "deploy" / "nginx.conf"
Connect = Callable[[], http.client.HTTPConnection]


@dataclass
class Server:
    """A running gunicorn with our configuration."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def reload(self) -> None:
        """Send SIGHUP, and wait until only the new processes are left and answer."""
        before = self.ended()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.ended() > before, "the old process ends", limit_s=PATIENCE_S)
        client = connect_plainly(self.port)
        client.request("GET", "/healthz")
        assert client.getresponse().status == 200
        client.close()

    def ended(self) -> int:
        """Count the processes that have served and ended."""
        return self.log.read_text(encoding="utf-8").count("Worker exiting")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def server_environment(folder: Path, database_path: Path, **settings: str) -> dict[str, str]:
    """The settings of a server in development, and nothing of whoever runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "BLUECLERK_DATABASE_URL": f"sqlite:///{database_path}",
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        **{f"BLUECLERK_{name}": value for name, value in settings.items()},
    }


def start_server(
    environment: Mapping[str, str], log: Path, *, listener: socket.socket | None = None
) -> Server:
    """Start the server at a free port, or on a socket that is handed over as systemd does it."""
    port = free_port() if listener is None else listener.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            # The process must name itself as the one that is meant.
            ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command, "app:create_app()"],
            cwd=ROOT,
            env={
                **environment,
                "BLUECLERK_BIND": f"127.0.0.1:{port}",
                "LISTEN_FDS": "0" if listener is None else "1",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            close_fds=listener is None,
            preexec_fn=None if listener is None else lambda: _hand_over(listener),
        )
    wait_until(lambda: is_open(port), "the server listens", limit_s=PATIENCE_S)
    return Server(process, port, log)


def _hand_over(listener: socket.socket) -> None:
    os.dup2(listener.fileno(), FIRST_HANDED_OVER)


@contextmanager
def nginx_before(server_port: int, folder: Path) -> Iterator[int]:
    """Run nginx with the snippet of deploy/ in front of a server; yield its https port."""
    port = free_port()
    make_certificate(folder)
    configuration = folder / "nginx.conf"
    configuration.write_text(nginx_configuration(folder, port=port, server_port=server_port))
    process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(configuration)])
    try:
        wait_until(lambda: is_open(port), "nginx listens", limit_s=PATIENCE_S)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def nginx_configuration(folder: Path, *, port: int, server_port: int) -> str:
    """Return the snippet in the frame of a whole configuration, with ports and files of a test."""
    snippet = SNIPPET.read_text(encoding="utf-8")
    for named, ours in (
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        ("listen [::]:80;", ""),
        ("listen [::]:443 ssl http2;", ""),
        ("127.0.0.1:8000", f"127.0.0.1:{server_port}"),
        ("/etc/letsencrypt/live/clerk.example.com", str(folder)),
    ):
        assert named in snippet
        snippet = snippet.replace(named, ours)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log {folder}/access.log;\n{places}{snippet}}}\n"
    )


def make_certificate(folder: Path) -> None:
    """Make a certificate that nobody trusts, where the snippet looks for one."""
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2"]
    command += ["-keyout", "privkey.pem", "-out", "fullchain.pem", "-subj", "/CN=127.0.0.1"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE_S)


def connect_plainly(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=CLIENT_PATIENCE_S)


def connect_by_https(port: int) -> http.client.HTTPConnection:
    """Connect to whoever answers with a certificate of a test."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(
        "127.0.0.1", port, timeout=CLIENT_PATIENCE_S, context=context
    )


@dataclass
class Clients:
    """Threads that ask all the time, each over one connection for as long as it is kept."""

    connect: Connect
    answers: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    _ending: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Let half of them ask for a page, and half send a form, which is refused with 400."""
        asks = [("GET", "/login"), ("POST", "/login")] * (CLIENTS // 2)
        threads = [threading.Thread(target=self._ask, args=ask) for ask in asks]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ending.set()
            for thread in threads:
                thread.join(CLIENT_PATIENCE_S)

    def _ask(self, method: str, path: str) -> None:
        client = self.connect()
        while not self._ending.wait(PAUSE_S):
            try:
                client.request(method, path, body=b"email=ada" if method == "POST" else None)
                answer = client.getresponse()
                answer.read()
                self._note(f"{method} {answer.status}", is_kept=not answer.will_close)
            except (OSError, http.client.HTTPException) as error:
                self._note(f"{method} {type(error).__name__}")
                client.close()
        client.close()

    def _note(self, what: str, *, is_kept: bool = False) -> None:
        with _counting:
            self.answers[what] += 1
            self.kept += is_kept


_counting = threading.Lock()
