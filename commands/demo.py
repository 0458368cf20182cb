"""Run the demo: the sandbox and the server, prepared, until Ctrl-C. `python -m commands.demo`."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from config import (
    PROJECT_FOLDER,
    PROVIDER_PREFIXES,
    Environment,
    SettingsError,
    new_keys,
)
from services.env_file import read_env_file, write_env_file

INSTANCE_FOLDER = Path(
    os.environ.get("BLUECLERK_INSTANCE_FOLDER") or PROJECT_FOLDER / "instance"
).resolve()
ENV_FILE = INSTANCE_FOLDER / "demo.env"
PREPARED_FILE = INSTANCE_FOLDER / "demo.prepared"
READY_FILE = INSTANCE_FOLDER / "sandbox.env"
SANDBOX_WAIT_S = 60
STOP_WAIT_S = 10
WATCH_STEP_S = 0.5
SET_PARENT_DEATH_SIGNAL = 1


class DemoRefused(Exception):
    """The demo cannot start; the message says why and what to do."""


def main() -> int:
    """Prepare and serve until a signal comes or a part of the demo ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    processes: list[subprocess.Popen[bytes]] = []
    try:
        return _run(processes)
    except (DemoRefused, SettingsError) as error:
        print(f"The demo did not start: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(processes)


def _run(processes: list[subprocess.Popen[bytes]]) -> int:
    if os.environ.get("BLUECLERK_ENV") == Environment.PRODUCTION.value:
        raise DemoRefused("BLUECLERK_ENV is production. The demo's password is public.")
    port = _port("PORT", 5000)
    INSTANCE_FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.environ.get("RESET") == "1" or not PREPARED_FILE.exists():
        _start_over()
    _refuse_taken(port, "PORT")
    processes.append(_start_sandbox())
    sandbox = _wait_for_sandbox(processes[0])
    environment = _write_env_file(port, sandbox)
    _prepare(environment)
    processes.append(_start_server(port, environment))
    _announce(port, sandbox["SANDBOX_URL"])
    return _watch(processes)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or int(text) > 65535:
        raise DemoRefused(f"{name} is {text!r}; it must be a port number.")
    return int(text)


def _refuse_taken(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoRefused(
                f"port {port} is in use. Choose another one: {name}={port + 10} make demo"
            ) from error


def _start_over() -> None:
    """Remove what an earlier or half-prepared demo has left; never the real database."""
    for path in INSTANCE_FOLDER.glob("demo.*"):
        path.unlink()
    for path in INSTANCE_FOLDER.glob("sandbox.*"):
        path.unlink()


def _start_sandbox() -> subprocess.Popen[bytes]:
    port = _port("SANDBOX_PORT", 5001)
    _refuse_taken(port, "SANDBOX_PORT")
    READY_FILE.unlink(missing_ok=True)
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    command += ["--smtp-port", str(_port("SANDBOX_SMTP_PORT", 0))]
    command += ["--state", str(INSTANCE_FOLDER / "sandbox.db"), "--ready-file", str(READY_FILE)]
    return _start(command, os.environ)


def _wait_for_sandbox(process: subprocess.Popen[bytes]) -> dict[str, str]:
    give_up_at = time.monotonic() + SANDBOX_WAIT_S
    while not READY_FILE.exists():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise DemoRefused("the sandbox did not start; its own message stands above.")
        time.sleep(0.05)
    return read_env_file(READY_FILE)


def _write_env_file(port: int, sandbox: Mapping[str, str]) -> dict[str, str]:
    """Write what any `flask` command needs to speak to the demo; keys stay as they were."""
    values = new_keys() | (read_env_file(ENV_FILE) if ENV_FILE.exists() else {})
    values |= {
        "BLUECLERK_ENV": Environment.DEMO.value,
        "BLUECLERK_INSTANCE_FOLDER": str(INSTANCE_FOLDER),
        "BLUECLERK_DATABASE_URL": "sqlite:///demo.db",
        "BLUECLERK_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "BLUECLERK_SANDBOX_URL": sandbox["SANDBOX_URL"],
        **_client_settings(),
        "BLUECLERK_SMTP_URL": f"smtp://127.0.0.1:{sandbox['SANDBOX_SMTP_PORT']}?tls=none",
        "BLUECLERK_MAIL_FROM": "blueclerk@example.com",
    }
    write_env_file(ENV_FILE, values)
    return values


def _client_settings() -> dict[str, str]:
    """Return the apps under which the sandbox knows us, for every provider."""
    return {
        f"BLUECLERK_{name}_CLIENT_{part}": f"sandbox-{name.lower()}-{value}"
        for name in PROVIDER_PREFIXES
        for part, value in (("ID", "client"), ("SECRET", "secret"))
    }


def _prepare(environment: Mapping[str, str]) -> None:
    """Migrate and, the first time, fill; a preparation killed half-way starts over next time."""
    os.environ.update(environment)
    from flask_migrate import upgrade

    from app import create_app
    from commands.demo_data import fill

    app = create_app()
    with app.app_context():
        upgrade()
        if not PREPARED_FILE.exists():
            fill(app.extensions["runtime"])
    PREPARED_FILE.touch(mode=0o600)


def _start_server(port: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "app:create_app()"]
    return _start(command, {**os.environ, **environment})


def _start(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  (our own command)
        command, env=dict(environment), cwd=PROJECT_FOLDER, preexec_fn=_die_with_parent
    )


def _die_with_parent() -> None:
    """Ask Linux to stop this child when the demo is killed, so that no port stays taken."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _announce(port: int, sandbox_url: str) -> None:
    lines = (
        "",
        f"  BlueClerk   http://127.0.0.1:{port}",
        "  E-mail      ada@example.com",
        "  Password    demo-password",
        f"  Sandbox     {sandbox_url}/",
        "",
        "  Ctrl-C stops everything and keeps the data; RESET=1 make demo starts over.",
    )
    print("\n".join(lines), flush=True)  # noqa: T201


def _watch(processes: list[subprocess.Popen[bytes]]) -> int:
    """Return when a part of the demo ends, or whoever started the demo is gone."""
    parent = os.getppid()
    started_by_make = "MAKELEVEL" in os.environ
    while all(process.poll() is None for process in processes):
        if started_by_make and os.getppid() != parent:
            return 1
        time.sleep(WATCH_STEP_S)
    return 1


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in reversed(processes):
        process.terminate()
    for process in reversed(processes):
        try:
            process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
