"""The demo as a process of its own: started on free ports, asked, stopped or killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import URL, Connection, text

from services.env_file import read_env_file
from tests.system.database import (
    ONE_MINUTE,
    TWO_MINUTES,
    age_readings,
    copy_file,
    database_url,
    open_database,
    type_passwords,
)
from tests.watched_demos import AT_DEBUG, find_leaks

ROOT = Path(__file__).resolve().parent.parent.parent
START_WAIT_S = 60
STOP_WAIT_S = 20
STEP_S = 0.02
IN_USE = "is in use"


class DemoDidNotStart(AssertionError):
    """What the demo printed before it gave up."""


@dataclass
class Demo:
    """One running demo. `env_file_came_first`: demo.env was there before anybody could connect."""

    folder: Path
    port: int
    sandbox_port: int
    process: subprocess.Popen[bytes]
    env_file_came_first: bool = False
    helpers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def database_url(self) -> URL:
        return database_url(self.folder)

    @property
    def environment(self) -> dict[str, str]:
        """What any `flask` command needs to speak to this demo."""
        return clean_environment() | read_env_file(self.folder / "demo.env")

    def control(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Ask the control room of the sandbox."""
        answer = requests.request(
            method, f"{self.sandbox_url}/control/{path}", json=body, timeout=30
        )
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    def calls(self) -> int:
        """Count the API calls since the last reset."""
        total: int = self._quickbooks()["calls"]["total"]
        return total

    def counted(self) -> int:
        """Count the customers that count at the provider."""
        counted: int = self._quickbooks()["customers"]["counted"]
        return counted

    def _quickbooks(self) -> dict[str, Any]:
        found: dict[str, Any] = self.control("GET", "state")["providers"]["quickbooks"]
        return found

    def change(self, **wishes: int) -> None:
        """Let life go on at the provider."""
        self.control("POST", "changes", provider="quickbooks", **wishes)

    def fault(self, kind: str, **wish: Any) -> None:
        """Turn a switch on."""
        self.control("POST", "faults", provider="quickbooks", fault=kind, **wish)

    def clear_faults(self) -> None:
        """Turn all switches off."""
        self.control("DELETE", "faults")

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """Open the demo's own database; what was written is committed at the end."""
        with open_database(self.database_url) as connection:
            yield connection

    def restore_rows(self, prepared: Path) -> None:
        """Bring the rows back to those of the folder this one is a copy of."""
        copy_file(prepared / "demo.db", self.folder / "demo.db")

    def count(self, query: str) -> int:
        """Return the one number that a query on the demo's database gives."""
        with self.database() as connection:
            number: int = connection.execute(text(query)).scalar_one()
        return number

    def age_readings(self, age: timedelta = TWO_MINUTES) -> None:
        """Pretend that every reading ended that long ago."""
        age_readings(self.database_url, age)

    def type_passwords(self, age: timedelta = ONE_MINUTE) -> None:
        """Pretend that everybody who is signed in typed the password that long ago."""
        type_passwords(self.database_url, age)

    def is_reading(self) -> bool:
        return self.count("SELECT count(*) FROM reading WHERE state = 'running'") > 0

    def serve_once_more(self, *, port: int | None = None) -> str:
        """Start a second server process on the same database, at a port or a free one; return its
        address."""
        port = port or free_port()
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
        command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "app:create_app()"]
        server = run_apart(command, self.environment, output=self.folder / "second.out")
        self.helpers.append(server)
        wait_until(lambda: is_open(port) or server.poll() is not None, "a second server")
        assert server.poll() is None, (self.folder / "second.out").read_text()
        return f"http://127.0.0.1:{port}"

    def kill_second(self) -> None:
        """Kill the second server and its worker; neither can tidy up."""
        server = self.helpers.pop()
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(STOP_WAIT_S)

    def stop(self) -> None:
        """End it as Ctrl-C would, and see that nothing is left."""
        for process in (*self.helpers, self.process):
            if process.poll() is None:
                process.terminate()
            process.wait(STOP_WAIT_S)
        self.wait_for_free_ports()

    def leaks(self) -> list[str]:
        """Return what it wrote in the clear that it must keep to itself; it has been stopped."""
        return find_leaks(self.folder, printed_by(self.folder), self.folder / "second.out")

    def kill(self) -> None:
        """Kill the process that started the others."""
        self.process.kill()
        self.process.wait(STOP_WAIT_S)

    def cut_power(self) -> None:
        """Kill all its processes at once; none of them can tidy up."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_WAIT_S)
        self.wait_for_free_ports()

    def wait_for_free_ports(self) -> None:
        wait_until(
            lambda: not is_open(self.port) and not is_open(self.sandbox_port), "the ports are free"
        )


def start_demo(folder: Path, *, again: Demo | None = None, **settings: str) -> Demo:
    """Start the demo in a folder and wait until it accepts connections.

    `again` keeps the ports of an earlier one. A port that somebody else took in the moment
    between choosing and listening is chosen anew.
    """
    for _ in range(3):
        ports = (again.port, again.sandbox_port) if again else (free_port(), free_port())
        at_debug = {"PYTHONPATH": str(AT_DEBUG)}
        demo = Demo(folder, *ports, process=run_demo(folder, *ports, **at_debug | settings))
        try:
            _wait_for_start(demo)
        except DemoDidNotStart as error:
            if again or IN_USE not in str(error):
                raise
        else:
            return demo
    raise DemoDidNotStart("three pairs of free ports were taken before the demo could listen")


def run_demo(
    folder: Path, port: int, sandbox_port: int, **settings: str
) -> subprocess.Popen[bytes]:
    """Start the process and return at once; what it prints goes to a file beside the folder."""
    environment = clean_environment() | {
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        # As under make: the demo ends by itself when these tests are killed.
        "MAKELEVEL": "1",
    }
    command = [sys.executable, "-m", "commands.demo"]
    return run_apart(command, environment | settings, output=printed_by(folder))


def printed_by(folder: Path) -> Path:
    """Return the file that holds what the demo of a folder printed last."""
    return folder.with_name(f"{folder.name}.out")


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    """Tell whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_so: Callable[[], bool], what: str, *, limit_s: float = 15) -> None:
    """Look until it is so; fail with the words when it does not come about in time."""
    give_up_at = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < give_up_at, f"waited {limit_s} s in vain: {what}"
        time.sleep(STEP_S)


def _wait_for_start(demo: Demo) -> None:
    give_up_at = time.monotonic() + START_WAIT_S
    while True:
        was_written = (demo.folder / "demo.env").exists()
        if is_open(demo.port):
            demo.env_file_came_first = was_written
            return
        if demo.process.poll() is not None or time.monotonic() > give_up_at:
            demo.process.kill()
            demo.process.wait()
            raise DemoDidNotStart(printed_by(demo.folder).read_text(encoding="utf-8"))
        time.sleep(STEP_S)


def run_apart(
    command: list[str], environment: Mapping[str, str], *, output: Path
) -> subprocess.Popen[bytes]:
    """Start in a process group of its own, so that all of it can be killed in one moment."""
    with output.open("wb") as file:
        return subprocess.Popen(
            command,
            env=dict(environment),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def clean_environment() -> dict[str, str]:
    """Return our environment without settings that somebody may have exported."""
    ours = ("BLUECLERK_", "PORT", "SANDBOX_", "RESET", "FLASK_", "MAKE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
