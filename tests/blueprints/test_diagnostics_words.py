"""The rows of the diagnostics in words: reasons, failures, limits, clocks, tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from config import JobsEngine
from models import Connection, ConnectionState, ReadingFailure, ReconnectReason
from services.heartbeat import TICK, note_beat, note_worker
from tests.blueprints.support import Browser, make_failed, text_of
from tests.factories import NOW, make_account, make_connection, make_reading, make_working_server

PAGE = "/settings/diagnostics"


@pytest.fixture(autouse=True)
def _working_server(session: Session) -> None:
    make_working_server(session)


def _update(session: Session, row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    session.commit()


def _lines(browser: Browser) -> list[str]:
    return [line.strip() for line in browser.get(f"{PAGE}.txt").text.splitlines()]


def test_a_permission_that_ended_is_said_with_its_reason(
    ada: Browser, session: Session, connection: Connection
) -> None:
    _update(
        session,
        connection,
        state=ConnectionState.RECONNECT_REQUIRED,
        reconnect_reason=ReconnectReason.SCOPE_MISSING,
        ended_at=NOW - timedelta(minutes=12),
    )

    text = text_of(ada.get(PAGE))

    assert "QuickBooks has to be reconnected." in text
    assert "QuickBooks Online Reconnect required" in text
    assert "may no longer read customers in QuickBooks. Since: 12 min ago." in text
    assert "Next check paused until it is reconnected" in text


@pytest.mark.parametrize("reason", [None, *ReconnectReason])
def test_every_reason_to_reconnect_has_words(
    ada: Browser, session: Session, connection: Connection, reason: ReconnectReason | None
) -> None:
    state = ConnectionState.RECONNECT_REQUIRED
    _update(session, connection, state=state, reconnect_reason=reason)

    (line,) = [line for line in _lines(ada) if line.startswith("State:")]

    assert line.endswith(".")


@pytest.mark.parametrize("failure", list(ReadingFailure))
def test_every_failure_has_words(
    ada: Browser, session: Session, connection: Connection, failure: ReadingFailure
) -> None:
    make_failed(session, connection, failure)

    (line,) = [line for line in _lines(ada) if line.startswith("Last failure:")]

    assert "2026-11-20 13:59:59 UTC" in line
    assert "Reference: 1-abc" in line
    assert "{" not in line


def test_a_failure_stands_on_top_until_it_is_read_again(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_failed(session, connection, ReadingFailure.RATE_LIMITED)

    text = text_of(ada.get(PAGE))

    assert "The last check of QuickBooks failed." in text
    assert "QuickBooks Online Last check failed" in text
    assert "QuickBooks asked us to wait. It was 1 s ago. It can be asked again in 40 s." in text
    assert "Reference: 1-abc" in text


def test_what_a_provider_says_about_its_limits_is_told(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    account = make_account(session, people.company, provider="xero")
    told = {"quota_minute_left": 0, "quota_day_left": 4999, "quota_at": NOW - timedelta(minutes=2)}
    make_connection(session, account, clock_skew_s=660, **told)

    text = text_of(ada.get(PAGE))

    assert "Xero says 0 calls left that minute and 4,999 calls left that day, 2 min ago" in text
    assert "The clock of Xero and the clock of this server differ by minutes." in text
    assert "Clock difference Xero is 11 min 0 s ahead of this server" in text


def test_a_recheck_says_when_it_comes_and_what_it_may_cost(
    ada: Browser, session: Session, connection: Connection
) -> None:
    _update(session, connection, rechecks_daily=True, recheck_call_budget=40)
    make_reading(session, connection)

    text = text_of(ada.get(PAGE))

    assert "Next check on 21 Nov at 05:00" in text
    assert "0 of 40 by re-checks" in text


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {"renewed_at": NOW - timedelta(hours=3), "renewal_failed_at": NOW},
            "Token age: 3 h, renewed by itself; renewing it failed 2026-11-20 14:00:00 UTC",
        ),
        ({}, "Token age: 30 days, from the consent"),
        (
            {"access_expires_at": NOW - timedelta(hours=1)},
            "Access token ends: ended 2026-11-20 13:00:00 UTC, renewed with the next check",
        ),
        ({}, "Permission ends: QuickBooks names no day"),
        (
            {"refresh_expires_at": NOW - timedelta(days=1)},
            "Permission ends: ended 2026-11-19 14:00:00 UTC",
        ),
    ],
)
def test_the_life_of_the_tokens_is_told(
    ada: Browser, session: Session, connection: Connection, values: dict[str, Any], line: str
) -> None:
    _update(session, connection, **values)

    assert line in _lines(ada)


def test_a_silent_scheduler_is_the_first_thing_said(ada: Browser, session: Session) -> None:
    note_beat(session, name=TICK, now=NOW - timedelta(minutes=6))

    text = text_of(ada.get(PAGE))

    assert "The scheduler is silent, so no report is sent and no re-check is made." in text
    assert "This server Needs a look Scheduler silent Last tick 6 min ago" in text
    assert "All is well" not in text


def test_workers_are_told_and_a_missing_one_with_what_to_do(
    app: Flask, ada: Browser, session: Session
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = replace(settings, jobs_engine=JobsEngine.PROCRASTINATE)
    note_beat(session, name=TICK, now=NOW - timedelta(minutes=6))
    without = text_of(ada.get(PAGE))
    note_worker(session, "one", now=NOW - timedelta(seconds=8))
    note_worker(session, "two", now=NOW - timedelta(seconds=3))

    lines = _lines(ada)

    assert "No worker runs, so nothing is read, imported or mailed." in without
    assert "Workers none runs; on the server: flask --app app jobs worker" in without
    assert "The scheduler is silent" not in without
    assert "Jobs engine: procrastinate" in lines
    assert any(line.startswith("Workers: 2 workers at work, last beat ") for line in lines)
