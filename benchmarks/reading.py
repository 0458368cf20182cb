"""A sandbox of any size, and one whole check of it from nothing.

`python -m benchmarks.reading PROVIDER URL` checks once in a process of its own and prints what it
found and the most memory it ever held; the grant comes as JSON on standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from benchmarks.measuring import peak_memory_mb
from models import Base, Reading, ReadingState
from services.alert import view_alert
from services.connection_views import view_connection
from services.connections import require_connection
from services.database import prepare_engine
from services.env_file import read_env_file
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderAccess
from services.readings import refresh
from services.runtime import Runtime, utc_now
from services.token_vault import TokenVault
from services.unsynced import ensure_fresh
from tests.factories import make_account, make_company, make_connection, make_tokens

Grant = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """What one whole check found, and what it took."""

    counted: int
    calls: int
    seconds: float
    peak_mb: float = 0.0


@contextmanager
def sandbox() -> Iterator[str]:
    """Run a sandbox of its own and yield its address."""
    with TemporaryDirectory() as folder:
        ready = Path(folder) / "sandbox.env"
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--ready-file", str(ready)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                time.sleep(0.05)
            yield read_env_file(ready)["SANDBOX_URL"]
        finally:
            process.terminate()
            process.wait()


def fill(url: str, provider: ProviderKey, *, size: int, latency_s: float = 0.0) -> Grant:
    """Give a provider so many counted customers and so slow an answer; return a new grant."""
    _post(f"{url}/control/reset", {"provider": provider.value, "size": size})
    if latency_s:
        fault = {"provider": provider.value, "fault": "delay", "seconds": latency_s}
        _post(f"{url}/control/faults", fault)
    return _post(f"{url}/control/grants/{provider.value}", {})


def check_once(database: Path, provider: ProviderKey, url: str, grant: Grant) -> Checked:
    """Make a company with a connection in a new database, open the alert, read to the end."""
    engine = create_engine(f"sqlite:///{database}")
    prepare_engine(engine)
    Base.metadata.create_all(engine)
    runtime = _runtime(sessionmaker(engine), url, grant)
    company_id = _connect(runtime, provider, grant)
    started_at = time.perf_counter()
    checked = _open_alert(runtime, company_id, provider)
    engine.dispose()
    return Checked(*checked, seconds=round(time.perf_counter() - started_at, 2))


def check_apart(provider: ProviderKey, url: str, grant: Grant) -> subprocess.Popen[str]:
    """Start a whole check in a process of its own; see `result_of`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.reading", provider.value, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(grant))
    process.stdin.close()
    process.stdin = None
    return process


def result_of(process: subprocess.Popen[str]) -> Checked:
    """Wait for a check apart and return what it found."""
    output, _ = process.communicate()
    return Checked(**json.loads(output))


def _post(url: str, body: dict[str, object]) -> Grant:
    request = Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urlopen(request) as answer:
        content: Grant = json.load(answer)
    return content


def _runtime(sessions: sessionmaker, url: str, grant: Grant) -> Runtime:
    access = ProviderAccess(grant["client_id"], grant["client_secret"], sandbox_url=url)
    return Runtime(
        sessions=sessions,
        vault=TokenVault([b"k" * 32]),
        access=lambda _provider: access,
        public_base_url="http://127.0.0.1",
        wake=lambda _job, _row_id: None,
    )


def _connect(runtime: Runtime, provider: ProviderKey, grant: Grant) -> int:
    with runtime.sessions() as session:
        account = make_account(
            session,
            make_company(session),
            provider=provider.value,
            remote_account_id=_account_id(grant),
        )
        tokens = make_tokens(
            access_token=grant["access_token"],
            refresh_token=grant["refresh_token"],
            access_expires_at=utc_now().replace(year=2099),
        )
        make_connection(
            session, account, vault=runtime.vault, tokens=tokens, provider=provider.value
        )
        return account.company_id


def _account_id(grant: Grant) -> str:
    if "tenants" in grant:
        tenant_id: str = grant["tenants"][0]["tenantId"]
        return tenant_id
    found: str = grant.get("realm_id") or grant["account_id"]
    return found


def _open_alert(runtime: Runtime, company_id: int, provider: ProviderKey) -> tuple[int, int]:
    started: list[int] = []
    with runtime.sessions() as session:
        ensure_fresh(
            session,
            require_connection(session, company_id, provider),
            wake=lambda _job, row_id: started.append(row_id),
            now=utc_now(),
        )
    refresh(runtime, started[0])
    with runtime.sessions() as session:
        reading = session.get_one(Reading, started[0])
        assert reading.state is ReadingState.FINISHED, (reading.failure, reading.failure_reference)
        view = view_connection(session, company_id, provider)
        alert = view_alert(session, view, now=utc_now(), reading_public_id=reading.public_id)
        assert alert.summary is not None
        return alert.summary.counted, reading.call_count


def main() -> None:
    """Check once and print a JSON object."""
    provider, url = ProviderKey(sys.argv[1]), sys.argv[2]
    with TemporaryDirectory() as folder:
        checked = check_once(Path(folder) / "check.db", provider, url, json.load(sys.stdin))
    print(json.dumps(asdict(checked) | {"peak_mb": round(peak_memory_mb(), 1)}))


if __name__ == "__main__":
    main()
