"""The page of metrics: who may read it, what it tells, and that nobody can be found in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix

from blueprints.watching import Watched
from models import Connection
from services.heartbeat import TICK, note_beat
from services.metrics import start_counting, stop_counting
from tests.blueprints.support import QUICKBOOKS, Browser
from tests.conftest import Clock
from tests.factories import make_reading

TOKEN = "kV3xW8qZr1Tn5Yb7Lm2Pd9Gh4Jc6Fs0A"
HERE = {"base_url": "http://127.0.0.1:8000"}


@pytest.fixture
def counting() -> Iterator[None]:
    start_counting()
    yield
    stop_counting()


@pytest.fixture
def with_token(app: Flask) -> str:
    app.extensions["settings"] = replace(app.extensions["settings"], metrics_token=TOKEN)
    return f"Bearer {TOKEN}"


def _metrics(browser: Browser) -> dict[str, float]:
    text = browser.get("/metrics", **HERE).text
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_a_program_of_this_machine_reads_what_was_counted(
    stranger: Browser, counting: None
) -> None:
    stranger.get("/login")
    stranger.get("/nowhere/secret-name")

    answer = stranger.get("/metrics", **HERE)

    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    seen = 'blueclerk_requests_total{endpoint="auth.sign_in",method="GET",status="200"} 1.0'
    assert seen in answer.text
    assert 'blueclerk_request_seconds_count{endpoint="auth.sign_in"} 1.0' in answer.text
    assert 'blueclerk_requests_total{endpoint="",method="GET",status="404"} 1.0' in answer.text
    assert "secret-name" not in answer.text


@pytest.mark.parametrize(
    "asked",
    [
        {"base_url": "https://clerk.example.com"},
        {**HERE, "environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}},
        {**HERE, "environ_overrides": {"REMOTE_ADDR": ""}},
        {**HERE, "headers": {"X-Forwarded-For": "127.0.0.1"}},
        {**HERE, "headers": {"Forwarded": "for=127.0.0.1"}},
        {**HERE, "headers": {"Authorization": "Bearer "}, "base_url": "http://a.example.com"},
    ],
    ids=["by the name of the site", "elsewhere", "a socket", "proxy", "new proxy", "no token"],
)
def test_whoever_comes_from_elsewhere_finds_no_such_page(
    zoe: Browser, stranger: Browser, asked: dict[str, Any]
) -> None:
    for browser in (zoe, stranger):
        answer = browser.get("/metrics", **asked)

        assert answer.status_code == 404
        assert "blueclerk_" not in answer.text


def test_a_visitor_behind_a_proxy_that_we_count_is_elsewhere(app: Flask, stranger: Browser) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # type: ignore[method-assign]

    answer = stranger.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}, **HERE)

    assert answer.status_code == 404


def test_the_token_opens_it_from_anywhere_and_another_does_not(
    stranger: Browser, with_token: str
) -> None:
    asked = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.9"}}

    right = stranger.get("/metrics", headers={"Authorization": with_token}, **asked)
    wrong = stranger.get("/metrics", headers={"Authorization": with_token + "x"}, **asked)
    odd = stranger.get("/metrics", headers={"Authorization": "Bearer \xe9"}, **asked)

    assert (right.status_code, wrong.status_code, odd.status_code) == (200, 404, 404)


def test_what_waits_is_told_with_its_age(
    stranger: Browser, session: Session, connection: Connection, clock: Clock
) -> None:
    make_reading(session, connection, started_at=clock(), lease_owner="", state="running")
    note_beat(session, name=TICK, now=clock())
    clock.advance(seconds=90)

    told = _metrics(stranger)

    assert told["blueclerk_database_up"] == 1
    assert told['blueclerk_queue_depth{queue="reading"}'] == 1
    assert told['blueclerk_queue_oldest_seconds{queue="reading"}'] == 90
    assert told['blueclerk_queue_depth{queue="import"}'] == 0
    assert told['blueclerk_heartbeat_age_seconds{job="scheduler"}'] == 90


def test_nobody_and_no_company_is_in_it(
    ada: Browser, connection: Connection, counting: None
) -> None:
    ada.get(f"{QUICKBOOKS}?search=Ann+Example")

    text = ada.get("/metrics", **HERE).text

    assert not re.search("(?i)harbor|ada|example|9341450000000001|company_id|user", text)


def test_each_answer_has_an_id_and_only_a_proxy_that_is_counted_may_choose_it(
    app: Flask, stranger: Browser
) -> None:
    ours = stranger.get("/login", headers={"X-Request-ID": "chosen-by-the-proxy"})
    inner = app.wsgi_app
    app.wsgi_app = Watched(inner, trusts_proxy=True, tells_all=False)  # type: ignore[method-assign]
    theirs = app.wsgi_app._request_id({"HTTP_X_REQUEST_ID": "chosen-by-the-proxy"})
    odd = app.wsgi_app._request_id({"HTTP_X_REQUEST_ID": "two words\r\nand a line"})

    assert re.fullmatch("[0-9a-f]{16}", ours.headers["X-Request-ID"])
    assert theirs == "chosen-by-the-proxy"
    assert re.fullmatch("[0-9a-f]{16}", odd)
