"""From the click to the sentence over a slow network, against the limit and against loops."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import requests

from benchmarks.measuring import Result, compare, medians_ms
from benchmarks.reading import check_once, fill, sandbox
from services.providers.contract import ProviderKey

SIZE = 10_000
LATENCY_S = 0.15
RUNS = 3
PAGE_ROWS = 1000
AT_ONCE = 8
STATEMENT = "SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id"


def run() -> list[Result]:
    """Measure a first whole reading of 10,000 customers at 150 ms a call."""
    with sandbox() as url, TemporaryDirectory() as folder:
        grant = fill(url, ProviderKey.QUICKBOOKS, size=SIZE, latency_s=LATENCY_S)
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


def _checking(folder: Path, url: str, grant: dict[str, str]) -> Callable[[], None]:
    """Each call checks once, from nothing, in a database of its own."""
    numbers = iter(range(1000))

    def check() -> None:
        database = folder / f"{next(numbers)}.db"
        checked = check_once(database, ProviderKey.QUICKBOOKS, url, grant)
        assert checked.counted == SIZE

    return check


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
