"""A prepared demo, run as a service: its rows on PostgreSQL, its parts under a supervisor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import requests
from sqlalchemy import URL, make_url, select

from models import Heartbeat
from services.env_file import read_env_file, write_env_file
from services.heartbeat import TICK
from services.runtime import utc_now
from tests.cluster.proxy import proxy_command
from tests.cluster.rows import clear_rows, copy_rows, keep_rows, put_back
from tests.cluster.supervisor import PARTS, PIDS
from tests.postgresql import PostgresqlServer
from tests.system.demo import (
    ROOT,
    Demo,
    clean_environment,
    free_port,
    is_open,
    run_apart,
    wait_until,
)
from tests.watched_demos import AT_DEBUG, find_leaks

WEB_PROCESSES = 4
START_WAIT_S = 60
STOP_WAIT_S = 60
WEB, PROXY, SANDBOX = "web", "proxy", "sandbox"
WORKERS = ("worker-1", "worker-2")


@dataclass
class Cluster(Demo):
    """A demo whose `process` is the supervisor and whose `port` is that of the proxy."""

    def pid(self, part: str) -> int:
        """Return the process of a part; that of the web is the one that looks after the others."""
        pids: dict[str, int] = json.loads((self.folder / PIDS).read_text(encoding="utf-8"))
        return pids[part]

    def web_processes(self) -> list[int]:
        """Return those that serve."""
        return children_of(self.pid(WEB))

    def signal(self, part: str, which: signal.Signals) -> None:
        os.kill(self.pid(part), which)

    def is_serving(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def restore_rows(self, _prepared: Path) -> None:
        """Bring the rows back to those that were copied at the start."""
        put_back(self.database_url)

    def stop(self) -> None:
        """End all parts; they may wait for what runs."""
        for process in (*self.helpers, self.process):
            process.terminate()
            process.wait(STOP_WAIT_S)
        self.wait_for_free_ports()

    def leaks(self) -> list[str]:
        """Return what it wrote in the clear; its rows are looked through as those of a file."""
        kept = self.folder / "demo.db"
        file = make_url(f"sqlite:///{kept}")
        clear_rows(file)
        copy_rows(self.database_url, file)
        return find_leaks(self.folder, *self.folder.glob("*.log"), self.folder / "second.out")


def start_cluster(folder: Path, server: PostgresqlServer, **settings: str) -> Cluster:
    """Start all parts in the folder of a prepared demo and wait until they work."""
    began_at = utc_now()
    url = server.create()
    ports = {name: free_port() for name in (WEB, PROXY, SANDBOX, "mail")}
    _write_settings(folder, url, ports)
    _fill(folder, url)
    (folder / PARTS).write_text(json.dumps(_parts(folder, ports)), encoding="utf-8")
    environment = clean_environment() | read_env_file(folder / "demo.env")
    at_debug = {"PYTHONPATH": str(AT_DEBUG), "BLUECLERK_WEB_PROCESSES": str(WEB_PROCESSES)}
    process = run_apart(
        [sys.executable, "-m", "tests.cluster.supervisor", str(folder)],
        environment | at_debug | settings,
        output=folder / "supervisor.log",
    )
    cluster = Cluster(folder, ports[PROXY], ports[SANDBOX], process=process)
    try:
        wait_until(cluster.is_serving, "the cluster serves", limit_s=START_WAIT_S)
        wait_until(lambda: is_open(cluster.sandbox_port), "the sandbox listens")
        wait_until(lambda: _has_beaten(cluster, began_at), "a worker beats", limit_s=START_WAIT_S)
    except BaseException:
        process.terminate()
        raise
    return cluster


def children_of(pid: int) -> list[int]:
    """Return the processes that one has started and that live."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def _write_settings(folder: Path, url: URL, ports: dict[str, int]) -> None:
    values = read_env_file(folder / "demo.env") | {
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        "BLUECLERK_DATABASE_URL": url.render_as_string(hide_password=False),
        "BLUECLERK_PUBLIC_BASE_URL": f"http://127.0.0.1:{ports[PROXY]}",
        "BLUECLERK_SANDBOX_URL": f"http://127.0.0.1:{ports[SANDBOX]}",
        "BLUECLERK_SMTP_URL": f"smtp://127.0.0.1:{ports['mail']}?tls=none",
        "BLUECLERK_PROXY_COUNT": "1",
        "BLUECLERK_JOBS_ENGINE": "procrastinate",
    }
    write_env_file(folder / "demo.env", values)


def _fill(folder: Path, url: URL) -> None:
    """Make the tables as an operator does, and bring the prepared rows."""
    environment = clean_environment() | read_env_file(folder / "demo.env")
    subprocess.run([*_flask(), "db", "upgrade"], cwd=ROOT, env=environment, check=True)
    copy_rows(make_url(f"sqlite:///{folder / 'demo.db'}"), url)
    keep_rows(url)


def _parts(folder: Path, ports: dict[str, int]) -> dict[str, list[str]]:
    sandbox = [sys.executable, "-m", "sandbox", "--port", str(ports[SANDBOX])]
    sandbox += ["--smtp-port", str(ports["mail"]), "--state", str(folder / "sandbox.db")]
    web = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    web += ["--workers", str(WEB_PROCESSES), "--bind", f"127.0.0.1:{ports[WEB]}"]
    web += ["--log-level", "warning", "app:create_app()"]
    parts = {SANDBOX: sandbox, WEB: web}
    parts |= {name: [*_flask(), "jobs", "worker"] for name in WORKERS}
    return parts | {PROXY: proxy_command(folder, port=ports[PROXY], web_port=ports[WEB])}


def _flask() -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "app"]


def _has_beaten(cluster: Cluster, began_at: datetime) -> bool:
    beat_at = select(Heartbeat.at).where(Heartbeat.name == TICK)
    with cluster.database() as database:
        found = database.scalar(beat_at)
    return found is not None and found > began_at
