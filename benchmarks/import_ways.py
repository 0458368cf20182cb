"""Ways of writing one import into a copy of one database, each in a process of its own.

`python -m benchmarks.import_ways WAY DATABASE [DONE]` prints what it took as JSON. DONE is the
database after our import: the other ways write exactly its rows.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.orm import Session, configure_mappers, sessionmaker

from benchmarks.measuring import peak_memory_mb
from models import (
    Customer,
    CustomerLink,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
    WhyUnsynced,
)
from services.customer_import import BATCH_ROWS, run_import
from services.database import in_batches, prepare_engine
from services.providers.registry import ProviderAccess
from services.runtime import Runtime, utc_now
from services.token_vault import TokenVault

#: Ours and the raw way have the same, and move the log after each batch (`_watch`).
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=10000",
    "foreign_keys=ON",
    "secure_delete=ON",
    "wal_autocheckpoint=0",
)
MOVE_LOG = "PRAGMA wal_checkpoint(PASSIVE)"
RUN_ID = 1
Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class Took:
    """What writing took; the transactions that wrote, in order, are those of a way that tells."""

    seconds: float
    peak_mb: float = 0.0
    transactions_ms: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)


def ours(path: str, _done: str) -> Took:
    """Carry out the run as the server does."""
    return carry_out(create_engine(f"sqlite:///{path}"))


def carry_out(engine: Engine) -> Took:
    """Carry out the run of the engine's database in this process."""
    prepare_engine(engine)
    took = Took(0.0)
    if engine.dialect.name == "sqlite":
        _watch(engine, took)
    runtime = Runtime(
        sessions=sessionmaker(engine, expire_on_commit=False),
        vault=TokenVault([b"k" * 32]),
        access=lambda _provider: ProviderAccess("id", "secret"),
        public_base_url="http://127.0.0.1",
        wake=lambda _job, _row_id: None,
    )
    started = time.perf_counter()
    run_import(runtime, RUN_ID, is_prepared=True)
    took.seconds = time.perf_counter() - started
    return took


def _watch(engine: Engine, took: Took) -> None:
    """Note how long each transaction of this thread keeps SQLite's lock.

    What SQLite does by itself when a commit has given up the lock, moving its log into the file
    (sqlite.org/c3ref/wal_hook.html, read 2026-11-23), is done here after the clock has stopped.
    """
    me, began = threading.get_ident(), list[tuple[float, float]]()

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA wal_autocheckpoint=0")

    def begin(*call: Any) -> None:
        if call[2] == "BEGIN IMMEDIATE" and threading.get_ident() == me:
            began.append((time.perf_counter(), time.thread_time()))

    def end(connection: sqlite3.Connection, _record: object) -> None:
        if threading.get_ident() == me and began:
            at, processor_at = began.pop()
            took.transactions_ms.append((time.perf_counter() - at) * 1000)
            took.processor_ms.append((time.thread_time() - processor_at) * 1000)
            connection.execute(MOVE_LOG).fetchall()

    event.listen(engine, "connect", prepare)
    event.listen(engine, "after_cursor_execute", begin)
    event.listen(engine, "checkin", end)


def raw(path: str, done: str) -> Took:
    """Write the rows with sqlite3 alone, ready before the clock starts."""
    customers, links, items, remotes = (
        _read(done, sql)
        for sql in (
            "SELECT * FROM customer ORDER BY id",
            "SELECT * FROM customer_link ORDER BY id",
            "SELECT outcome, reason_code, reason, customer_id, filled_fields, id"
            " FROM import_item ORDER BY id",
            "SELECT state, why, why_text, why_at, r.id FROM import_item"
            " JOIN remote_customer r USING (remote_id) ORDER BY import_item.id",
        )
    )
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    started = time.perf_counter()
    now = utc_now().isoformat(" ")
    for start in range(0, len(items), BATCH_ROWS):
        batch = slice(start, start + BATCH_ROWS)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_insert("customer", customers), customers[batch])
        connection.executemany(_insert("customer_link", links), links[batch])
        connection.executemany(
            "UPDATE import_item SET outcome=?, reason_code=?, reason=?, customer_id=?,"
            " filled_fields=? WHERE id=?",
            items[batch],
        )
        connection.executemany(
            "UPDATE remote_customer SET state=?, why=?, why_text=?, why_at=? WHERE id=?",
            remotes[batch],
        )
        connection.execute(
            "UPDATE import_run SET lease_until_at=?, created_count=created_count+? WHERE id=?",
            (now, len(items[batch]), RUN_ID),
        )
        connection.execute("COMMIT")
        connection.execute(MOVE_LOG).fetchall()
    return Took(time.perf_counter() - started)


def orm(path: str, _done: str) -> Took:
    """Write a batch as objects of the ORM: read them, change them, `add_all`, commit."""
    engine = create_engine(f"sqlite:///{path}")
    prepare_engine(engine)
    started = time.perf_counter()
    with Session(engine) as session:
        ids = session.scalars(
            select(ImportItem.id).where(ImportItem.run_id == RUN_ID).order_by(ImportItem.remote_id)
        ).all()
    for batch in in_batches(ids, BATCH_ROWS):
        with Session(engine) as session:
            _write_objects(session, batch)
            session.commit()
    return Took(time.perf_counter() - started)


def _write_objects(session: Session, item_ids: Sequence[int]) -> None:
    pairs = session.execute(
        select(ImportItem, RemoteCustomer)
        .join(RemoteCustomer, RemoteCustomer.remote_id == ImportItem.remote_id)
        .where(ImportItem.id.in_(item_ids))
    ).all()
    customers = [_customer(remote) for _item, remote in pairs]
    session.add_all(customers)
    session.flush()
    for customer, (item, remote) in zip(customers, pairs, strict=True):
        session.add(
            CustomerLink(
                company_id=remote.company_id,
                account_id=remote.account_id,
                remote_id=remote.remote_id,
                customer_id=customer.id,
                linked_at=customer.created_at,
            )
        )
        item.outcome, item.customer_id = ItemOutcome.CREATED, customer.id
        remote.state, remote.why = RemoteState.LINKED, WhyUnsynced.NEVER_IMPORTED
    run = session.get_one(ImportRun, RUN_ID)
    run.created_count += len(pairs)
    run.state = ImportState.RUNNING


def _customer(remote: RemoteCustomer) -> Customer:
    email = remote.email or f"{remote.remote_id}@placeholder.local"
    return Customer(
        company_id=remote.company_id,
        name=remote.name,
        sort_key=remote.sort_key,
        company_name=remote.company_name,
        email=email,
        email_key=email.lower(),
        is_placeholder_email=remote.email is None,
        phone=remote.phone,
        address=remote.address,
        search_text=remote.search_text,
        origin="import",
        created_at=utc_now(),
    )


def _read(path: str, sql: str) -> Rows:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def _insert(table: str, rows: Rows) -> str:
    return f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})"


WAYS: dict[str, Callable[[str, str], Took]] = {"ours": ours, "raw": raw, "orm": orm}


def main() -> None:
    """Write once and print a JSON object."""
    way, path, done = sys.argv[1:4]
    # A server has done this long before.
    configure_mappers()
    took = WAYS[way](path, done)
    took.peak_mb = round(peak_memory_mb(), 1)
    print(json.dumps(asdict(took)))


if __name__ == "__main__":
    main()
