"""Readiness: the database, its schema, and whether the clock still beats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from services.heartbeat import DELIVERY, TICK, forget_worker, note_beat, note_worker
from services.readiness import Readiness, look
from services.runtime import Runtime
from services.schema import VERSIONS, newest_schema
from tests.conftest import Clock


def _stamp(session: Session, version: str | None) -> None:
    session.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32))"))
    session.execute(text("DELETE FROM alembic_version"))
    session.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})
    session.commit()


def _beat(session: Session, clock: Clock, *names: str) -> None:
    for name in names:
        note_beat(session, name=name, now=clock())


def test_the_newest_schema_is_the_one_that_alembic_would_migrate_to() -> None:
    assert newest_schema() == ScriptDirectory(str(VERSIONS.parent)).get_current_head()


def test_all_is_well_while_the_clock_beats(
    session: Session, runtime: Runtime, clock: Clock
) -> None:
    _stamp(session, newest_schema())
    _beat(session, clock, TICK, DELIVERY)

    readiness = look(runtime)

    assert readiness == Readiness(
        database=True,
        schema=True,
        scheduler=True,
        delivery=True,
        beat_age_s=0,
        delivery_age_s=0,
    )
    assert readiness.is_ready


@pytest.mark.parametrize(("minutes", "is_ready"), [(5, True), (6, False)])
def test_a_silent_clock_is_noticed(
    session: Session, runtime: Runtime, clock: Clock, minutes: int, is_ready: bool
) -> None:
    _stamp(session, newest_schema())
    _beat(session, clock, TICK, DELIVERY)
    clock.advance(minutes=minutes)

    readiness = look(runtime)

    assert readiness.is_ready is is_ready
    assert readiness.beat_age_s == minutes * 60


@pytest.mark.parametrize(("minutes", "is_ready"), [(30, True), (31, False)])
def test_a_thread_that_hangs_in_a_mail_is_noticed(
    session: Session, runtime: Runtime, clock: Clock, minutes: int, is_ready: bool
) -> None:
    _stamp(session, newest_schema())
    _beat(session, clock, DELIVERY)
    clock.advance(minutes=minutes)
    _beat(session, clock, TICK)

    readiness = look(runtime)

    assert (readiness.scheduler, readiness.delivery) == (True, is_ready)
    assert readiness.is_ready is is_ready
    assert readiness.delivery_age_s == minutes * 60


def test_a_clock_that_never_beat_is_not_ready(session: Session, runtime: Runtime) -> None:
    _stamp(session, newest_schema())

    readiness = look(runtime)

    assert (readiness.is_ready, readiness.beat_age_s) == (False, None)


@pytest.mark.parametrize("version", ["0001", "9999"])
def test_another_schema_is_not_ready(session: Session, runtime: Runtime, version: str) -> None:
    _stamp(session, version)
    note_beat(session, name=TICK, now=runtime.clock())

    assert look(runtime) == Readiness(database=True)


def test_a_database_without_tables_is_not_ready(runtime: Runtime, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'new.db'}")

    assert not look(replace(runtime, sessions=sessionmaker(engine))).is_ready
    engine.dispose()


def test_a_database_that_is_away_is_said(runtime: Runtime, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'nowhere' / 'new.db'}")

    assert look(replace(runtime, sessions=sessionmaker(engine))) == Readiness(database=False)
    engine.dispose()


def test_workers_are_counted_as_long_as_they_beat(
    session: Session, runtime: Runtime, clock: Clock
) -> None:
    _stamp(session, newest_schema())
    for worker in ("one", "two", "three"):
        note_worker(session, worker, now=clock())
    clock.advance(seconds=61)
    note_worker(session, "two", now=clock())
    note_worker(session, "three", now=clock())
    forget_worker(session, "three")
    _beat(session, clock, TICK, DELIVERY)
    clock.advance(seconds=7)

    readiness = look(replace(runtime, has_workers=True))

    assert (readiness.workers, readiness.worker_age_s, readiness.is_ready) == (1, 7, True)


def test_without_a_worker_nothing_is_ready_but_where_jobs_run_in_the_server(
    session: Session, runtime: Runtime, clock: Clock
) -> None:
    _stamp(session, newest_schema())
    note_worker(session, "gone", now=clock())
    clock.advance(minutes=2)
    _beat(session, clock, TICK, DELIVERY)

    apart, together = look(replace(runtime, has_workers=True)), look(runtime)

    assert (apart.workers, apart.worker_age_s, apart.is_ready) == (0, 120, False)
    assert (together.workers, together.is_ready) == (None, True)


def test_workers_long_gone_are_forgotten(session: Session, clock: Clock) -> None:
    note_worker(session, "gone", now=clock())
    clock.advance(minutes=6)

    note_worker(session, "new", now=clock())

    names = session.scalars(text("SELECT name FROM heartbeat")).all()
    assert names == ["worker new"]
