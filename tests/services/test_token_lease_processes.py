"""Twenty workers in four processes cross an expiry against the sandbox: one token call."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import URL

from models import Connection
from services.providers.registry import ProviderAccess
from services.runtime import Runtime
from services.sealed_tokens import open_tokens
from services.token_lease import TokenLease
from tests.factories import NOW, make_account, make_company, make_connection, make_tokens
from tests.services import workers

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30
THREADS = 5
PROCESSES = 4


@pytest.fixture
def sandbox_url(tmp_path: Path) -> Iterator[str]:
    """A sandbox in a process of its own."""
    ready = tmp_path / "ready"
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            give_up_at = time.monotonic() + PATIENCE_S
            while not ready.exists():
                assert process.poll() is None and time.monotonic() < give_up_at, "no sandbox"
                time.sleep(0.02)
            lines = dict(line.split("=", 1) for line in ready.read_text().splitlines())
            yield lines["SANDBOX_URL"]
        finally:
            process.kill()


def _ask(url: str, body: bytes | None = None) -> Any:
    request = Request(url, data=body, headers={"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def supply_from_sandbox(
    pipe: Any, barrier: Any, path: str, connection_id: int, access: ProviderAccess
) -> None:
    """Ask for a token in many threads, each with a lease of its own; report what each got."""
    runtime = replace(
        workers.open_runtime(path, now=NOW + timedelta(hours=13)), access=lambda _provider: access
    )

    def supply() -> str:
        return TokenLease(runtime, connection_id).supply()

    with closing(pipe):
        pipe.send(workers.in_threads(supply, THREADS, barrier))


@pytest.mark.parametrize("provider", ["quickbooks", "xero", "freshbooks"])
def test_twenty_workers_in_four_processes_make_one_token_call(
    runtime: Runtime, database_url: URL, sandbox_url: str, provider: str
) -> None:
    granted = _ask(f"{sandbox_url}/control/grants/{provider}", b"{}")
    access = ProviderAccess(granted["client_id"], granted["client_secret"], sandbox_url=sandbox_url)
    tokens = make_tokens(
        access_token=granted["access_token"], refresh_token=granted["refresh_token"]
    )
    with runtime.sessions() as session:
        account = make_account(session, make_company(session), provider=provider)
        connection = make_connection(session, account, vault=runtime.vault, tokens=tokens)
    calls_before = _token_calls(sandbox_url, provider)

    reports = workers.run_together(
        supply_from_sandbox,
        database_url.render_as_string(hide_password=False),
        connection.id,
        access,
        processes=PROCESSES,
    )

    given = [token for report in reports for token in report]
    assert _token_calls(sandbox_url, provider) - calls_before == 1
    with runtime.sessions() as session:
        held = open_tokens(runtime.vault, session.get_one(Connection, connection.id))
    assert given == [held.access_token] * THREADS * PROCESSES
    assert held.access_token != granted["access_token"]
    assert held.version == 1


def _token_calls(sandbox_url: str, provider: str) -> int:
    state = _ask(f"{sandbox_url}/control/state")["providers"][provider]
    calls: int = state["oauth_calls"]["by_endpoint"]["token"]
    return calls
