"""Each migration for itself, up and down, with a row in every table there is before it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Column, Engine, MetaData, Table, func, select

from app import create_app
from config import load_settings
from extensions import db
from jobs.wake_up_tables import prepare_tables
from tests.commands.conftest import settings_in
from tests.conftest import POSTGRESQL, SQLITE
from tests.factories import NOW
from tests.postgresql import PostgresqlServer

pytestmark = pytest.mark.full
FOLDER = Path(__file__).parents[2] / "migrations"
VERSION = "alembic_version"


@pytest.fixture
def new_app(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    settings = settings_in(tmp_path)
    if database_kind == POSTGRESQL:
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        settings["BLUECLERK_DATABASE_URL"] = server.create().render_as_string(False)
    app = create_app(load_settings(settings))
    yield app
    with app.app_context():
        db.engine.dispose()


def _steps() -> list[str]:
    revisions = ScriptDirectory(str(FOLDER)).walk_revisions()
    return [each.revision for each in reversed(list(revisions))]


def _tables(engine: Engine) -> list[Table]:
    found = MetaData()
    found.reflect(engine)
    return [table for table in found.sorted_tables if table.name != VERSION]


def _counts(engine: Engine) -> dict[str, int]:
    tables = _tables(engine)
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def _fill_new(engine: Engine) -> None:
    """Give every table without a row one, which points to the rows of the others."""
    tables, counts = _tables(engine), _counts(engine)
    with engine.begin() as connection:
        for table in tables:
            if not counts[table.name]:
                connection.execute(table.insert().values(_row(table)))


def _row(table: Table) -> dict[str, Any]:
    return {
        column.name: _value(column)
        for column in table.columns
        if not (column.nullable or column.server_default is not None)
    }


def _value(column: Column[Any]) -> Any:
    values: dict[type, Any] = {datetime: NOW, date: NOW.date(), bool: True, bytes: b"x", str: "x"}
    return values.get(column.type.python_type, 1)


@pytest.mark.parametrize("database_kind", [SQLITE, POSTGRESQL])
def test_no_step_loses_a_row_on_its_way_up_or_back(new_app: Flask) -> None:
    with new_app.app_context():
        for before, step in zip(_steps(), _steps()[1:], strict=False):
            upgrade(revision=before)
            _fill_new(db.engine)
            filled = _counts(db.engine)
            upgrade(revision=step)
            above = _counts(db.engine)
            downgrade(revision=before)
            back = _counts(db.engine)

            assert min(filled.values()) == 1, before
            assert {name: above.get(name) for name in filled} == filled, step
            assert back == filled, step


@pytest.mark.parametrize("database_kind", [POSTGRESQL])
def test_the_tables_of_the_wake_ups_are_no_difference(new_app: Flask) -> None:
    with new_app.app_context():
        upgrade()
        prepare_tables(db.engine)

        check()
        downgrade(revision="base")
        upgrade()
        check()
