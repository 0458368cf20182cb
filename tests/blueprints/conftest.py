"""The application on a database file, people who sign in through the form, a faked provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import create_engine, update
from sqlalchemy.orm import Session

from app import create_app
from blueprints import unsynced
from config import load_settings, new_keys
from extensions import db
from jobs.tasks import JOBS
from models import Connection, ImportRun, ImportState, Role
from services.database import prepare_engine
from services.providers import registry
from services.runtime import Runtime
from tests.blueprints.reviewing import Maybes, make_maybes
from tests.blueprints.support import CHEAP_HASH, QUICKBOOKS, Browser, make_counted
from tests.conftest import Clock, WakeUps, hurry
from tests.factories import NOW, make_account, make_company, make_connection, make_user
from tests.fakes import FakeAccountingClient, FakeAuthorization


@pytest.fixture
def session(database_path: Path) -> Iterator[Session]:
    """Rows keep their values after a commit, so that no test holds SQLite's lock by reading one."""
    engine = create_engine(f"sqlite:///{database_path}")
    prepare_engine(engine)
    hurry(engine)
    with Session(engine, expire_on_commit=False) as session:
        yield session
    engine.dispose()


@pytest.fixture
def app(
    database_path: Path,
    tmp_path: Path,
    clock: Clock,
    wake_ups: WakeUps,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Flask]:
    monkeypatch.setattr(unsynced, "PATIENCE_S", 0)
    environ = new_keys() | {
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_INSTANCE_FOLDER": str(tmp_path),
        "BLUECLERK_DATABASE_URL": f"sqlite:///{database_path}",
        "BLUECLERK_QUICKBOOKS_CLIENT_ID": "client",
        "BLUECLERK_QUICKBOOKS_CLIENT_SECRET": "canary-client-secret",
    }
    app = create_app(load_settings(environ), wake=wake_ups, clock=clock)
    with app.app_context():
        hurry(db.engine)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    found: Runtime = app.extensions["runtime"]
    return found


@pytest.fixture
def people(session: Session) -> SimpleNamespace:
    """The company and its people, and zoe of the other company."""
    company = make_company(session, name="Harbor Heating & Air")
    other = make_company(session, name="Other Garden")
    common = {"password_hash": CHEAP_HASH}
    return SimpleNamespace(
        company=company,
        other=other,
        ada=make_user(session, company, email="ada@example.com", name="Ada Brandt", **common),
        mel=make_user(
            session,
            company,
            email="mel@example.com",
            name="Mel Osei",
            role=Role.MEMBER,
            **common,
        ),
        zoe=make_user(session, other, email="zoe@example.com", name="Zoe Kim", **common),
    )


@pytest.fixture
def stranger(app: Flask, people: SimpleNamespace) -> Browser:
    return Browser(app)


def _signed_in(app: Flask, email: str) -> Browser:
    browser = Browser(app)
    browser.enter(email)
    return browser


@pytest.fixture
def ada(app: Flask, people: SimpleNamespace) -> Browser:
    return _signed_in(app, "ada@example.com")


@pytest.fixture
def mel(app: Flask, people: SimpleNamespace) -> Browser:
    return _signed_in(app, "mel@example.com")


@pytest.fixture
def zoe(app: Flask, people: SimpleNamespace) -> Browser:
    return _signed_in(app, "zoe@example.com")


@pytest.fixture
def connection(session: Session, people: SimpleNamespace, runtime: Runtime) -> Connection:
    """The company's connection to QuickBooks; nothing has been read yet."""
    account = make_account(session, people.company, remote_account_id="9341450000000001")
    return make_connection(session, account, vault=runtime.vault, connected_by_id=people.ada.id)


@pytest.fixture
def maybes(session: Session, connection: Connection, people: SimpleNamespace) -> Maybes:
    """Three who look like somebody here, and one New."""
    return make_maybes(session, connection, people.company)


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> FakeAccountingClient:
    """What QuickBooks would answer. No test of a page ever reaches the network."""
    client = FakeAccountingClient()
    monkeypatch.setattr(registry, "open_accounting_client", lambda *_args, **_kwargs: client)
    return client


@pytest.fixture
def consent(monkeypatch: pytest.MonkeyPatch) -> FakeAuthorization:
    authorization = FakeAuthorization()
    monkeypatch.setattr(registry, "open_authorization", lambda *_args: authorization)
    return authorization


@pytest.fixture
def run_jobs(runtime: Runtime, wake_ups: WakeUps) -> Callable[[], None]:
    """Carry out the readings and imports that were asked for, as the job engine would."""

    def run() -> None:
        for job, row_id in wake_ups.rows:
            JOBS[job](runtime, row_id)
        wake_ups.rows.clear()

    return run


@pytest.fixture
def running_import(ada: Browser, session: Session, connection: Connection) -> str:
    """The address of an import of 180 customers that has done 112 of them."""
    reading = make_counted(session, connection, unsynced=3)
    form = {"scope": "all", "reading": reading.public_id, "confirmed": "1"}
    address = ada.post(f"{QUICKBOOKS}/imports", form).location
    values = {"chosen_count": 180, "created_count": 91, "linked_count": 20, "skipped_count": 1}
    began_at = NOW - timedelta(seconds=13)
    session.execute(
        update(ImportRun).values(state=ImportState.RUNNING, began_at=began_at, **values)
    )
    session.commit()
    return str(address)
