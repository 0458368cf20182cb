"""The daily report of 1,000,000 customers against that of 10,000; of 200,000 on PostgreSQL (P8).

Both companies have 200 signups on the day. All others are spread evenly over the five years
before, so each day that is only counted (13 more bars, 7 more of the same weekday) holds a
hundred times as many rows in the large one: 547 against 5, on PostgreSQL 109.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import URL, Connection, Select, create_engine, event, func, select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.measuring import Result, compare, medians_ms
from models import Base, Company, Customer, CustomerOrigin
from models.base import UtcDateTime
from services.database import only_reading, prepare_engine
from services.local_days import day_window
from services.placeholder_email import make_placeholder_email
from services.report_mail import Addressee, Envelope, compose_report
from services.signup_counts import count_windows
from services.signup_report import collect_report, view_last_days
from tests.factories import make_company
from tests.postgresql import NoServer, PostgresqlServer, run_server

RUNS = 40
SMALL, LARGE, LARGE_POSTGRESQL = 10_000, 1_000_000, 200_000
SIGNUPS = 200
YEARS_DAYS = 5 * 365
LIMIT_RATIO = 1.5
COUNT_RATIO = 2.0
PLACEHOLDER_EVERY = 5
ZONE = ZoneInfo("America/New_York")
DAY = date(2026, 11, 19)
WINDOW = day_window(ZONE, DAY)
NOW = WINDOW.end_at + timedelta(hours=7)
COLUMNS = (
    *("public_id", "company_id", "name", "sort_key", "company_name", "email", "email_key"),
    *("is_placeholder_email", "phone", "address", "search_text", "origin", "created_at"),
    *("revision", "kept_revision"),
)
ADDRESSEE = Addressee(
    "ada@example.com", "https://clerk.example.com", unsubscribe_token="t" * 90, local_hour=7
)
ENVELOPE = Envelope("clerk@example.com", "<report.1@example.com>", NOW)


def run() -> list[Result]:
    """Write both mails in turn, then count 90 days in turn; without PostgreSQL on SQLite only."""
    results = _on_sqlite()
    try:
        with run_server() as server:
            return [*results, *_on_postgresql(server)]
    except NoServer as error:
        print(f"report: PostgreSQL cannot be started here, so only SQLite is measured ({error})")
        return results


def _on_sqlite() -> list[Result]:
    with TemporaryDirectory() as folder:
        paths = {size: Path(folder) / f"{size}.db" for size in (SMALL, LARGE)}
        for size, path in paths.items():
            _fill_sqlite(path, size)
        urls = {size: URL.create("sqlite", database=str(path)) for size, path in paths.items()}
        return _measured("SQLite", urls)


def _on_postgresql(server: PostgresqlServer) -> list[Result]:
    urls = {size: server.create_empty() for size in (SMALL, LARGE_POSTGRESQL)}
    for size, url in urls.items():
        _fill_postgresql(url, size)
    return _measured("PostgreSQL", urls)


def _measured(database: str, urls: dict[int, URL]) -> list[Result]:
    size = max(urls)
    with _opened(urls[SMALL]) as small, _opened(urls[size]) as large:
        for sessions in (small, large):
            _check_plan(sessions)
        return [
            _result(
                f"report, {SIGNUPS} signups that day, {database}", _write, small, large, size=size
            ),
            _result(
                f"the page's 90 days, {database}", _count, small, large, size=size, has_limit=False
            ),
            *_against_index(database, large, size),
        ]


def _result(
    work: str,
    way: Callable[[sessionmaker[Session]], object],
    small: sessionmaker[Session],
    large: sessionmaker[Session],
    *,
    size: int,
    has_limit: bool = True,
) -> Result:
    ours, against = f"{size:,}", f"{SMALL:,} customers"
    ways = {ours: lambda: way(large), against: lambda: way(small)}
    return compare(
        "P8",
        f"{work}, {size:,} customers",
        medians_ms(ways, runs=RUNS),
        ours=ours,
        against=against,
        limit_ratio=LIMIT_RATIO if has_limit else None,
    )


def _against_index(database: str, sessions: sessionmaker[Session], size: int) -> list[Result]:
    """Ask both a hundred times, through one session as the report does, and by the driver alone."""
    asked: list[tuple[str, Any]] = []
    ours, against = "listed and filtered of the day", "an index-only count of the day"
    with only_reading(), sessions() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
        count_windows(session, 1, [WINDOW])
        plainly = _plainly()
        assert session.scalar(plainly) == SIGNUPS
        first, last = asked[0], asked[-1]
        by_session = {
            ours: lambda: [count_windows(session, 1, [WINDOW]) for _ in range(100)],
            against: lambda: [session.scalar(plainly) for _ in range(100)],
        }
        by_driver = {
            ours: partial(_ask, connection, *first),
            against: partial(_ask, connection, *last),
        }
        measured = [medians_ms(ways, runs=RUNS) for ways in (by_session, by_driver)]
    work = f"counts of the day a hundred times, {database}, {size:,} customers"
    return [
        compare("P8", work, measured[0], ours=ours, against=against, limit_ratio=COUNT_RATIO),
        compare("P8", f"{work}, the driver alone", measured[1], ours=ours, against=against),
    ]


def _plainly() -> Select[int]:
    return select(func.count()).where(
        Customer.company_id == 1,
        Customer.created_at >= WINDOW.start_at,
        Customer.created_at < WINDOW.end_at,
    )


def _ask(connection: Connection, statement: str, values: Any) -> None:
    """Ask a hundred times: one answer takes less than a clock tells truly."""
    cursor = connection.connection.cursor()
    for _ in range(100):
        cursor.execute(statement, values)
        cursor.fetchall()
    cursor.close()


def _write(sessions: sessionmaker[Session]) -> None:
    with only_reading(), sessions() as session:
        report = collect_report(session, 1, window=WINDOW, now=NOW)
    message = compose_report(report, ADDRESSEE, envelope=ENVELOPE)
    assert str(message["Subject"]).startswith(f"{SIGNUPS} new customers")


def _count(sessions: sessionmaker[Session]) -> None:
    with only_reading(), sessions() as session:
        assert view_last_days(session, 1, days=90, now=NOW)[-1].listed == SIGNUPS


def _check_plan(sessions: sessionmaker[Session]) -> None:
    """Fail where a day is not counted from the indexes alone."""
    asked: list[tuple[str, Any]] = []
    with only_reading(), sessions() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
        collect_report(session, 1, window=WINDOW, now=NOW)
        statement, values = next(call for call in asked if "count(*)" in call[0])
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{explain} {statement}", values).all()
    steps = [step for step in (str(row[-1]) for row in rows) if " customer" in step]
    by_index = re.compile("(COVERING INDEX|Index Only Scan using) ix_customer_(signup|suspect)")
    assert steps and all(map(by_index.search, steps)), steps


@contextmanager
def _opened(url: URL) -> Iterator[sessionmaker[Session]]:
    engine = create_engine(url)
    prepare_engine(engine)
    try:
        yield sessionmaker(engine)
    finally:
        engine.dispose()


def _rows(size: int) -> Iterator[tuple[object, ...]]:
    """Yield the customers of the table, oldest first; the last are the signups of the day."""
    others = size - SIGNUPS
    step = timedelta(days=YEARS_DAYS) / others
    for number in range(others):
        yield _row(number, WINDOW.start_at - step * (others - number), PLACEHOLDER_EVERY)
    for number in range(SIGNUPS):
        yield _row(others + number, WINDOW.start_at + timedelta(minutes=number), size + 1)


def _row(number: int, at: datetime, placeholder_every: int) -> tuple[object, ...]:
    is_placeholder = number % placeholder_every == 1
    name, email = f"Harbor Strata {number:07}", f"customer-{number:07}@example.com"
    if is_placeholder:
        email = make_placeholder_email(
            "quickbooks", company_id=1, remote_account_id="9341450000000001", remote_id=str(number)
        )
    return (
        *(f"{number:016x}", 1, name, name.lower(), "", email, email, is_placeholder),
        *("(814) 555-0117", "", "", CustomerOrigin.JOIN.value, at, 1, 1),
    )


def _fill_sqlite(path: Path, size: int) -> None:
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    _add_company(engine)
    write_moment = UtcDateTime().dialect_impl(engine.dialect).bind_processor(engine.dialect)
    connection = sqlite3.connect(path)
    marks = ", ".join("?" * len(COLUMNS))
    at = COLUMNS.index("created_at")
    rows = ((*row[:at], write_moment(row[at]), *row[at + 1 :]) for row in _rows(size))
    connection.executemany(f"INSERT INTO customer ({', '.join(COLUMNS)}) VALUES ({marks})", rows)
    connection.commit()
    connection.execute("ANALYZE")
    connection.close()
    engine.dispose()


def _fill_postgresql(url: URL, size: int) -> None:
    engine = create_engine(url)
    _add_company(engine)
    engine.dispose()
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        # VACUUM takes no row for visible to all whose commit did not wait for the disk.
        connection.execute("SET synchronous_commit = on")
        copying = f"COPY customer ({', '.join(COLUMNS)}) FROM STDIN"
        with connection.cursor().copy(copying) as copy:
            for row in _rows(size):
                copy.write_row(row)
        # What autovacuum does beside the work: without it no index is enough by itself.
        connection.execute("VACUUM ANALYZE customer")


def _add_company(engine: Any) -> None:
    with Session(engine) as session:
        company = make_company(session, created_at=NOW - timedelta(days=YEARS_DAYS))
        assert isinstance(company, Company) and company.id == 1
