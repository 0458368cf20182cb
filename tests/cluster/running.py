"""A prepared demo, run as a service: its rows on PostgreSQL, its parts under a supervisor."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, make_url, select

from models import Heartbeat
from services.env_file import read_env_file, write_env_file
from services.heartbeat import TICK
from services.runtime import utc_now
from tests.cluster.parts import FLASK, PROXY, START_WAIT_S, STOP_WAIT_S, start_parts
from tests.cluster.rows import clear_rows, copy_rows, keep_rows, put_back
from tests.postgresql import PostgresqlServer
from tests.system.demo import ROOT, Demo, clean_environment, free_port, is_open, wait_until
from tests.watched_demos import find_leaks

SANDBOX, MAIL = "sandbox", "mail"


@dataclass
class Cluster(Demo):
    """A demo whose `process` is the supervisor and whose `port` is that of the proxy."""

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
        file = make_url(f"sqlite:///{self.folder / 'demo.db'}")
        clear_rows(file)
        copy_rows(self.database_url, file)
        return find_leaks(self.folder, *self.folder.glob("*.log"), self.folder / "second.out")


def start_cluster(folder: Path, server: PostgresqlServer) -> Cluster:
    """Start all parts in the folder of a prepared demo and wait until they work."""
    began_at = utc_now()
    url = server.create()
    ports = {name: free_port() for name in (PROXY, SANDBOX, MAIL)}
    settings = _write_settings(folder, url, ports)
    _fill(folder, url, settings)
    sandbox = [sys.executable, "-m", "sandbox", "--port", str(ports[SANDBOX])]
    sandbox += ["--smtp-port", str(ports[MAIL]), "--state", str(folder / "sandbox.db")]
    parts = start_parts(folder, settings, port=ports[PROXY], others={SANDBOX: sandbox})
    cluster = Cluster(folder, ports[PROXY], ports[SANDBOX], process=parts.process)
    try:
        wait_until(lambda: is_open(cluster.sandbox_port), "the sandbox listens")
        wait_until(lambda: _has_beaten(cluster, began_at), "a worker beats", limit_s=START_WAIT_S)
    except BaseException:
        parts.stop()
        raise
    return cluster


def _write_settings(folder: Path, url: URL, ports: dict[str, int]) -> dict[str, str]:
    values = read_env_file(folder / "demo.env") | {
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        "BLUECLERK_DATABASE_URL": url.render_as_string(hide_password=False),
        "BLUECLERK_PUBLIC_BASE_URL": f"http://127.0.0.1:{ports[PROXY]}",
        "BLUECLERK_SANDBOX_URL": f"http://127.0.0.1:{ports[SANDBOX]}",
        "BLUECLERK_SMTP_URL": f"smtp://127.0.0.1:{ports[MAIL]}?tls=none",
        "BLUECLERK_PROXY_COUNT": "1",
        "BLUECLERK_JOBS_ENGINE": "procrastinate",
    }
    write_env_file(folder / "demo.env", values)
    return values


def _fill(folder: Path, url: URL, settings: dict[str, str]) -> None:
    """Make the tables as an operator does, and bring the prepared rows."""
    environment = clean_environment() | settings
    subprocess.run([*FLASK, "db", "upgrade"], cwd=ROOT, env=environment, check=True)
    copy_rows(make_url(f"sqlite:///{folder / 'demo.db'}"), url)
    keep_rows(url)


def _has_beaten(cluster: Cluster, began_at: datetime) -> bool:
    beat_at = select(Heartbeat.at).where(Heartbeat.name == TICK)
    with cluster.database() as database:
        found = database.scalar(beat_at)
    return found is not None and found > began_at
