"""The server takes a new release, or new settings, while people work: no request fails."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from tests.system.asking import (
    PAGE,
    SENTENCE,
    check_again,
    csrf_token,
    number_in,
    open_page,
)
from tests.system.demo import Demo, wait_until
from tests.system.prepared import PreparedDemo
from tests.system.serving import (
    PATIENCE_S,
    ROOT,
    Clients,
    Server,
    connect_by_https,
    connect_plainly,
    nginx_before,
    server_environment,
    start_server,
)

pytestmark = [pytest.mark.full, pytest.mark.skipif(sys.platform != "linux", reason="of Linux")]
RELOADS = 2
MANY = 400
NEWEST = "FROM import_run ORDER BY id DESC LIMIT 1"
SETTLED = f"SELECT created_count + linked_count + skipped_count + failed_count {NEWEST}"
OWNERS = "SELECT lease_owner FROM import_run WHERE lease_owner IS NOT NULL"
ACTIVE = "SELECT count(*) FROM import_run WHERE finished_at IS NULL"
#: What a form without its token is answered with, and nothing else.
FINE = {"GET 200", "POST 400"}


@pytest.fixture
def environment(tmp_path: Path, database_path: Path) -> dict[str, str]:
    return server_environment(tmp_path, database_path)


def test_a_reload_fails_no_request_of_clients_that_ask_directly(
    environment: dict[str, str], tmp_path: Path
) -> None:
    server = start_server(environment, tmp_path / "server.log")
    clients = Clients(partial(connect_plainly, server.port))

    with clients.asking():
        _reload(server)
    server.stop()

    assert set(clients.answers) == FINE
    assert clients.kept == 0, "a connection that is kept can be closed under the next request"
    assert server.ended() == RELOADS + 1


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx: apt-get install nginx-light")
def test_a_reload_fails_no_request_through_nginx_as_deploy_sets_it_up(
    environment: dict[str, str], tmp_path: Path
) -> None:
    server = start_server(environment, tmp_path / "server.log")
    with nginx_before(server.port, tmp_path) as port:
        clients = Clients(partial(connect_by_https, port))

        with clients.asking():
            _reload(server)

        inside = connect_by_https(port)
        inside.request("GET", "/metrics")
        answer = inside.getresponse()
        inside.close()
    server.stop()

    assert set(clients.answers) == FINE
    assert answer.status == 404


def test_requests_wait_while_the_server_restarts_on_the_socket_that_systemd_keeps(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        port = listener.getsockname()[1]
        server = start_server(environment, tmp_path / "server.log", listener=listener)
        clients = Clients(partial(connect_plainly, port))

        with clients.asking():
            for _ in range(RELOADS):
                connection = connect_plainly(port)
                connection.request("GET", "/healthz")
                assert connection.getresponse().read() == b"ok\n"
                connection.close()
                server.stop()
                server = start_server(environment, tmp_path / "server.log", listener=listener)
        server.stop()

    assert set(clients.answers) == FINE
    assert server.ended() == RELOADS + 1


def test_a_wrong_setting_is_told_in_one_line_by_gunicorn_itself(
    environment: dict[str, str],
) -> None:
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]

    finished = subprocess.run(
        [*command, "--bind", "127.0.0.1:0", "app:create_app()"],
        cwd=ROOT,
        env=environment | {"BLUECLERK_LOG_FORMAT": "xml"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    told = [line for line in finished.stderr.splitlines() if not line.startswith("[")]
    assert told == ["Error: BLUECLERK_LOG_FORMAT is 'xml'; it must be one of text, json."]
    assert finished.returncode != 0


def test_a_reload_while_an_import_runs_loses_and_doubles_nobody(
    demo: Demo, prepared: PreparedDemo
) -> None:
    demo.change(create=MANY)
    with prepared.client("ada") as client:
        alert = number_in(client, demo.url, check_again(client, demo.url))
        assert SENTENCE.format(182 + MANY, f"{1204 + MANY:,}") in alert
        customers = demo.count("SELECT count(*) FROM customer")
        demo.age_readings()
        demo.fault("delay", seconds=2)
        _import_all(client, demo, alert)
    wait_until(lambda: bool(_owners(demo)), "the import has begun", limit_s=PATIENCE_S)
    first = _owners(demo)

    os.kill(_master_of(demo), signal.SIGHUP)
    owners = first | _owners_until_the_end(demo)

    assert len(owners) == 2, "it was not given on"
    created = demo.count(f"SELECT created_count {NEWEST}")
    assert demo.count(SETTLED) == demo.count(f"SELECT chosen_count {NEWEST}") == 182 + MANY
    assert demo.count("SELECT count(*) FROM customer") == customers + created
    assert created > MANY


def _import_all(client: requests.Session, demo: Demo, alert: str) -> None:
    shown = re.search(r'name="reading" value="([0-9a-f]{16})"', alert)
    assert shown
    form = {"csrf_token": csrf_token(open_page(client, demo.url)), "reading": shown[1]}
    form |= {"scope": "all", "confirmed": "1"}
    answer = client.post(f"{demo.url}{PAGE}/imports", data=form, timeout=30)
    assert answer.status_code == 200


def _owners_until_the_end(demo: Demo) -> set[str]:
    owners, give_up_at = set(), time.monotonic() + PATIENCE_S
    while demo.count(ACTIVE):
        assert time.monotonic() < give_up_at, "the import does not end"
        owners |= _owners(demo)
    return owners


def _owners(demo: Demo) -> set[str]:
    """Who holds the import now."""
    with demo.database() as database:
        return {str(owner) for [owner] in database.execute(text(OWNERS))}


def _master_of(demo: Demo) -> int:
    """Find the server among the processes that the demo has started."""
    own = demo.process.pid
    children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    [master] = [int(child) for child in children if b"gunicorn" in _command(int(child))]
    return master


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _reload(server: Server) -> None:
    for _ in range(RELOADS):
        server.reload()
