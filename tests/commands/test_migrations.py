"""Migrations on both databases: up with no row lost, down to the release before, and up again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect, text

from app import create_app
from config import load_settings
from extensions import db
from models import (
    Base,
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RunKind,
)
from services.runtime import Runtime
from tests.commands.conftest import settings_in
from tests.conftest import POSTGRESQL, SQLITE
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
)
from tests.postgresql import PostgresqlServer


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def new_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application on a database without any table."""
    settings = settings_in(tmp_path)
    if request.param == POSTGRESQL:
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        settings["BLUECLERK_DATABASE_URL"] = server.create().render_as_string(False)
    app = create_app(load_settings(settings))
    yield app
    with app.app_context():
        db.engine.dispose()


def _fill(app: Flask) -> None:
    """One customer that an import has linked, and its undo, which waits."""
    runtime: Runtime = app.extensions["runtime"]
    with runtime.sessions() as session:
        company = make_company(session)
        account = make_account(session, company)
        reading = make_reading(session, make_connection(session, account))
        remote, customer = make_remote_customer(session, reading), make_customer(session, company)
        make_link(session, remote, customer)
        common = {"company_id": company.id, "account_id": account.id, "created_at": NOW}
        done = ImportRun(
            **common, state=ImportState.FINISHED, finished_at=NOW, chosen_count=1, linked_count=1
        )
        session.add(done)
        session.flush()
        undo = ImportRun(
            **common,
            state=ImportState.QUEUED,
            kind=RunKind.UNDO,
            undoes_id=done.id,
            chosen_count=1,
        )
        session.add(undo)
        session.flush()
        for run, outcome in ((done, ItemOutcome.LINKED), (undo, ItemOutcome.PENDING)):
            session.add(ImportItem(run_id=run.id, remote_id=remote.remote_id, outcome=outcome))
        session.add(
            CustomerEvent(
                company_id=company.id, customer_id=customer.id, at=NOW, action=CustomerAction.FILLED
            )
        )
        session.commit()


def _count(table: type[Base]) -> int:
    with db.engine.connect() as connection:
        query = text(f"SELECT count(*) FROM {table.__tablename__}")
        return connection.execute(query).scalar_one()


def test_the_tables_of_the_models_are_made_and_taken_away(new_app: Flask) -> None:
    with new_app.app_context():
        upgrade()
        check()
        tables = set(inspect(db.engine).get_table_names())
        downgrade(revision="base")
        left = set(inspect(db.engine).get_table_names())

    assert tables == set(Base.metadata.tables) | {"alembic_version"}
    assert left == {"alembic_version"}


def test_the_release_before_finds_its_rows_again_and_so_does_this_one(new_app: Flask) -> None:
    with new_app.app_context():
        upgrade()
        _fill(new_app)

        downgrade(revision="0005")
        before = [_count(table) for table in (Customer, CustomerLink, ImportRun, ImportItem)]
        upgrade()
        after = [_count(table) for table in (Customer, CustomerLink, ImportRun, ImportItem)]

    # The release before knows no undo: one that had not ended goes with its items.
    assert before == after == [1, 1, 1, 1]
