"""How the production server is set up, and what it refuses, each in one line."""

from __future__ import annotations

import runpy
import signal
import socket
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

CONFIGURATION = Path(__file__).resolve().parents[2] / "gunicorn.conf.py"
OURS = ("app", "config", "services", "models", "jobs", "blueprints")


def _read(monkeypatch: pytest.MonkeyPatch, **settings: str) -> dict[str, Any]:
    for name in ("BIND", "WEB_PROCESSES", "WEB_THREADS", "JOBS_ENGINE", "METRICS_FOLDER"):
        monkeypatch.delenv(f"BLUECLERK_{name}", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(f"BLUECLERK_{name}", value)
    return runpy.run_path(str(CONFIGURATION))


def test_one_process_with_eight_threads_serves_this_machine_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = _read(monkeypatch)

    assert read["bind"] == ["127.0.0.1:8000"]
    assert (read["workers"], read["threads"]) == (1, 8)


def test_more_processes_serve_where_workers_carry_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    read = _read(monkeypatch, WEB_PROCESSES="4", WEB_THREADS="4", JOBS_ENGINE="procrastinate")

    assert (read["workers"], read["threads"]) == (4, 4)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"WEB_PROCESSES": "0"}, "BLUECLERK_WEB_PROCESSES is '0'; it must be a whole number"),
        ({"WEB_PROCESSES": "two"}, "BLUECLERK_WEB_PROCESSES is 'two'; it must be a whole number"),
        ({"WEB_PROCESSES": "2"}, "is 2; more than 1 needs PostgreSQL"),
        ({"WEB_PROCESSES": "2", "JOBS_ENGINE": "embedded"}, "more than 1 needs PostgreSQL"),
        ({"WEB_THREADS": "-8"}, "BLUECLERK_WEB_THREADS is '-8'; it must be a whole number"),
        ({"WEB_THREADS": "²"}, "BLUECLERK_WEB_THREADS is '²'; it must be a whole number"),
        ({"BIND": "8000"}, "BLUECLERK_BIND is '8000'; it must be such as 127.0.0.1:8000"),
        ({"BIND": "127.0.0.1:80000"}, "it must be such as 127.0.0.1:8000"),
        ({"BIND": "127.0.0.1:8000,"}, "it must be such as 127.0.0.1:8000"),
        ({"BIND": "unix:/nowhere/web.sock"}, "there is no folder /nowhere"),
        ({"BIND": "unix:/etc/hostname"}, "/etc/hostname is no socket"),
    ],
)
def test_a_wrong_setting_of_the_server_refuses_in_one_line(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: str
) -> None:
    with pytest.raises(SystemExit) as refusal:
        _read(monkeypatch, **settings)

    told = str(refusal.value.code)
    assert told.startswith("Error: BLUECLERK_")
    assert words in told
    assert "\n" not in told


def test_it_listens_on_several_addresses_and_where_a_socket_was_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "web.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    read = _read(monkeypatch, BIND=f"[::1]:8000,app.example.com:80,unix:{path}")

    assert read["bind"] == ["[::1]:8000", "app.example.com:80", f"unix:{path}"]


def test_the_master_takes_nothing_of_ours_into_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        monkeypatch.delitem(sys.modules, name)

    _read(monkeypatch)

    assert [name for name in sys.modules if name.split(".")[0] in OURS] == []


def test_no_client_says_below_which_path_or_by_which_scheme_it_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, understood = _read(monkeypatch), Config()

    for name in ("forwarder_headers", "secure_scheme_headers"):
        understood.set(name, read[name])

    assert understood.forwarder_headers == []
    assert understood.secure_scheme_headers == {}


def test_a_connection_is_never_kept_to_be_closed_under_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _read(monkeypatch)["keepalive"] == 0


class _Process:
    """What gunicorn calls a worker, as far as its ending goes."""

    def __init__(self, read: dict[str, Any], age: int) -> None:
        server = SimpleNamespace(worker_age=age)
        read["on_starting"](server)
        read["on_reload"](server)
        self.age, self.ages = age, server.ages
        self.alive, self.has_ended = True, threading.Event()

    def handle_exit(self, _number: int, _frame: object) -> None:
        self.alive = False
        self.has_ended.set()


def test_a_process_that_is_replaced_serves_until_its_successor_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = _read(monkeypatch)
    old = _Process(read, age=1)

    read["_end_when_followed"](old, signal.SIGTERM, None)

    assert not old.has_ended.is_set()
    read["_write"](old.ages, read["READY"], 2)
    assert old.has_ended.wait(5)


def test_a_process_that_nobody_follows_ends_at_once_and_so_does_one_that_is_told_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = _read(monkeypatch)
    newest, replaced = _Process(read, age=1), _Process(read, age=1)
    newest.age = 2

    read["_end_when_followed"](newest, signal.SIGTERM, None)
    for _ in range(2):
        read["_end_when_followed"](replaced, signal.SIGTERM, None)

    assert newest.has_ended.is_set()
    assert replaced.has_ended.is_set()
