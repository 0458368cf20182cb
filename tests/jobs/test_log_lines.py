"""What jobs write into the log: each line is one object, and a job is found by its id."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests_mock

from jobs.running import run_beat, run_job
from jobs.tasks import tick
from models import ImportRun, ImportState
from services.import_queue import IMPORT_JOB
from services.logs import configure_logging
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderAccess
from services.runtime import Runtime
from services.unsynced import READ_JOB
from tests.conftest import Clock
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, ask, one, queue_import, record

TID = "1-6723a5b1-canary0reference"


@pytest.fixture(autouse=True)
def _json_lines() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(is_json=True)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_failed_reading_leads_from_its_job_to_the_number_of_the_provider(
    runtime: Runtime, harbor: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[int | None] = []

    def access(_provider: ProviderKey) -> ProviderAccess:
        return ProviderAccess(
            "client",
            "canary-client-secret",
            sandbox_url="http://127.0.0.1:9",
            on_call=lambda status, _duration_s: calls.append(status),
        )

    runtime = replace(runtime, access=access)
    reading_id = ask(runtime, harbor)

    with requests_mock.Mocker() as provider:
        headers = {"intuit_tid": TID, "Retry-After": "7200"}
        provider.get(requests_mock.ANY, status_code=429, headers=headers, text="Ann Example")
        run_job(runtime, READ_JOB, reading_id)

    lines = _lines(capsys)
    ids = {
        "job": READ_JOB,
        "row_id": reading_id,
        "reading_id": reading_id,
        "account_id": harbor.account_id,
        "company_id": harbor.company_id,
        "provider": "quickbooks",
    }
    assert all(line.items() >= ids.items() for line in lines)
    failed = next(line for line in lines if line["logger"] == "services.providers.transport")
    assert (failed["provider_status"], failed["provider_reference"]) == (429, TID)
    assert lines[-1]["outcome"] == "daily_limit"
    assert lines[-1]["calls"] == len(calls)
    assert set(calls) == {429}


def test_an_import_and_the_reading_before_it_are_found_by_the_id_of_the_run(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    books.records = [record("1", name="Ann Example"), record("2", name="Ben Example")]
    run_job(runtime, READ_JOB, ask(runtime, harbor))
    clock.advance(minutes=5)
    run_id = queue_import(runtime, harbor, ["1", "2"])
    capsys.readouterr()

    run_job(runtime, IMPORT_JOB, run_id)
    run_beat(runtime, tick)

    assert one(runtime.sessions, ImportRun, run_id).state is ImportState.FINISHED
    lines = [line for line in _lines(capsys) if line.get("run_id") == run_id]
    ids = {"job": IMPORT_JOB, "row_id": run_id, "provider": "quickbooks"}
    assert all(line.items() >= ids.items() for line in lines)
    reading, run = (line for line in lines if "outcome" in line)
    assert reading.items() >= {"outcome": "finished", "customers": 2, "kind": "delta"}.items()
    assert run.items() >= {"outcome": "finished", "customers": 2, "kind": "import"}.items()
    assert "reading_id" in reading.keys() - run.keys()
    assert "Example" not in json.dumps(lines)


def test_an_unexpected_error_of_a_reading_carries_its_ids_and_what_broke(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def break_down() -> None:
        raise ZeroDivisionError("a\nbroken part")

    books.meanwhile = break_down
    reading_id = ask(runtime, harbor)

    run_job(runtime, READ_JOB, reading_id)

    broken, ended = _lines(capsys)
    assert broken["reading_id"] == ended["reading_id"] == reading_id
    assert "ZeroDivisionError: a\nbroken part" in broken["exception"]
    assert ended["outcome"] == "broken"
