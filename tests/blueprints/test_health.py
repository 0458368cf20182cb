"""For whoever watches: the process lives, and it can work; without signing in, without data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from services.heartbeat import DELIVERY, TICK, note_beat, note_worker
from services.report_delivery import deliver_due
from services.runtime import Runtime
from services.schema import newest_schema
from tests.blueprints.support import Browser
from tests.conftest import Clock
from tests.services.reporting import make_desk


@pytest.fixture
def stamped(session: Session) -> None:
    session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    session.execute(text("INSERT INTO alembic_version VALUES (:new)"), {"new": newest_schema()})
    session.commit()


@pytest.fixture
def no_database(app: Flask, runtime: Runtime, tmp_path: Path) -> None:
    gone = create_engine(f"sqlite:///{tmp_path / 'nowhere' / 'gone.db'}")
    app.extensions["runtime"] = replace(runtime, sessions=sessionmaker(gone))


def test_a_living_process_says_so(stranger: Browser) -> None:
    answer = stranger.get("/healthz")

    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.content_type.startswith("text/plain")
    assert answer.headers["Cache-Control"] == "no-store"


def test_living_needs_no_database(ada: Browser, no_database: None) -> None:
    assert ada.get("/healthz").status_code == 200


def test_a_process_that_can_work_is_ready(
    stranger: Browser, session: Session, clock: Clock, stamped: None
) -> None:
    note_beat(session, name=TICK, now=clock())
    note_beat(session, name=DELIVERY, now=clock())
    clock.advance(seconds=12)

    answer = stranger.get("/readyz")

    assert answer.status_code == 200
    assert answer.get_json() == {
        "ready": True,
        "not_ready": [],
        "scheduler_heartbeat_age_s": 12,
        "delivery_heartbeat_age_s": 12,
        "oldest_unsent_delivery_age_s": None,
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_mail_that_waits_is_told_and_changes_no_status(
    stranger: Browser, session: Session, runtime: Runtime, clock: Clock, stamped: None
) -> None:
    desk = make_desk(runtime, clock)
    deliver_due(replace(desk.runtime, mailer=None))
    clock.advance(hours=2)
    note_beat(session, name=TICK, now=clock())
    note_beat(session, name=DELIVERY, now=clock())

    answer = stranger.get("/readyz")

    assert answer.status_code == 200
    assert answer.get_json()["oldest_unsent_delivery_age_s"] == 7200


def test_a_silent_clock_is_named(
    stranger: Browser, session: Session, clock: Clock, stamped: None
) -> None:
    note_beat(session, name=TICK, now=clock())
    note_beat(session, name=DELIVERY, now=clock())
    clock.advance(minutes=6)

    answer = stranger.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json()["not_ready"] == ["scheduler"]
    assert answer.get_json()["scheduler_heartbeat_age_s"] == 360


def test_another_releases_tables_are_named(stranger: Browser) -> None:
    answer = stranger.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json()["not_ready"] == ["schema", "scheduler", "delivery"]


def test_a_database_that_is_away_is_named(ada: Browser, no_database: None) -> None:
    answer = ada.get("/readyz")

    assert answer.status_code == 503
    assert answer.get_json()["not_ready"] == ["database", "schema", "scheduler", "delivery"]


def test_a_missing_worker_is_named(
    app: Flask,
    stranger: Browser,
    session: Session,
    runtime: Runtime,
    clock: Clock,
    stamped: None,
) -> None:
    app.extensions["runtime"] = replace(runtime, has_workers=True)
    for name in (TICK, DELIVERY):
        note_beat(session, name=name, now=clock())
    without = stranger.get("/readyz")
    note_worker(session, "one", now=clock())
    clock.advance(seconds=4)

    answer = stranger.get("/readyz")

    assert (without.status_code, without.get_json()["not_ready"]) == (503, ["workers"])
    assert (without.get_json()["workers"], answer.status_code) == (0, 200)
    assert (answer.get_json()["workers"], answer.get_json()["worker_heartbeat_age_s"]) == (1, 4)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nothing_of_anybody_is_in_it(ada: Browser, path: str) -> None:
    answer = ada.get(path)

    assert "Harbor" not in answer.text
    assert "ada" not in answer.text
