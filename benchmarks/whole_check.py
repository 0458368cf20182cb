"""From the click to the sentence over a slow network, against the limit and against loops."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote
from urllib.request import Request, urlopen

import requests
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from benchmarks.measuring import Result, compare, medians_ms
from config import read_env_file
from models import Base, Reading
from services.alert import view_alert
from services.connections import require_connection, view_connection
from services.database import prepare_engine
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderAccess
from services.readings import refresh
from services.runtime import Runtime, utc_now
from services.token_vault import TokenVault
from services.unsynced import ensure_fresh
from tests.factories import make_account, make_company, make_connection, make_tokens

SIZE = 10_000
LATENCY_S = 0.15
RUNS = 3
PAGE_ROWS = 1000
AT_ONCE = 8
STATEMENT = "SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id"


def run() -> list[Result]:
    """Measure a first whole reading of 10,000 customers at 150 ms a call."""
    with _sandbox() as (url, grant), TemporaryDirectory() as folder:
        measured = medians_ms(
            {
                "ours": _checking(Path(folder), url, grant),
                "the same calls, answers thrown away": lambda: _drain(url, grant),
                "one page of 1,000 after the other": lambda: _loop(url, grant, PAGE_ROWS),
            },
            runs=RUNS,
        )
    return [
        compare(
            "P1",
            f"whole check, {SIZE:,} customers, 150 ms a call",
            measured,
            ours="ours",
            against=name,
            limit_ratio=limit,
        )
        for name, limit in (
            ("the same calls, answers thrown away", 1.5),
            ("one page of 1,000 after the other", None),
        )
    ]


@contextmanager
def _sandbox() -> Iterator[tuple[str, dict[str, str]]]:
    with TemporaryDirectory() as folder:
        ready = Path(folder) / "sandbox.env"
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--ready-file", str(ready)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                time.sleep(0.05)
            url = read_env_file(ready)["SANDBOX_URL"]
            _post(f"{url}/control/reset", {"provider": "quickbooks", "size": SIZE})
            grant = _post(f"{url}/control/grants/quickbooks", {})
            fault = {"provider": "quickbooks", "fault": "delay", "seconds": LATENCY_S}
            _post(f"{url}/control/faults", fault)
            yield url, grant
        finally:
            process.terminate()
            process.wait()


def _post(url: str, body: dict[str, object]) -> dict[str, str]:
    request = Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urlopen(request) as answer:
        content: dict[str, str] = json.load(answer)
    return content


def _checking(folder: Path, url: str, grant: dict[str, str]) -> Callable[[], None]:
    """Each call checks once, from nothing, in a database of its own."""
    numbers = iter(range(1000))

    def check() -> None:
        engine = create_engine(f"sqlite:///{folder}/{next(numbers)}.db")
        prepare_engine(engine)
        Base.metadata.create_all(engine)
        runtime = _runtime(sessionmaker(engine), url)
        with runtime.sessions() as session:
            account = make_account(
                session, make_company(session), remote_account_id=grant["realm_id"]
            )
            tokens = make_tokens(
                access_token=grant["access_token"],
                access_expires_at=utc_now().replace(year=2099),
            )
            make_connection(session, account, vault=runtime.vault, tokens=tokens)
            company_id = account.company_id
        _click(runtime, company_id)
        engine.dispose()

    return check


def _click(runtime: Runtime, company_id: int) -> None:
    provider = ProviderKey.QUICKBOOKS
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
        view = view_connection(session, company_id, provider)
        alert = view_alert(session, view, now=utc_now(), reading_public_id=reading.public_id)
    assert alert.summary is not None
    assert alert.summary.counted == SIZE


def _runtime(sessions: sessionmaker, url: str) -> Runtime:
    access = ProviderAccess(
        "sandbox-quickbooks-client", "sandbox-quickbooks-secret", sandbox_url=url
    )
    return Runtime(
        sessions=sessions,
        vault=TokenVault([b"k" * 32]),
        access=lambda _provider: access,
        public_base_url="http://127.0.0.1",
        wake=lambda _job, _row_id: None,
    )


def _drain(url: str, grant: dict[str, str]) -> None:
    with requests.Session() as session:
        count = session.get(
            _query_url(url, grant, "SELECT COUNT(*) FROM Customer WHERE Active IN (true, false)"),
            headers=_headers(grant),
        )
        rows = count.json()["QueryResponse"]["totalCount"]
        starts = range(1, rows + 1, PAGE_ROWS)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda start: _page(session, url, grant, start, PAGE_ROWS), starts))


def _loop(url: str, grant: dict[str, str], page_rows: int) -> None:
    start = 1
    with requests.Session() as session:
        while True:
            answer = _page(session, url, grant, start, page_rows)
            found = len(answer.json()["QueryResponse"].get("Customer", []))
            start += page_rows
            if found < page_rows:
                return


def _page(
    session: requests.Session, url: str, grant: dict[str, str], start: int, rows: int
) -> requests.Response:
    statement = f"{STATEMENT} STARTPOSITION {start} MAXRESULTS {rows}"
    return session.get(_query_url(url, grant, statement), headers=_headers(grant))


def _query_url(url: str, grant: dict[str, str], statement: str) -> str:
    company = f"{url}/quickbooks/v3/company/{grant['realm_id']}"
    return f"{company}/query?minorversion=75&query={quote(statement)}"


def _headers(grant: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {grant['access_token']}", "Accept": "application/json"}
