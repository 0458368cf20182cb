"""Production server: one process with threads; the in-process scheduler lives with it."""

from __future__ import annotations

import os
import signal
from typing import Any

bind = os.environ.get("BLUECLERK_BIND", "127.0.0.1:8000")
# SQLite and the embedded engine are one process's business.
workers = 1
worker_class = "gthread"
threads = 8
timeout = 60
graceful_timeout = 30
preload_app = False
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Start logs and jobs in the process that serves, after the fork."""
    from app import start_serving

    # Ctrl-C reaches the whole group, and the master tells its workers once more: stopped twice,
    # a worker could hang in its own ending.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_serving(worker.wsgi)


def worker_exit(_server: Any, worker: Any) -> None:
    """Let running jobs end before the process does."""
    # What refuses to start has no application, and its reason is the last that should be read.
    if (app := getattr(worker, "wsgi", None)) is not None:
        app.extensions["jobs"].stop()
