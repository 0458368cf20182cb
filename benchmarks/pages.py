"""The collapsed page against a bare page with a login, and the reopened alert against it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask, render_template_string, session
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app import create_app
from benchmarks.measuring import Result, compare, medians_ms
from config import load_settings, new_keys
from extensions import db
from models import Base, Bin, Company, RemoteCustomer, Role
from services import accounts
from services.prepared_rows import prepare_difference
from services.providers.contract import CustomerPage, CustomerRecord
from services.reading_pages import ReadingPages
from services.remote_customers import store_difference
from services.runtime import Runtime, utc_now
from tests.factories import (
    make_account,
    make_connection,
    make_reading,
    make_record,
)

RUNS = 200
SIZES = (1_204, 100_000)
PASSWORD = "benchmark-password"
PAGE = "/settings/integrations/quickbooks"
BARE_PAGE = """<!doctype html><title>{{ name }}</title><h1>{{ name }}</h1>
<ul>{% for item in items %}<li>{{ item }}</li>{% endfor %}</ul>"""


def run() -> list[Result]:
    """Measure both claims for a small and a large company."""
    return [result for size in SIZES for result in _of_size(size)]


def _of_size(size: int) -> list[Result]:
    with TemporaryDirectory() as folder:
        app = filled_app(Path(folder), size)
        client = signed_in(app)
        bare = _bare_client(Path(folder) / "blueclerk.db")
        measured = medians_ms(
            {
                "collapsed page": getting(client, PAGE),
                "login, one query, one template": getting(bare, "/"),
                "opened again": getting(client, f"{PAGE}/unsynced", {"HX-Request": "true"}),
            },
            runs=RUNS,
        )
    return [
        compare(
            "P5",
            f"collapsed page, {size:,} customers",
            measured,
            ours="collapsed page",
            against="login, one query, one template",
            limit_ratio=2.2,
        ),
        compare(
            "P4",
            f"opened again within the minute, {size:,} customers",
            measured,
            ours="opened again",
            against="collapsed page",
            limit_ratio=3.0,
        ),
    ]


def filled_app(
    folder: Path, size: int, *, record: Callable[[int], CustomerRecord] | None = None
) -> Flask:
    """Return an application whose company has so many unsynced, made by number by `record`."""
    environ = new_keys() | {"BLUECLERK_ENV": "demo", "BLUECLERK_INSTANCE_FOLDER": str(folder)}
    now = utc_now()
    # With a clock that stands, a list is opened within its minute on a slow machine as well.
    app = create_app(load_settings(environ), clock=lambda: now)
    with app.app_context():
        Base.metadata.create_all(db.engine)
    runtime: Runtime = app.extensions["runtime"]
    with runtime.sessions() as rows:
        company = accounts.add_company(
            rows, name="Bench", slug="bench", zone="America/New_York", now=now
        )
        accounts.add_user(
            rows,
            company.id,
            email="ada@example.com",
            name="Ada",
            role=Role.ADMIN,
            password=PASSWORD,
            now=now,
        )
        records = tuple(map(record or _record, range(size)))
        _fill(runtime, rows.get_one(Company, company.id), rows, records, now=now)
    return app


def _record(number: int) -> CustomerRecord:
    return make_record(balance_cents=number % 7 * 100)


def _fill(
    runtime: Runtime,
    company: Company,
    rows: Session,
    records: tuple[CustomerRecord, ...],
    *,
    now: datetime,
) -> None:
    account = make_account(rows, company)
    connection = make_connection(rows, account, vault=runtime.vault)
    reading = make_reading(rows, connection, counted_count=len(records), finished_at=now)
    pages = ReadingPages()
    pages.add(CustomerPage(records))
    store_difference(
        rows,
        account_id=account.id,
        reading_id=reading.id,
        prepared=prepare_difference(rows, account_id=account.id, pages=pages, is_whole=True),
        now=now,
    )
    compared = {"kept_revision": RemoteCustomer.revision, "bin": Bin.NEW}
    rows.execute(update(RemoteCustomer).values(compared))
    rows.commit()


def signed_in(app: Flask) -> FlaskClient:
    """Return a client with Ada signed in."""
    client = app.test_client()
    page = client.get("/login").get_data(as_text=True)
    token = page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    form = {"email": "ada@example.com", "password": PASSWORD, "csrf_token": token}
    assert client.post("/login", data=form).status_code in (302, 303)
    return client


def _bare_client(database: Path) -> FlaskClient:
    """A page with a signed cookie, one query by hand and a template: the limit for ours."""
    bare = Flask("bare")
    bare.secret_key = "k" * 32
    connection = sqlite3.connect(database, check_same_thread=False)

    @bare.get("/")
    def page() -> str:
        user = connection.execute(
            "SELECT name FROM user_account WHERE id = ?", (session["user_id"],)
        ).fetchone()
        return render_template_string(BARE_PAGE, name=user[0], items=range(20))

    client = bare.test_client()
    with client.session_transaction() as cookie:
        cookie["user_id"] = 1
    return client


def getting(
    client: FlaskClient, path: str, headers: dict[str, str] | None = None
) -> Callable[[], object]:
    """Return a way that asks for the whole page and fails where it is not given."""

    def get() -> object:
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200, answer.status
        return answer.get_data()

    return get
