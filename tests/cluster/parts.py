"""The parts of a cluster, their processes, and how they are started under the supervisor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.cluster.proxy import proxy_command
from tests.cluster.supervisor import PARTS, PIDS
from tests.system.demo import clean_environment, free_port, run_apart, wait_until
from tests.watched_demos import AT_DEBUG

WEB_PROCESSES = 4
START_WAIT_S = 60
STOP_WAIT_S = 60
WEB, PROXY = "web", "proxy"
WORKERS = ("worker-1", "worker-2")
FLASK = (sys.executable, "-m", "flask", "--app", "app")
WORKER = (*FLASK, "jobs", "worker")
QUICK_WORKER = (sys.executable, "-m", "tests.cluster.quick_worker")


@dataclass
class Parts:
    """What runs in a folder: four web processes and their master, workers, the proxy."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End all parts; they may wait for what runs."""
        self.process.terminate()
        self.process.wait(STOP_WAIT_S)


def part_pid(folder: Path, part: str) -> int:
    """Return the main process of a part; that of the web looks after those that serve."""
    pids: dict[str, int] = json.loads((folder / PIDS).read_text(encoding="utf-8"))
    return pids[part]


def send(folder: Path, part: str, which: signal.Signals) -> None:
    """Send a signal to the main process of a part."""
    os.kill(part_pid(folder, part), which)


def web_processes(folder: Path) -> list[int]:
    """Return those that serve."""
    pid = part_pid(folder, WEB)
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def is_serving(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def start_parts(
    folder: Path,
    settings: Mapping[str, str],
    *,
    port: int,
    worker: Sequence[str] = WORKER,
    workers: Sequence[str] = WORKERS,
    others: Mapping[str, list[str]] | None = None,
) -> Parts:
    """Start all parts with these settings and wait until they serve at `port`."""
    web_port = free_port()
    web = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    web += ["--bind", f"127.0.0.1:{web_port}", "--log-level", "warning", "app:create_app()"]
    commands = {**(others or {}), WEB: web, **{name: list(worker) for name in workers}}
    commands[PROXY] = proxy_command(folder, port=port, web_port=web_port)
    (folder / PARTS).write_text(json.dumps(commands), encoding="utf-8")
    own = {"PYTHONPATH": str(AT_DEBUG), "BLUECLERK_WEB_PROCESSES": str(WEB_PROCESSES)}
    process = run_apart(
        [sys.executable, "-m", "tests.cluster.supervisor", str(folder)],
        clean_environment() | dict(settings) | own,
        output=folder / "supervisor.log",
    )
    parts = Parts(folder, port, process)
    try:
        wait_until(lambda: is_serving(parts.url), "the cluster serves", limit_s=START_WAIT_S)
    except BaseException:
        process.terminate()
        raise
    return parts
