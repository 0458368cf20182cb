"""The line of a request: whom an id leads to, from the page to the log and on to the job."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from blueprints.watching import Watched
from models import Connection
from services.logs import configure_logging
from tests.blueprints.support import QUICKBOOKS, Browser
from tests.fakes import FakeAccountingClient


@pytest.fixture(autouse=True)
def _json_lines(app: Flask) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(is_json=True)
    app.wsgi_app._tells_all = True  # type: ignore[attr-defined]
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_broken_page_and_the_log_lead_to_each_other(
    app: Flask, ada: Browser, people: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(**_arguments: Any) -> str:
        raise ZeroDivisionError("broken")

    app.view_functions["customers.index"] = break_down
    capsys.readouterr()

    answer = ada.get("/customers?q=Ann+Example")

    broken, access = _lines(capsys)
    ids = {
        "request_id": answer.headers["X-Request-ID"],
        "endpoint": "customers.index",
        "company_id": people.company.id,
        "user_id": people.ada.id,
    }
    assert broken.items() >= ids.items()
    assert access.items() >= ids.items()
    assert broken["reference"] == access["reference"]
    assert str(broken["reference"]) in answer.text
    assert "ZeroDivisionError: broken" in broken["exception"]
    assert (access["logger"], access["status"], access["level"]) == (
        "blueclerk.access",
        500,
        "WARNING",
    )
    assert access["duration_ms"] > 0
    assert "Example" not in json.dumps([broken, access])


def test_a_click_leads_to_the_job_that_it_asked_for(
    ada: Browser,
    connection: Connection,
    books: FakeAccountingClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()

    answer = ada.htmx_get(f"{QUICKBOOKS}/unsynced")
    answer.close()

    asked, access = _lines(capsys)
    assert asked["message"] == "asked for the job read_customers, row 1"
    assert asked["request_id"] == access["request_id"] == answer.headers["X-Request-ID"]
    assert access.items() >= {"endpoint": "unsynced.show", "provider": "quickbooks"}.items()


def test_what_is_asked_for_all_the_time_leaves_no_line(
    stranger: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger.get("/healthz")
    stranger.get("/static/app.css").close()

    assert _lines(capsys) == []


def test_where_people_read_the_log_only_trouble_is_a_line(
    app: Flask, stranger: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = app.wsgi_app
    assert isinstance(watched, Watched)
    watched._tells_all = False

    stranger.get("/login")

    assert _lines(capsys) == []
