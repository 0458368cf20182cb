"""Our import on PostgreSQL against COPY of the same rows in the same batches (P7).

`python -m benchmarks.import_postgresql WAY DATABASE [DONE]` writes once and prints what it took.
The server waits for its disk at each commit, as it does by default.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.orm import configure_mappers

from benchmarks.import_ways import RUN_ID, Rows, Took, carry_out
from benchmarks.measuring import Result, compare
from benchmarks.pages import filled_app
from benchmarks.review import record
from extensions import db
from models import RemoteAccount
from services.customer_import import BATCH_ROWS, start_import
from services.database import in_batches
from services.import_choice import ImportScope
from services.runtime import Runtime
from tests.postgresql import QUICK, NoServer, PostgresqlServer, run_server

RUNS = {10_000: 3}
LIMIT_RATIO = 3.0
#: What an import leaves, as the columns that COPY brings into a table of its own for an update.
ITEM_COLUMNS = "id, outcome, reason_code, reason, customer_id, filled_fields"
REMOTE_COLUMNS = "id, state, why, why_text, why_at"
COUNTED = ("customer", "customer_link", "import_item WHERE outcome = 'created'")


def run() -> list[Result]:
    """Let both ways write into copies of one database, in turn; nothing without a server."""
    try:
        with run_server() as server:
            for setting in QUICK:
                server.run(f"ALTER SYSTEM RESET {setting}")
            server.run("SELECT pg_reload_conf()")
            return [_measure(server, size) for size in RUNS]
    except NoServer as error:
        print(f"import: PostgreSQL cannot be started here ({error})")
        return []


def _measure(server: PostgresqlServer, size: int) -> Result:
    with _queued(server, size) as queued:
        done = server.copy(queued)
        _take("ours", done, done)
        took: dict[str, list[float]] = {"ours": [], "COPY": []}
        for _ in range(RUNS[size]):
            for way, each in took.items():
                target = server.copy(queued)
                each.append(_take(way, target, done).seconds * 1000)
                assert _counts(target) == [size] * len(COUNTED), f"{way} wrote something else"
                server.drop(target)
    return compare(
        "P7",
        f"import of {size:,}, PostgreSQL",
        {way: statistics.median(each) for way, each in took.items()},
        ours="ours",
        against="COPY",
        limit_ratio=LIMIT_RATIO,
    )


@contextmanager
def _queued(server: PostgresqlServer, size: int) -> Iterator[URL]:
    """Yield a database in which an import of so many waits, and nobody is connected to."""
    url = server.create()
    with TemporaryDirectory() as folder:
        address = url.render_as_string(hide_password=False)
        app = filled_app(Path(folder), size, record=record, database_url=address)
        runtime: Runtime = app.extensions["runtime"]
        with runtime.sessions() as session:
            start_import(
                session,
                session.query(RemoteAccount.id).scalar(),
                choice=ImportScope.ALL,
                requested_by_id=None,
                wake=runtime.wake,
                now=runtime.clock(),
            )
        with app.app_context():
            db.engine.dispose()
    with _connected(url) as connection:
        connection.autocommit = True
        # What an import writes into is left as a new company has it: nobody has counted it yet.
        connection.execute("VACUUM ANALYZE remote_customer, import_item")
    yield url


def _take(way: str, url: URL, done: URL) -> Took:
    addresses = [each.render_as_string(hide_password=False) for each in (url, done)]
    command = [sys.executable, "-m", "benchmarks.import_postgresql", way, *addresses]
    answer = subprocess.run(command, capture_output=True, check=True, text=True)
    return Took(**json.loads(answer.stdout))


def _connected(url: URL) -> psycopg.Connection[tuple[Any, ...]]:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address)


def _counts(url: URL) -> list[int]:
    with _connected(url) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {name}".encode()) for name in COUNTED]
        return [count.fetchall()[0][0] for count in counts]


def ours(url: URL, _done: URL) -> Took:
    """Carry out the run as a worker does."""
    return carry_out(create_engine(url))


def copy(url: URL, done: URL) -> Took:
    """Write the rows with COPY, ready before the clock starts."""
    tables = _read(done)
    with _connected(url) as connection:
        started = time.perf_counter()
        for name, columns in (("import_item", ITEM_COLUMNS), ("remote_customer", REMOTE_COLUMNS)):
            connection.execute(
                f"CREATE TEMP TABLE new_{name} AS SELECT {columns} FROM {name} LIMIT 0".encode()
            )
        batches = {name: list(in_batches(rows, BATCH_ROWS)) for name, rows in tables.items()}
        for number in range(len(batches["customer"])):
            _copy_batch(connection, {name: each[number] for name, each in batches.items()})
            connection.commit()
        return Took(time.perf_counter() - started)


def _copy_batch(connection: psycopg.Connection[Any], tables: Mapping[str, Rows]) -> None:
    cursor = connection.cursor()
    for name, rows in tables.items():
        with cursor.copy(f"COPY {name} FROM STDIN".encode()) as into:
            for row in rows:
                into.write_row(row)
    for name, columns in (("import_item", ITEM_COLUMNS), ("remote_customer", REMOTE_COLUMNS)):
        values = ", ".join(f"{each} = new.{each}" for each in columns.split(", ")[1:])
        cursor.execute(f"UPDATE {name} SET {values} FROM new_{name} new WHERE new.id = {name}.id")
        cursor.execute(f"TRUNCATE new_{name}")
    cursor.execute(
        "UPDATE import_run SET lease_until_at = now(), created_count = created_count + %s"
        " WHERE id = %s",
        (BATCH_ROWS, RUN_ID),
    )


def _read(done: URL) -> dict[str, Rows]:
    sources = {
        "customer": "SELECT * FROM customer ORDER BY id",
        "customer_link": "SELECT * FROM customer_link ORDER BY id",
        "new_import_item": f"SELECT {ITEM_COLUMNS} FROM import_item ORDER BY remote_id",
        "new_remote_customer": f"SELECT {REMOTE_COLUMNS} FROM remote_customer ORDER BY remote_id",
    }
    with _connected(done) as connection:
        return {name: connection.execute(sql.encode()).fetchall() for name, sql in sources.items()}


WAYS: dict[str, Callable[[URL, URL], Took]] = {"ours": ours, "COPY": copy}


def main() -> None:
    """Write once and print a JSON object."""
    way, url, done = sys.argv[1:4]
    # A worker has done this long before.
    configure_mappers()
    print(json.dumps(asdict(WAYS[way](make_url(url), make_url(done)))))


if __name__ == "__main__":
    main()
