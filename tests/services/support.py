"""What the service tests share: two companies as plain values, and a look at the rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import URL, Select, func, select
from sqlalchemy.orm import Session, sessionmaker

from models import (
    Connection,
    CustomerLink,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    Reading,
    RemoteCustomer,
    Role,
)
from services.providers.contract import CustomerRecord
from services.reading_queue import new_reading
from services.readings import refresh
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_signed_in,
    make_tokens,
    make_user,
)


@dataclass(frozen=True)
class Place:
    """A company with a QuickBooks connection, as ids, so that no test holds a transaction."""

    company_id: int
    account_id: int
    connection_id: int
    admin: SignedIn


def make_place(runtime: Runtime, **admin: Any) -> Place:
    tokens = make_tokens(access_token="access-0", refresh_token="refresh-0")
    with runtime.sessions() as session:
        company = make_company(session)
        user = make_user(session, company, **{"role": Role.ADMIN, **admin})
        account = make_account(session, company)
        connection = make_connection(session, account, vault=runtime.vault, tokens=tokens)
        signed_in = make_signed_in(session, user)
        return Place(company.id, account.id, connection.id, signed_in)


def refuse_open_transactions(url: URL) -> Callable[[], None]:
    """Return a check that fails while somebody holds a transaction open for long.

    On SQLite one that may write; on PostgreSQL any.
    """
    if url.get_backend_name() == "sqlite":
        return partial(_refuse_writer, str(url.database))
    return partial(_refuse_idle, url.set(drivername="postgresql").render_as_string(False))


def _refuse_writer(path: str) -> None:
    with closing(sqlite3.connect(path, timeout=2, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _refuse_idle(address: str) -> None:
    idle = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    with psycopg.connect(address, autocommit=True) as connection:
        for _ in range(200):
            if connection.execute(idle).fetchone() == (0,):
                return
            connection.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("a transaction is open while somebody else is asked")


def read(runtime: Runtime, place: Place) -> int:
    """Ask for a reading and carry it out; return its row id."""
    reading_id = ask(runtime, place)
    refresh(runtime, reading_id)
    return reading_id


def ask(runtime: Runtime, place: Place) -> int:
    """Ask for a reading without carrying it out."""
    with runtime.sessions() as session:
        connection = session.get_one(Connection, place.connection_id)
        reading = new_reading(session, connection, now=runtime.clock())
        session.commit()
        return reading.id


def queue_import(runtime: Runtime, place: Place, remote_ids: Sequence[str]) -> int:
    """Write a run that waits to be carried out; return its row id."""
    with runtime.sessions() as session:
        run = ImportRun(
            company_id=place.company_id,
            account_id=place.account_id,
            requested_by_id=place.admin.user_id,
            state=ImportState.QUEUED,
            created_at=runtime.clock(),
            chosen_count=len(remote_ids),
        )
        session.add(run)
        session.flush()
        session.add_all(
            ImportItem(run_id=run.id, remote_id=remote_id, outcome=ItemOutcome.PENDING)
            for remote_id in remote_ids
        )
        session.commit()
        return run.id


def one(sessions: sessionmaker[Session], table: Any, row_id: int) -> Any:
    """Return a row as it is now, usable after its session."""
    with sessions() as session:
        row = session.get_one(table, row_id)
        session.expunge(row)
        return row


def rows(sessions: sessionmaker[Session], query: Select[Any]) -> Sequence[Any]:
    with sessions() as session:
        return session.execute(query).all()


def count(sessions: sessionmaker[Session], table: Any, *conditions: Any) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def remote_states(sessions: sessionmaker[Session], place: Place) -> dict[str, str]:
    """Return the state of every remote customer by its remote id."""
    query = select(RemoteCustomer.remote_id, RemoteCustomer.state).where(
        RemoteCustomer.account_id == place.account_id
    )
    return {remote_id: state.value for remote_id, state in rows(sessions, query)}


def public_ids(sessions: sessionmaker[Session], place: Place, *remote_ids: str) -> list[str]:
    """Return the ids that pages use, in the order asked for."""
    query = select(RemoteCustomer.remote_id, RemoteCustomer.public_id).where(
        RemoteCustomer.account_id == place.account_id
    )
    known = {remote_id: public_id for remote_id, public_id in rows(sessions, query)}
    return [known[remote_id] for remote_id in remote_ids]


def links(sessions: sessionmaker[Session], place: Place) -> dict[str, int]:
    """Return the customer's row id of every linked remote id."""
    query = select(CustomerLink.remote_id, CustomerLink.customer_id).where(
        CustomerLink.account_id == place.account_id
    )
    return {remote_id: customer_id for remote_id, customer_id in rows(sessions, query)}


def record(number: int, **overrides: Any) -> CustomerRecord:
    """A customer of the books, changed at a moment of its own."""
    values: dict[str, Any] = {
        "remote_id": str(number),
        "name": f"Customer {number}",
        "emails_text": f"customer-{number}@example.com",
        "remote_updated_at": NOW - timedelta(days=1),
    }
    return CustomerRecord(**values | overrides)


def last_reading(sessions: sessionmaker[Session]) -> Reading:
    with sessions() as session:
        reading = session.scalars(select(Reading).order_by(Reading.id.desc()).limit(1)).one()
        session.expunge(reading)
        return reading
