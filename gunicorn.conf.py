"""Production server: how it listens, serves and ends, and where the jobs begin and end.

The master reads this file anew at each reload, and it imports nothing of ours: what a master has
imported, all its later workers inherit, so that a reload would mix two releases.
"""

from __future__ import annotations

import gc
import mmap
import os
import re
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn.errors import AppImportError  # type: ignore[import-untyped]

MOST_DIGITS = 3
#: So long a process that is replaced goes on serving until its successor does; half of its time.
SUCCESSOR_WAIT_S = 15.0
LOOK_S = 0.05
REPLACED, READY = 0, 8
LARGEST_PORT = 65_535
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  (a folder, in which names are made up safely)
_TCP = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")


def _count(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    is_whole = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    if not (is_whole and int(text) >= 1):
        sys.exit(f"Error: {name} is {text!r}; it must be a whole number, 1 or more.")
    return int(text)


def _processes() -> int:
    """SQLite and the embedded engine are one process's business."""
    count = _count("BLUECLERK_WEB_PROCESSES", 1)
    if count > 1 and os.environ.get("BLUECLERK_JOBS_ENGINE") != "procrastinate":
        sys.exit(
            f"Error: BLUECLERK_WEB_PROCESSES is {count}; more than 1 needs PostgreSQL and "
            "BLUECLERK_JOBS_ENGINE=procrastinate."
        )
    return count


def _addresses() -> list[str]:
    text = os.environ.get("BLUECLERK_BIND") or "127.0.0.1:8000"
    for address in text.split(","):
        if trouble := _trouble_with(address):
            sys.exit(f"Error: BLUECLERK_BIND is {text!r}; {trouble}.")
    return text.split(",")


def _trouble_with(address: str) -> str | None:
    if address.startswith("unix:"):
        path = Path(address.removeprefix("unix:"))
        if not path.parent.is_dir():
            return f"there is no folder {path.parent}"
        return f"{path} is no socket" if path.exists() and not path.is_socket() else None
    port = _TCP.fullmatch(address)
    if port is None or int(port[1]) > LARGEST_PORT:
        return "it must be such as 127.0.0.1:8000, [::1]:8000 or unix:/run/blueclerk/web.sock"
    return None


# Where systemd hands a socket over, gunicorn takes that one instead.
bind = _addresses()
workers = _processes()
threads = _count("BLUECLERK_WEB_THREADS", 8)
worker_class = "gthread"

# A worker tells that it lives by touching a file, once a second, whatever its requests do; on a
# disk that is busy the touch itself could wait.
timeout = 60
worker_tmp_dir = str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None
# What was asked for is answered, and jobs give back what they work on, before a worker ends.
graceful_timeout = 30
# Each answer says that its connection ends. One that is kept may be closed, at a reload or out of
# idleness, just when the next request is on its way, and a proxy does not send a POST twice.
keepalive = 0
# Workers that load the code themselves take a new release at a reload, and the threads of the
# jobs live where the requests are served.
preload_app = False
# Nothing is known to grow, and a worker that ends on its own would interrupt jobs and pages.
max_requests = 0

limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
# BLUECLERK_PROXY_COUNT alone says whom to believe. By gunicorn's own rule anybody behind a proxy on
# this machine could send SCRIPT_NAME, and so reach under another path what the proxy closes.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# The proxy keeps the log of who asked for what; `--access-logfile -` shows it here.
accesslog = None
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Make what all processes share, and let go what earlier ones have counted, if none lives.

    What a killed process of this master has counted stays; a sum that lost a part of it would look
    as if all the rest had been counted just now.
    """
    server.ages = mmap.mmap(-1, 16)
    folder = os.environ.get("BLUECLERK_METRICS_FOLDER")
    files = list(Path(folder).glob("*.db")) if folder else []
    if not any(_is_alive(path.stem.rpartition("_")[2]) for path in files):
        for path in files:
            path.unlink(missing_ok=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def on_reload(server: Any) -> None:
    """Write down up to which age processes are replaced now."""
    _write(server.ages, REPLACED, server.worker_age)


def post_fork(server: Any, worker: Any) -> None:
    """Let a wrong setting refuse in one line, whoever starts gunicorn."""
    # Hardly anything made while loading is garbage, and looking for it took a third of the time;
    # `start_serving` lets it begin.
    gc.disable()
    worker.ages = getattr(server, "ages", None)
    worker.app.load = partial(_load_in_words, worker.app.load)


def _load_in_words(load: Callable[[], Any]) -> Any:
    from config import SettingsError

    try:
        return load()
    except SettingsError as error:  # what gunicorn takes for a wrong name is told as it is
        raise AppImportError(f"Error: {error.format_message()}") from error


def post_worker_init(worker: Any) -> None:
    """Start logs and jobs in the process that serves, after the fork."""
    from app import start_serving

    # Ctrl-C reaches the whole group, and the master tells its workers once more: stopped twice,
    # a worker could hang in its own ending.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_serving(worker.wsgi)
    if worker.ages is not None:
        _write(worker.ages, READY, worker.age)
        signal.signal(signal.SIGTERM, partial(_end_when_followed, worker))
        signal.siginterrupt(signal.SIGTERM, False)


def _end_when_followed(worker: Any, number: int, frame: Any) -> None:
    """Serve until a successor does; gunicorn tells the old to end when it has only forked the new.

    Where nobody follows, and when it is told again, it ends at once.
    """
    if getattr(worker, "is_waiting", False) or not _is_to_be_followed(worker):
        worker.handle_exit(number, frame)
        return
    worker.is_waiting = True
    threading.Thread(target=_wait_for_successor, args=(worker, number), daemon=True).start()


def _wait_for_successor(worker: Any, number: int) -> None:
    give_up_at = time.monotonic() + SUCCESSOR_WAIT_S
    while worker.alive and _is_to_be_followed(worker) and time.monotonic() < give_up_at:
        time.sleep(LOOK_S)
    worker.handle_exit(number, None)


def _is_to_be_followed(worker: Any) -> bool:
    replaced = _read(worker.ages, REPLACED)
    return bool(worker.age <= replaced and _read(worker.ages, READY) <= replaced)


def _write(ages: mmap.mmap, place: int, age: int) -> None:
    struct.pack_into("q", ages, place, age)


def _read(ages: mmap.mmap, place: int) -> int:
    return int(struct.unpack_from("q", ages, place)[0])


def worker_exit(_server: Any, worker: Any) -> None:
    """Let running jobs end before the process does."""
    # What refuses to start has no application, and its reason is the last that should be read.
    if (app := getattr(worker, "wsgi", None)) is not None:
        app.extensions["jobs"].stop()
