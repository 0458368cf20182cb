"""Writers queue, readers do not, nothing is overwritten unseen."""

from __future__ import annotations

import sqlite3
import threading
import traceback
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from models import Company, SignIn
from services.database import forgettable, in_batches, only_reading, prepare_engine
from tests.factories import NOW, make_company
from tests.services import workers
from tests.services.support import count, one


def test_sqlite_is_opened_safe_and_patient(database_path: Path) -> None:
    engine = create_engine(f"sqlite:///{database_path}")
    prepare_engine(engine)

    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    engine.dispose()

    full = 2
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": full,
        "busy_timeout": 10_000,
        "foreign_keys": 1,
    }


def test_only_a_forgettable_unit_does_without_the_disk(database_path: Path) -> None:
    engine = create_engine(f"sqlite:///{database_path}")
    prepare_engine(engine)
    found = []

    for is_forgettable in (True, True, False, False, True, False):
        with Session(engine) as session:
            if is_forgettable:
                forgettable(session)
            found.append(session.scalar(text("PRAGMA synchronous")))
            session.commit()
    engine.dispose()

    normal, full = 1, 2
    assert found == [normal, normal, full, full, normal, full]


@pytest.mark.both_databases(in_suite=True)
def test_what_may_be_forgotten_is_seen_by_others(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        forgettable(session)
        make_company(session)
        session.commit()

    assert count(sessions, Company) == 1


def test_another_database_is_left_as_it_is() -> None:
    engine = create_engine("postgresql+psycopg://nobody@localhost/nothing")

    prepare_engine(engine)

    assert not engine.dialect.name.startswith("sqlite")


def test_a_row_that_points_to_nobody_is_refused(session: Session) -> None:
    session.add(
        SignIn(
            token_hash="0" * 64,
            user_id=10_000,
            created_at=NOW,
            last_seen_at=NOW,
            password_checked_at=NOW,
        )
    )

    with pytest.raises(IntegrityError):
        session.commit()


@pytest.mark.both_databases(in_suite=True)
def test_no_error_holds_the_values_of_a_statement(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    make_company(session, slug="canary")

    with sessions() as other, pytest.raises(IntegrityError) as caught:
        make_company(other, slug="canary")

    told = "".join(traceback.format_exception(caught.value))
    assert "canary" not in told.replace('slug="canary"', "")


def test_a_second_writer_waits_for_the_first_instead_of_failing(
    sessions: sessionmaker[Session],
) -> None:
    is_waiting = threading.Event()

    def write_second() -> None:
        is_waiting.set()
        with sessions() as session:
            make_company(session, slug="second")

    with sessions() as first:
        first.add(Company(slug="first", name="First", zone="UTC", created_at=NOW))
        first.flush()
        second = threading.Thread(target=write_second)
        second.start()
        assert is_waiting.wait(10)
        first.commit()
    second.join()

    with sessions() as session:
        assert session.scalars(select(Company.slug).order_by(Company.id)).all() == [
            "first",
            "second",
        ]


@pytest.mark.sqlite_only
def test_threads_that_read_and_write_lose_no_update(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        company_id = make_company(session, name="0").id

    def count_up() -> None:
        for _ in range(5):
            with sessions() as session:
                company = session.get_one(Company, company_id)
                company.name = str(int(company.name) + 1)
                session.commit()

    assert workers.in_threads(count_up, 8) == [None] * 8
    assert one(sessions, Company, company_id).name == "40"


def test_a_unit_that_only_reads_takes_no_write_lock(
    sessions: sessionmaker[Session], database_path: Path
) -> None:
    with only_reading(), sessions() as session:
        session.scalars(select(Company)).all()

        with closing(sqlite3.connect(database_path, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")


@pytest.mark.both_databases(in_suite=True)
def test_a_reader_sees_one_state_while_somebody_writes(sessions: sessionmaker[Session]) -> None:
    with only_reading(), sessions() as reader:
        before = len(reader.scalars(select(Company)).all())
        writer = threading.Thread(target=_add_company, args=(sessions,))
        writer.start()
        writer.join()
        after = len(reader.scalars(select(Company)).all())

    assert before == after
    assert count(sessions, Company) == before + 1


def test_only_reading_ends_with_its_block(
    sessions: sessionmaker[Session], database_path: Path
) -> None:
    with only_reading():
        pass

    with sessions() as session:
        session.execute(text("SELECT 1"))
        other = sqlite3.connect(database_path, timeout=0, isolation_level=None)
        with closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")


def test_a_lock_that_never_ends_is_an_error_and_no_hang(database_path: Path) -> None:
    engine = create_engine(f"sqlite:///{database_path}")
    prepare_engine(engine)
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA busy_timeout=20")
    with closing(sqlite3.connect(database_path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")

        with engine.connect() as waiting, pytest.raises(OperationalError, match="locked"):
            waiting.begin()

    engine.dispose()


@pytest.mark.parametrize(
    ("size", "batches"), [(0, []), (1, [1]), (500, [500]), (501, [500, 1]), (1000, [500, 500])]
)
def test_batches_hold_five_hundred_at_most(size: int, batches: list[int]) -> None:
    assert [len(batch) for batch in in_batches(range(size))] == batches


def _add_company(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        make_company(session)
