"""A lane: a database and a folder of its own, in which rounds follow each other."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread

import requests
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from services.customer_import import NothingChosen
from services.database import prepare_engine
from services.import_undo import NothingToUndo, UndoRunning, start_undo
from services.runtime import utc_now
from services.sign_ins import find_sign_in
from tests.crash import processes
from tests.crash.checks import Standing
from tests.crash.databases import Database
from tests.crash.place import Credentials, queue_import
from tests.crash.processes import Running
from tests.system.demo import free_port

PAGE = "/settings/integrations/quickbooks"
START_WAIT_S = 30


@dataclass
class Lane:
    """`lasts_s` is how long each action takes each kind when nobody kills it."""

    folder: Path
    database: Database
    environ: Mapping[str, str]
    credentials: Credentials
    stood: Mapping[str, Standing]
    lasts_s: dict[tuple[str, str], float] = field(default_factory=dict)

    def start_web(self, *, is_quick: bool) -> tuple[Running, str]:
        """Start the server and wait until it answers."""
        port = free_port()
        running = self._start(processes.web, port, is_quick=is_quick)
        address = f"http://127.0.0.1:{port}"
        give_up_at = time.monotonic() + START_WAIT_S
        while not _answers(port, address):
            assert running.is_alive(), "the server has ended: see the log of the lane"
            assert time.monotonic() < give_up_at, "the server does not answer"
            time.sleep(0.02)
        return running, address

    def start_worker(self, *, is_quick: bool) -> Running:
        running = self._start(processes.worker, is_quick=is_quick)
        running.wait_ready()
        return running

    def start_command(self, *, is_undo: bool, is_quick: bool) -> Running:
        if is_undo:
            arguments = (self.credentials.sign_in, self.credentials.import_id)
            running = self._start(processes.undo_command, *arguments, is_quick=is_quick)
        else:
            running = self._start(processes.import_command, is_quick=is_quick)
        running.wait_ready()
        return running

    def click(self, address: str, *, is_undo: bool) -> None:
        """Press the button, without waiting for what the server says to it."""
        press = partial(self.press, address, is_undo=is_undo)
        Thread(target=press, daemon=True).start()

    def queue(self, *, is_undo: bool) -> None:
        """Ask for the run as a page would, so that a worker finds it; or it was done already."""
        engine = create_engine(self.database.url, poolclass=NullPool)
        prepare_engine(engine)
        sessions = sessionmaker(engine, expire_on_commit=False)
        with suppress(NothingChosen, NothingToUndo, UndoRunning):
            if is_undo:
                self._queue_undo(sessions)
            else:
                queue_import(sessions)

    def _queue_undo(self, sessions: sessionmaker[Session]) -> None:
        with sessions() as session:
            who = find_sign_in(session, self.credentials.sign_in, now=utc_now())
            assert who is not None
            import_id = self.credentials.import_id
            start_undo(session, who, import_id, wake=lambda _job, _row_id: None, now=utc_now())

    def press(self, address: str, *, is_undo: bool) -> str:
        """Press the button; return where the answer leads, "" if the server died meanwhile."""
        form = {"csrf_token": self.credentials.csrf}
        path = f"{PAGE}/imports"
        if is_undo:
            path += f"/{self.credentials.import_id}/undo"
        else:
            form |= {"scope": "all", "reading": self.credentials.reading, "confirmed": "1"}
        try:
            answer = requests.post(
                address + path,
                data=form,
                cookies={"blueclerk": self.credentials.cookie},
                timeout=START_WAIT_S,
                allow_redirects=False,
            )
        except requests.ConnectionError:
            return ""
        there = answer.headers.get("Location", "")
        assert "/imports/" in there, (answer.status_code, there, answer.text[:2_000])
        return there

    def _start(self, work: object, *arguments: object, is_quick: bool) -> Running:
        log = self.folder / "processes.log"
        return processes.start(work, self.environ, *arguments, log=log, is_quick=is_quick)  # type: ignore[arg-type]


def _answers(port: int, address: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return False
    with suppress(requests.RequestException):
        return requests.get(f"{address}/healthz", timeout=START_WAIT_S).ok
    return False
