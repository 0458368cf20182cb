"""Two companies full of rows, filled once by the clicks of people, and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app import create_app
from config import load_settings
from extensions import db
from jobs.tasks import JOBS
from services.database import prepare_engine
from services.runtime import Runtime
from tests.blueprints.support import Browser
from tests.conftest import Clock, WakeUps, hurry
from tests.fakes import Outbox

COOKIE = "blueclerk"
FILE = "filled.db"


@dataclass(frozen=True)
class Party:
    """One company of the house. Every text it owns holds its word, which nobody else writes."""

    company_id: int
    slug: str
    word: str


@dataclass(frozen=True)
class Plan:
    """A filled house that no test writes to: its file, its keys, its people's cookies."""

    folder: Path
    environ: dict[str, str]
    now: datetime
    parties: dict[str, Party]
    cookies: dict[str, str]


@dataclass
class House:
    """The application on a database of its own, with a fixed clock and mails that are kept."""

    app: Flask
    clock: Clock
    wake_ups: WakeUps
    outbox: Outbox
    database: Path
    plan: Plan | None = None

    @property
    def runtime(self) -> Runtime:
        found: Runtime = self.app.extensions["runtime"]
        return found

    def session(self) -> Session:
        return self.runtime.sessions()

    def browser(self, person: str | None = None) -> Browser:
        """Return a browser in which the person is signed in; None is a stranger."""
        browser = Browser(self.app)
        if person is not None:
            assert self.plan is not None
            browser.client.set_cookie(COOKIE, self.plan.cookies[person])
        return browser

    def party(self, name: str) -> Party:
        assert self.plan is not None
        return self.plan.parties[name]

    def run_jobs(self) -> None:
        """Carry out what was asked for, and what that asks for."""
        while self.wake_ups.rows:
            rows, self.wake_ups.rows[:] = list(self.wake_ups.rows), []
            for job, row_id in rows:
                JOBS[job](self.runtime, row_id)


@contextmanager
def open_house(folder: Path, environ: dict[str, str], *, now: datetime) -> Iterator[House]:
    """Open the application on the file in the folder, whatever is in it."""
    clock, wake_ups, outbox = Clock(now), WakeUps(), Outbox()
    path = folder / FILE
    settings = load_settings(
        environ
        | {
            "BLUECLERK_INSTANCE_FOLDER": str(folder),
            "BLUECLERK_DATABASE_URL": f"sqlite:///{path}",
        }
    )
    app = create_app(settings, wake=wake_ups, clock=clock)
    app.extensions["runtime"] = replace(
        app.extensions["runtime"], mailer=outbox, quick_mailer=outbox
    )
    with app.app_context():
        hurry(db.engine)
    yield House(app, clock, wake_ups, outbox, path)
    with app.app_context():
        db.engine.dispose()


@contextmanager
def open_copy(plan: Plan, folder: Path) -> Iterator[House]:
    """Open a copy of a filled house."""
    shutil.copy(plan.folder / FILE, folder / FILE)
    with open_house(folder, plan.environ, now=plan.now) as house:
        house.plan = plan
        yield house


def settle(path: Path) -> None:
    """Bring what stands beside the file into it, so that copying it is enough."""
    engine = create_engine(f"sqlite:///{path}")
    prepare_engine(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    engine.dispose()
