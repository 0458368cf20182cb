"""Where a round happens: the sandbox, a company that reads from it, and the saved beginnings.

`before` is the company with everybody unsynced, `imported` the same after an import of all.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.orm import Session, sessionmaker

from app import create_app
from commands.demo_data import PASSWORD, _add_companies, _connect, _rows
from commands.demo_look_alikes import DOUBTFUL, SAME, make_look_alikes
from commands.reading import read_in_process
from config import load_settings
from extensions import db
from models import CustomerOrigin
from services import customers, sign_ins
from services.connections import require_connection
from services.customer_import import run_import, start_import
from services.env_file import read_env_file
from services.import_choice import ImportScope
from services.match_job import ensure_matched
from services.providers.contract import ProviderKey
from services.review_query import RowFilter
from services.runtime import Runtime, utc_now
from services.sign_ins import SignedIn
from tests.crash.databases import Database, look
from tests.system.asking import csrf_token

#: Three batches.
CUSTOMERS = 1_200
ACCOUNT_ID = 1
BEFORE, IMPORTED = "before", "imported"


@dataclass(frozen=True)
class Credentials:
    """How the rounds sign in as ada, and which import they undo."""

    cookie: str
    csrf: str
    sign_in: str
    reading: str
    import_id: str


@contextmanager
def run_sandbox(folder: Path) -> Iterator[str]:
    """Run the sandbox with so many customers in QuickBooks; return its address."""
    ready = folder / "sandbox.env"
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--smtp-port", "0"]
    command += ["--state", str(folder / "sandbox.db"), "--ready-file", str(ready)]
    with (folder / "sandbox.out").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        give_up_at = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None, (folder / "sandbox.out").read_text()
            assert time.monotonic() < give_up_at, "the sandbox did not start"
            time.sleep(0.05)
        address = read_env_file(ready)["SANDBOX_URL"]
        wish = {"provider": "quickbooks", "size": CUSTOMERS}
        requests.post(f"{address}/control/reset", json=wish, timeout=60).raise_for_status()
        yield address
    finally:
        process.kill()
        process.wait()


def environment(
    folder: Path, database: Database, sandbox: str, keys: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings of a process that works on the database."""
    return {
        **keys,
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        "BLUECLERK_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "BLUECLERK_PUBLIC_BASE_URL": "http://127.0.0.1:5000",
        "BLUECLERK_SANDBOX_URL": sandbox,
        "BLUECLERK_QUICKBOOKS_CLIENT_ID": "sandbox-quickbooks-client",
        "BLUECLERK_QUICKBOOKS_CLIENT_SECRET": "sandbox-quickbooks-secret",
    }


def prepare(environ: Mapping[str, str], database: Database) -> Credentials:
    """Fill the database through the real services, and save it before and after an import."""
    app = create_app(load_settings(environ))
    runtime: Runtime = app.extensions["runtime"]
    with app.app_context():
        upgrade()
    _fill(runtime)
    reading = look(database.url, "SELECT public_id FROM reading ORDER BY id DESC")[0][0]
    cookie, csrf = _sign_in(app)
    with runtime.sessions() as session:
        at = runtime.clock()
        token = sign_ins.sign_in(session, email="ada@example.com", password=PASSWORD, now=at)
    _leave(app)
    database.save(BEFORE)
    import_id = queue_import(runtime.sessions)
    run_import(runtime, look(database.url, "SELECT id FROM import_run")[0][0], is_prepared=True)
    _leave(app)
    database.save(IMPORTED)
    return Credentials(cookie, csrf, token, reading, import_id)


def queue_import(sessions: sessionmaker[Session]) -> str:
    """Ask for an import of all, and leave it to others to carry it out."""
    with sessions() as session:
        return start_import(
            session,
            ACCOUNT_ID,
            choice=ImportScope.ALL,
            creates_maybes=True,
            requested_by_id=None,
            wake=lambda _job, _row_id: None,
            now=utc_now(),
        ).public_id


def _sign_in(app: Flask) -> tuple[str, str]:
    """Sign in as ada; return the session cookie and the token that her forms carry."""
    with app.test_client() as client:
        page = client.get("/login").text
        form = {"email": "ada@example.com", "password": PASSWORD, "csrf_token": csrf_token(page)}
        assert client.post("/login", data=form).status_code == 303
        csrf = csrf_token(client.get("/settings/integrations/quickbooks").text)
        cookie = client.get_cookie("blueclerk")
    assert cookie is not None
    return cookie.value, csrf


def _leave(app: Flask) -> None:
    """Close whatever this process has open in the database."""
    with app.app_context():
        db.engine.dispose()


def _fill(runtime: Runtime) -> None:
    now = runtime.clock()
    ada: SignedIn = _add_companies(runtime, now=now)
    _connect(runtime, ada)
    read_in_process(runtime, ada.company_id, ProviderKey.QUICKBOOKS)
    with runtime.sessions() as session:
        connection = require_connection(session, ada.company_id, ProviderKey.QUICKBOOKS)
        assert connection.account_id == ACCOUNT_ID
    alike = make_look_alikes(_rows(runtime, ACCOUNT_ID, RowFilter.UNSYNCED), (*DOUBTFUL, *SAME))
    with runtime.sessions() as session:
        for each in alike:
            customers.add_customer(
                session, ada.company_id, each.details, origin=CustomerOrigin.HAND, now=now
            )
    ensure_matched(runtime, ACCOUNT_ID)
