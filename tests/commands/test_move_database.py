"""Moving to another database: every row with its id, or none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import URL, Engine, make_url, select, text, update
from sqlalchemy.orm import Session

from extensions import db
from models import Base, Company, Customer, ImportRun, ImportState, RunKind
from services.database_move import MoveImpossible, move, open_target
from services.heartbeat import TICK, note_beat
from services.runtime import Runtime
from services.schema import newest_schema
from tests.commands.conftest import Run
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
    make_report_recipient,
    make_user,
)
from tests.postgresql import PostgresqlServer

VERSION = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"


@pytest.fixture
def served(app: Flask, runtime: Runtime) -> Runtime:
    """The runtime of an application whose database was migrated and is in use."""
    with app.app_context():
        _stamp(db.engine)
    with runtime.sessions() as session:
        _fill(session)
    return runtime


@pytest.fixture
def target(empty_database: Path, tmp_path: Path) -> Iterator[Engine]:
    """Another SQLite database, migrated and empty."""
    path = tmp_path / "other.db"
    shutil.copy(empty_database, path)
    with _opened(make_url(f"sqlite:///{path}")) as engine:
        _stamp(engine)
        yield engine


def test_every_row_arrives_and_the_command_counts_them(
    run: Run, served: Runtime, target: Engine
) -> None:
    result = _move(run, target)

    assert result.exit_code == 0, result.output
    with served.sessions() as session:
        assert _rows(target) == _rows(session.get_bind())
    assert "           3  customer\n" in result.output
    assert "Copied " in result.output


@pytest.mark.full
def test_it_goes_to_postgresql_and_back_and_ids_go_on_after_the_last(
    served: Runtime, target: Engine, postgresql: PostgresqlServer, empty_postgresql: URL
) -> None:
    url = postgresql.copy(empty_postgresql)
    with served.sessions() as session, _opened(url) as there:
        source = session.get_bind()
        assert isinstance(source, Engine)
        _stamp(there)

        move(source, there)
        move(there, target)

        assert _rows(there) == _rows(source) == _rows(target)
        with Session(there) as new:
            make_customer(new, new.scalars(select(Company)).first() or make_company(new))
    postgresql.drop(url)


@pytest.mark.full
def test_what_postgresql_cannot_store_leaves_nothing_there_and_is_told_without_its_value(
    served: Runtime, postgresql: PostgresqlServer, empty_postgresql: URL
) -> None:
    url = postgresql.copy(empty_postgresql)
    with served.sessions() as session, _opened(url) as there:
        session.execute(update(Customer).values(name="Canary" * 100))
        session.commit()
        source = session.get_bind()
        assert isinstance(source, Engine)
        _stamp(there)

        with pytest.raises(MoveImpossible, match="Nothing was copied: value too long") as refusal:
            move(source, there)

        assert str(refusal.value).endswith("(in a row of customer).")
        assert "Canary" not in str(refusal.value)
        assert not any(_rows(there).values())
    postgresql.drop(url)


def test_a_database_that_is_not_empty_is_refused(run: Run, served: Runtime, target: Engine) -> None:
    with Session(target) as session:
        make_company(session, name="Somebody else")

    result = _move(run, target)

    assert result.exit_code == 1
    assert "The database there is not empty (company)." in result.output
    with Session(target) as session:
        assert session.scalars(select(Customer)).all() == []


def test_a_database_without_tables_is_refused(run: Run, served: Runtime, tmp_path: Path) -> None:
    with _opened(make_url(f"sqlite:///{tmp_path / 'none.db'}")) as target:
        result = _move(run, target)

    assert result.exit_code == 1
    assert "The tables there are not those of this release." in result.output


def test_a_database_that_a_server_works_on_is_refused_until_yes(
    run: Run, served: Runtime, target: Engine
) -> None:
    with served.sessions() as session:
        note_beat(session, name=TICK, now=served.clock())

    refused, copied = _move(run, target), _move(run, target, "--yes")

    assert refused.exit_code == 1
    assert "A server worked on this database in the last two minutes." in refused.output
    assert copied.exit_code == 0


def test_an_address_that_is_none_is_told_in_one_line(run: Run, served: Runtime) -> None:
    result = run("move-database", "--to", "mysql://there/blueclerk")

    assert result.exit_code == 1
    assert result.output == (
        "Error: --to cannot be used: it must start with sqlite:/// or postgresql://.\n"
    )


def test_the_database_of_now_is_no_other_one(run: Run, app: Flask, served: Runtime) -> None:
    with app.app_context():
        result = _move(run, db.engine)

    assert result.exit_code == 1
    assert "That is the database that is used now." in result.output


def _move(run: Run, target: Engine, *options: str) -> Result:
    address = target.url.render_as_string(hide_password=False)
    return run("move-database", "--to", address, *options)


def _opened(url: URL) -> AbstractContextManager[Engine]:
    return open_target(url.render_as_string(hide_password=False))


def _stamp(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(VERSION))
        connection.execute(
            text("INSERT INTO alembic_version VALUES (:schema)"), {"schema": newest_schema()}
        )


def _fill(session: Session) -> None:
    company = make_company(session, name="Zażółć & Söhne")
    make_user(session, company)
    make_report_recipient(session, company)
    connection = make_connection(session, make_account(session, company))
    reading = make_reading(session, connection)
    for number in range(3):
        customer = make_customer(session, company)
        remote = make_remote_customer(session, reading, remote_id=str(number))
        make_link(session, remote, customer)
    _import_and_undo(session, company.id, connection.account_id)


def _import_and_undo(session: Session, company_id: int, account_id: int) -> None:
    shared = {"company_id": company_id, "account_id": account_id, "chosen_count": 3}
    done = ImportRun(**shared, state=ImportState.FINISHED, created_at=NOW)
    session.add(done)
    session.flush()
    undo = ImportRun(**shared, state=ImportState.FINISHED, created_at=NOW, kind=RunKind.UNDO)
    undo.undoes_id = done.id
    session.add(undo)
    session.commit()


def _rows(engine: object) -> dict[str, list[tuple[object, ...]]]:
    assert isinstance(engine, Engine)
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
            for table in Base.metadata.sorted_tables
        }
