"""What is killed: the server, a worker, a command; each a process of its own, forked at need.

They are forked from a server that has imported the application once, so that one costs
milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import flask.cli
import gunicorn.app.wsgiapp

import jobs.embedded
from app import create_app, start_serving
from services.customer_import import find_active, run_import
from services.import_undo import NothingToUndo, UndoRunning, start_undo
from services.runtime import Runtime
from services.sign_ins import find_sign_in

PATIENCE_S = 60
#: Quick processes look for what was left so often; the real ones every two seconds.
QUICK_SWEEP_S = 0.25
#: The real beat sends reports every minute.
QUICK_TICK_S = 0.1
ROOT = Path(__file__).resolve().parent.parent.parent

context = multiprocessing.get_context("forkserver")
# There is one such server in a test process; tests/services/workers.py may be the first to ask.
context.set_forkserver_preload(["tests.services.workers", __name__])


@dataclass
class Running:
    """A process that was started, in a session of its own, and the pipe over which it reports."""

    process: Any
    pipe: Pipe

    def wait_ready(self) -> None:
        """Wait until it begins with its work."""
        assert self.pipe.poll(PATIENCE_S), "a process did not begin"
        self.pipe.recv()

    def is_alive(self) -> bool:
        alive: bool = self.process.is_alive()
        return alive

    def kill(self) -> None:
        """Kill it and whatever it has started at one moment; none of them can tidy up."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join(PATIENCE_S)
        self.pipe.close()


def start(
    work: Callable[..., None],
    environ: Mapping[str, str],
    *arguments: Any,
    log: Path,
    is_quick: bool,
) -> Running:
    """Start one of the processes below."""
    here, there = context.Pipe()
    process = context.Process(
        target=_run, args=(work, dict(environ), str(log), is_quick, there, arguments)
    )
    process.start()
    there.close()
    return Running(process, here)


def web(pipe: Pipe, port: int) -> None:
    """Serve as `make serve` does: gunicorn with its configuration."""
    sys.argv = ["gunicorn", "--config", "gunicorn.conf.py", "--log-level", "warning"]
    sys.argv += ["--bind", f"127.0.0.1:{port}", "app:create_app()"]
    pipe.send("ready")
    gunicorn.app.wsgiapp.run()


def worker(pipe: Pipe) -> None:
    """Run nothing but the engine, which finds by its sweep what others have left."""
    app = create_app()
    start_serving(app)
    pipe.send("ready")
    threading.Event().wait()


def report_worker(pipe: Pipe) -> None:
    """Run the engine, whose beat sends the reports that are due."""
    jobs.embedded.TICK_S = QUICK_TICK_S  # type: ignore[assignment]
    worker(pipe)


def report_command(pipe: Pipe, *options: str) -> None:
    """Run `flask --app app report send` with these options."""
    pipe.send("ready")
    flask.cli.cli.main(["--app", "app", "report", "send", *options], "flask")


def import_command(pipe: Pipe) -> None:
    """Run `flask --app app import quickbooks --all --yes`."""
    pipe.send("ready")
    flask.cli.cli.main(["--app", "app", "import", "quickbooks", "--all", "--yes"], "flask")


def undo_command(pipe: Pipe, sign_in: str, public_id: str) -> None:
    """Undo an import in this process, as the command for it would; go on with one that is there."""
    runtime: Runtime = create_app().extensions["runtime"]
    pipe.send("ready")
    with runtime.sessions() as session:
        who = find_sign_in(session, sign_in, now=runtime.clock())
        assert who is not None
        with suppress(UndoRunning, NothingToUndo):
            start_undo(session, who, public_id, wake=runtime.wake, now=runtime.clock())
    while (run_id := _active(runtime)) is not None:
        run_import(runtime, run_id)
        time.sleep(0.1)


def _active(runtime: Runtime) -> int | None:
    with runtime.sessions() as session:
        run = find_active(session, 1)
        return run.id if run else None


def _run(
    work: Callable[..., None],
    environ: dict[str, str],
    log: str,
    is_quick: bool,
    pipe: Pipe,
    arguments: tuple[Any, ...],
) -> None:
    os.setsid()
    os.chdir(ROOT)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environ)
    if is_quick:
        jobs.embedded.SWEEP_S = QUICK_SWEEP_S  # type: ignore[assignment]
    work(pipe, *arguments)
