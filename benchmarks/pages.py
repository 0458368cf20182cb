"""The collapsed page against a bare page behind a login, and the reopened alert against it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from app import create_app
from benchmarks.measuring import Result, at_most, compare, medians_ms
from benchmarks.served import DATABASE, OUR_PAGE
from benchmarks.serving import EMAIL, PASSWORD, Browser, serving, worker_of
from config import load_settings, new_keys
from extensions import db
from models import Base, Bin, Company, Reading, RemoteCustomer, RemoteState, Role
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
#: So long the processor is watched for each page: its clock ticks a hundred times a second.
WATCHED_S = 2.0
SIZES = (1_204, 100_000)
STATEMENTS = 3
#: Of a company that has used this for a while all but one in so many are linked.
UNSYNCED_EVERY = 20
PAGE = "/settings/integrations/quickbooks"
OURS, AGAIN = "collapsed page", "opened again"
BARE, TINY = "login, one query, our page as one template", "login, one query, ten lines of template"
#: What a browser says for a page it is led to by a link of ours.
AS_BROWSERS = {"Accept-Encoding": "gzip, br", "Sec-Fetch-Site": "same-origin"}
KEYS = new_keys()


def run() -> list[Result]:
    """Measure both claims for a small and a large company, over HTTP on one kind of server."""
    return [result for size in SIZES for result in _of_size(size)]


def _of_size(size: int) -> list[Result]:
    with _served(size) as (asking, workers, statements):
        measured = medians_ms(asking, runs=RUNS)
        spent = {name: _processor_ms(asking[name], workers[name]) for name in (OURS, BARE, TINY)}
    of_size = f"{size:,} customers"
    page = f"collapsed page, {of_size}"
    return [
        compare("P5", page, measured, ours=OURS, against=BARE, limit_ratio=2.2),
        compare("P5", f"{page}, processor time", spent, ours=OURS, against=BARE),
        compare("P5", f"{page}, processor time", spent, ours=OURS, against=TINY),
        at_most("P5", f"{page}: statements", statements, STATEMENTS, unit=""),
        compare(
            "P4",
            f"opened again within the minute, {of_size}",
            measured,
            ours=AGAIN,
            against=OURS,
            limit_ratio=3.0,
        ),
    ]


@contextmanager
def _served(
    size: int,
) -> Iterator[tuple[dict[str, Callable[[], object]], dict[str, int], int]]:
    """Yield ways that ask for each page, the process behind each, and our page's statements."""
    with TemporaryDirectory() as folder:
        app = filled_app(Path(folder), size)
        _link_most(app)
        statements = _statements(app)
        environ = environment(folder)
        kept = Path(folder, "page.html")
        with (
            serving("benchmarks.served:ours()", environ) as (port, ours),
            Browser(port) as browser,
        ):
            kept.write_bytes(browser.sign_in().getting(PAGE)())
            with (
                serving("benchmarks.served:bare()", {**environ, OUR_PAGE: str(kept)}) as (at, bare),
                Browser(at) as bare_browser,
            ):
                bare_browser.ask("/login/1")
                _read_just_now(app)
                asking: dict[str, Callable[[], object]] = {
                    OURS: browser.getting(PAGE, AS_BROWSERS),
                    BARE: bare_browser.getting("/like-ours", AS_BROWSERS),
                    TINY: bare_browser.getting("/", AS_BROWSERS),
                    AGAIN: browser.getting(f"{PAGE}/unsynced", {"HX-Request": "true"}),
                }
                for way in list(asking.values()) * 20:
                    way()
                workers = {OURS: worker_of(ours), BARE: worker_of(bare), TINY: worker_of(bare)}
                yield asking, workers, statements


def environment(folder: str) -> Mapping[str, str]:
    """Return the settings of a server over the database of `filled_app` in that folder."""
    return KEYS | {
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_INSTANCE_FOLDER": folder,
        # Nobody listens there, so that no job ever asks a real provider.
        "BLUECLERK_SANDBOX_URL": "http://127.0.0.1:9",
        DATABASE: f"{folder}/blueclerk.db",
    }


def _processor_ms(way: Callable[[], object], worker: int) -> float:
    """Return what one answer takes of the processor, which a busy machine does not change."""
    before, count = _processor_s(worker), 0
    until = perf_counter() + WATCHED_S
    while perf_counter() < until:
        way()
        count += 1
    return (_processor_s(worker) - before) / count * 1000


def _processor_s(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _statements(app: Flask) -> int:
    """Return how many statements the collapsed page takes."""
    client = signed_in(app)
    get, asked = getting(client, PAGE), list[str]()
    get()
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    get()
    return sum(not statement.startswith("BEGIN") for statement in asked)


def _link_most(app: Flask) -> None:
    runtime: Runtime = app.extensions["runtime"]
    with runtime.sessions() as rows:
        rows.execute(
            update(RemoteCustomer)
            .where(RemoteCustomer.id % UNSYNCED_EVERY != 0)
            .values(state=RemoteState.LINKED)
        )
        rows.commit()


def _read_just_now(app: Flask) -> None:
    """The minute begins when everything is warm."""
    runtime: Runtime = app.extensions["runtime"]
    with runtime.sessions() as rows:
        rows.execute(update(Reading).values(finished_at=utc_now()))
        rows.commit()


def filled_app(
    folder: Path,
    size: int,
    *,
    record: Callable[[int], CustomerRecord] | None = None,
    database_url: str = "",
) -> Flask:
    """Return an application whose company has so many unsynced, made by number by `record`.

    Without an address its database is a file in the folder.
    """
    environ = KEYS | {"BLUECLERK_ENV": "demo", "BLUECLERK_INSTANCE_FOLDER": str(folder)}
    environ |= {"BLUECLERK_DATABASE_URL": database_url} if database_url else {}
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
            email=EMAIL,
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
    form = {"email": EMAIL, "password": PASSWORD, "csrf_token": token}
    assert client.post("/login", data=form).status_code in (302, 303)
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
