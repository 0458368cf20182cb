"""What the database does for a page of the review list, from 10,000 to 1,000,000 unsynced (P6)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, event, select

from benchmarks.measuring import Result, at_most, compare, medians_ms
from benchmarks.pages import filled_app
from models import RemoteAccount, RemoteCustomer
from services.database import only_reading
from services.remote_counts import count_unsynced
from services.remote_lists import search
from services.review_counts import count_rows
from services.review_query import ReviewQuery, RowSort
from services.runtime import Runtime

SMALL, MIDDLE, LARGE = 10_000, 100_000, 1_000_000
RUNS = 30
#: Of a company that has used this for a while all but one in so many are linked.
UNSYNCED_EVERY = 20
ROWS_MS, COUNT_MS, FLAT_RATIO = 0.5, 1.0, 2.0
#: How each row differs from the first, by its number; all else is the same in all.
DIFFERING = {
    "id": "number",
    "public_id": "printf('%016x', number)",
    "remote_id": "'many-' || number",
    "name": "'Harbor ' || (number * 7919 % 1000003)",
    "sort_key": "'harbor ' || (number * 7919 % 1000003)",
    "search_text": "'harbor ' || (number * 7919 % 1000003)",
    "balance_cents": "number % 9 * 1250",
}
Asked = list[tuple[str, Any]]


def run() -> list[Result]:
    """Measure the statements of a page in the middle, and of the number behind the alert."""
    with TemporaryDirectory() as folder:
        measured = {size: _of_size(Path(folder) / str(size), size) for size in (SMALL, LARGE)}
        all_ms = _of_size(Path(folder) / str(MIDDLE), MIDDLE)["count"]
        few = Path(folder) / "few"
        few_ms = _of_size(few, MIDDLE, unsynced_every=UNSYNCED_EVERY)["count"]
    rows = {f"{size:,}": each["rows"] for size, each in measured.items()}
    work = "SQL of the rows of a page in the middle"
    return [
        at_most("P6", f"{work}, {LARGE:,} unsynced", rows[f"{LARGE:,}"], ROWS_MS, unit="ms"),
        compare(
            "P6",
            work,
            rows,
            ours=f"{LARGE:,}",
            against=f"{SMALL:,}",
            limit_ratio=FLAT_RATIO,
        ),
        at_most(
            "P6",
            f"SQL of the count, {MIDDLE // UNSYNCED_EVERY:,} of {MIDDLE:,} unsynced",
            few_ms,
            COUNT_MS,
            unit="ms",
        ),
        at_most(
            "P6", f"SQL of the count, all of {MIDDLE:,} unsynced", all_ms, COUNT_MS, unit="ms"
        ).without_goal(),
    ]


def _of_size(folder: Path, size: int, *, unsynced_every: int = 1) -> dict[str, float]:
    """Return the median of each; one after the other, as counting fills SQLite's own memory."""
    folder.mkdir()
    app = filled_app(folder, 1)
    _multiply(folder / "blueclerk.db", size)
    _link_others(folder / "blueclerk.db", unsynced_every)
    runtime: Runtime = app.extensions["runtime"]
    with only_reading(), runtime.sessions() as session:
        account_id: int = session.scalars(select(RemoteAccount.id)).one()
        middle = session.scalars(
            select(RemoteCustomer.public_id)
            .order_by(RemoteCustomer.sort_key)
            .offset(size // 2)
            .limit(1)
        ).one()
        counts = count_rows(session, account_id)
        connection = session.connection()
        page, total = Asked(), Asked()
        with _noting(connection, page):
            search(
                session,
                account_id,
                query=ReviewQuery(),
                sort=RowSort.NAME,
                after=middle,
                counts=counts,
            )
        with _noting(connection, total):
            assert count_unsynced(session, account_id) == size // unsynced_every
        return {
            name: medians_ms({name: partial(_ask, connection, asked)}, runs=RUNS)[name]
            for name, asked in (("rows", page), ("count", total))
        }


@contextmanager
def _noting(connection: Connection, asked: Asked) -> Iterator[None]:
    """Note every statement that the connection is asked meanwhile."""

    def note(*call: Any) -> None:
        asked.append((call[2], call[3]))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", note)


def _ask(connection: Connection, asked: Asked) -> None:
    """Let the driver alone ask the same again."""
    cursor = connection.connection.cursor()
    for statement, values in asked:
        cursor.execute(statement, values)
        cursor.fetchall()
    cursor.close()


def _link_others(path: Path, unsynced_every: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE remote_customer SET state = 'linked' WHERE id % ? <> 0", (unsynced_every,)
        )
        connection.commit()


def _multiply(path: Path, size: int) -> None:
    """Write so many rows like the first; the indexes are built at the end, which is quicker."""
    names = [column.name for column in RemoteCustomer.__table__.columns]
    values = ", ".join(DIFFERING.get(name, f"first.{name}") for name in names)
    with closing(sqlite3.connect(path)) as connection:
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'index' AND tbl_name = 'remote_customer' AND sql IS NOT NULL"
        ).fetchall()
        for name, _sql in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(
            "WITH RECURSIVE numbers(number) AS"
            " (SELECT 2 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?)"
            f" INSERT INTO remote_customer ({', '.join(names)})"
            f" SELECT {values} FROM numbers, remote_customer first WHERE first.id = 1",
            (size,),
        )
        for _name, sql in indexes:
            connection.execute(sql)
        connection.commit()
