"""The program itself: real sockets, a state file, kills and signals."""

import http.client
import json
import os
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.app import create_app
from sandbox.world import the_world
from tests.sandbox.conftest import Caller

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 15


class _Running:
    """A started sandbox and where it listens."""

    def __init__(self, process, ready_file):
        self.process = process
        wanted = time.monotonic() + PATIENCE_S
        while not ready_file.exists():
            assert process.poll() is None and time.monotonic() < wanted, "the sandbox did not start"
            time.sleep(0.02)
        lines = dict(line.split("=", 1) for line in ready_file.read_text().splitlines())
        self.port = int(lines["SANDBOX_URL"].rsplit(":", 1)[1])
        self.smtp_port = int(lines["SANDBOX_SMTP_PORT"])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, headers or {})
        answered = self.connection.getresponse()
        return answered.status, answered.read()

    def json(self, method, path, sent=None):
        status, body = self.ask(method, path, None if sent is None else json.dumps(sent))
        assert status == 200, body
        return json.loads(body)


@pytest.fixture
def start(tmp_path):
    started = []

    def run(*arguments):
        ready_file = tmp_path / f"ready-{len(started)}"
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--ready-file", ready_file]
        process = subprocess.Popen(
            [*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        started.append(process)
        running = _Running(process, ready_file)
        started.append(running.connection)
        return running

    yield run
    for one in started:
        if isinstance(one, subprocess.Popen):
            one.kill()
            one.communicate()
        else:
            one.close()


def test_a_kept_connection_serves_many_requests_and_the_mail_arrives(start):
    running = start()

    granted = running.json("POST", "/control/grants/quickbooks", {})
    kept = running.connection.sock
    headers = {"Authorization": f"Bearer {granted['access_token']}", "Accept": "application/json"}
    headers["Content-Type"] = "application/text"
    path = f"/quickbooks/v3/company/{granted['realm_id']}/query"
    answers = [
        running.ask("POST", path, "SELECT COUNT(*) FROM Customer", headers) for _ in range(3)
    ]
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=PATIENCE_S) as server:
        server.sendmail("a@example.com", ["ada@example.com"], "Subject: Hello\r\n\r\nThere")

    assert [json.loads(body)["QueryResponse"]["totalCount"] for _, body in answers] == [1253] * 3
    assert running.connection.sock is kept
    assert running.json("GET", "/control/outbox")["mails"][0]["subject"] == "Hello"


def test_a_kill_loses_nothing(start, tmp_path):
    state_file = tmp_path / "state.db"
    first = start("--state", state_file)
    granted = first.json("POST", "/control/grants/quickbooks", {})
    first.json("POST", "/control/changes", {"provider": "quickbooks", "create": 4, "delete": 1})
    with smtplib.SMTP("127.0.0.1", first.smtp_port, timeout=PATIENCE_S) as server:
        server.sendmail("a@example.com", ["ada@example.com"], "Subject: Hello\r\n\r\nThere")
    before = first.json("GET", "/control/state")["providers"]["quickbooks"]["customers"]
    first.process.kill()
    first.process.wait()

    second = start("--state", state_file)

    after = second.json("GET", "/control/state")
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    path = f"/quickbooks/v3/company/{granted['realm_id']}/companyinfo/1"
    assert after["providers"]["quickbooks"]["customers"] == before
    assert (before["counted"], after["mails"]) == (1207, 1)
    assert second.ask("GET", path, headers=headers)[0] == 200
    assert stat.S_IMODE(os.stat(state_file).st_mode) == 0o600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(start, number):
    running = start()

    running.process.send_signal(number)
    out, err = running.process.communicate(timeout=PATIENCE_S)

    assert running.process.returncode == 0
    assert out.decode().startswith(f"Sandbox ready at http://127.0.0.1:{running.port} ")
    assert (out.count(b"\n"), err) == (1, b"")


def test_a_port_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "--port", port],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    assert done.returncode == 1
    assert done.stderr == (
        f"Port {port} on 127.0.0.1 is in use by another program; choose another one.\n"
    )


def test_it_listens_on_this_machine_only():
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--host", "0.0.0.0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 1
    assert done.stderr == "The sandbox only listens on this machine, not on 0.0.0.0.\n"


def test_a_body_that_is_too_large_is_refused_unread(start):
    running = start()

    running.connection.putrequest("POST", "/control/reset")
    running.connection.putheader("Content-Length", "99000000")
    running.connection.endheaders()
    answered = running.connection.getresponse()
    answered.read()

    assert (answered.status, answered.headers["Connection"]) == (413, "close")


def test_a_second_company_is_generated_when_first_asked_for(tmp_path):
    app = create_app(tmp_path / "state.db")
    client = app.test_client()

    state = client.get("/control/state?realm=9341450000000002").json

    assert state["providers"]["quickbooks"]["customers"]["counted"] == 4812
    the_world(app).store.close()


def test_a_restart_keeps_what_a_reset_changed(tmp_path, clock):
    for size in (5, 3, None):
        app = create_app(tmp_path / "state.db", clock=clock)
        client = app.test_client()
        if size is None:
            caller = Caller(client, client.post("/control/grants/quickbooks").json)
            answered = caller.get("cdc", entities="Customer", changedSince="2026-11-20").json
        else:
            client.post("/control/reset", json={"provider": "quickbooks", "size": size})
        the_world(app).store.close()

    changed = answered["CDCResponse"][0]["QueryResponse"][0]["Customer"]
    assert sum("DisplayName" in row for row in changed) == 3
    assert any(row.get("status") == "Deleted" for row in changed)
