"""gunicorn as our server runs it, and one browser that keeps its connection open."""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

START_LIMIT_S = 30.0
EMAIL, PASSWORD = "ada@example.com", "benchmark-password"


@contextmanager
def serving(
    app: str, environ: Mapping[str, str], *, threads: int = 8
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Serve `module:app` with one process of threads; yield its port and the master."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", "1"),
        *("--threads", str(threads), "--keep-alive", "60", "--bind", f"127.0.0.1:{port}"),
        *("--config", "python:benchmarks", "--no-control-socket", "--log-level", "error", app),
    ]
    process = subprocess.Popen(command, env=os.environ | dict(environ))
    try:
        _wait_for(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_LIMIT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with Browser(port) as browser:
                browser.ask("/healthz")
                return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError("the server did not start")


class Browser:
    """One connection that stays open, and the cookies that came over it."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookie = cookie

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    @property
    def cookie(self) -> str:
        return self._cookie

    def ask(
        self,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Return status and body. Raises OSError where nobody listens."""
        sent = {"Cookie": self._cookie} | dict(headers or {})
        body = None
        if form is not None:
            body, sent["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        self._connection.request("GET" if form is None else "POST", path, body, sent)
        answer = self._connection.getresponse()
        content = answer.read()
        for line in answer.headers.get_all("Set-Cookie", []):
            found = SimpleCookie(line)
            self._cookie = "; ".join(f"{name}={one.value}" for name, one in found.items())
        return answer.status, content

    def sign_in(self) -> Browser:
        """Sign in as the admin of the benchmarks."""
        page = self.ask("/login")[1].decode()
        token = page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
        form = {"email": EMAIL, "password": PASSWORD, "csrf_token": token}
        assert self.ask("/login", form=form)[0] in (302, 303)
        return self

    def getting(self, path: str, headers: Mapping[str, str] | None = None) -> Callable[[], bytes]:
        """Return a way that asks for the whole page and fails where it is not given."""

        def get() -> bytes:
            status, content = self.ask(path, headers=headers)
            assert status == 200, f"{path}: {status}"
            return content

        return get


def latencies_ms(way: Callable[[], object], *, count: int, pause_s: float = 0.0) -> list[float]:
    """Ask so many times, one after the other."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        way()
        times.append((time.perf_counter() - started) * 1000)
        time.sleep(pause_s)
    return times


def p99(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def worker_of(master: subprocess.Popen[bytes]) -> int:
    """Return the process that serves, where the master has one."""
    children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text(encoding="ascii")
    return int(children.split()[0])


def memory_mb(process_id: int) -> float:
    """Return what the process holds now."""
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
