"""Migrations on both databases: up with no row lost, down to the release before, and up again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect, select, text
from sqlalchemy.engine.interfaces import ReflectedIndex
from sqlalchemy.orm import Session

from app import create_app
from config import load_settings
from extensions import db
from models import (
    Base,
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    DeliveryState,
    Frequency,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    RunKind,
    SkipReason,
)
from services.due_rows import insert_delivery
from services.local_days import Window
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
    make_report_recipient,
    make_user,
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


def _condition(index: ReflectedIndex) -> object:
    options = index.get("dialect_options", {})
    return options.get(f"{db.engine.dialect.name}_where", "")


def _indexes() -> dict[str, object]:
    """Return columns and condition of each index, which `check` leaves out, by name."""
    found = inspect(db.engine)
    return {
        str(index["name"]): (index["column_names"], str(_condition(index)))
        for table in Base.metadata.tables
        for index in found.get_indexes(table)
    }


def test_the_tables_of_the_models_are_made_and_taken_away(new_app: Flask) -> None:
    with new_app.app_context():
        upgrade()
        check()
        tables = set(inspect(db.engine).get_table_names())
        downgrade(revision="base")
        left = set(inspect(db.engine).get_table_names())

    assert tables == set(Base.metadata.tables) | {"alembic_version"}
    assert left == {"alembic_version"}


def test_the_indexes_of_the_models_are_made_with_their_conditions(new_app: Flask) -> None:
    with new_app.app_context():
        upgrade()
        migrated = _indexes()
        downgrade(revision="base")
        Base.metadata.create_all(db.engine)
        made = _indexes()

    assert migrated == made
    assert {"ix_customer_no_email", "ix_customer_suspect"} <= migrated.keys()


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


USER, AGREED, ASKED, OFF = (f"{name}@example.com" for name in ("ada", "olu", "kim", "ivo"))


def _fill_report(app: Flask) -> None:
    """Four recipients: a user, one who agreed, one who did not answer yet, and one who is off."""
    runtime: Runtime = app.extensions["runtime"]
    with runtime.sessions() as session:
        company = make_company(session)
        make_user(session, company, email=USER)
        for address in (USER, AGREED, ASKED, OFF):
            recipient = make_report_recipient(
                session,
                company,
                address=address,
                confirmed_at=NOW if address == AGREED else None,
                frequency=Frequency.OFF if address == OFF else Frequency.WEEKLY,
            )
            _add_deliveries(session, recipient)


def _add_deliveries(session: Session, recipient: ReportRecipient) -> None:
    """A day that was skipped because nobody agreed, and a copy of the same day."""
    window = Window(date(2026, 11, 19), date(2026, 11, 19), NOW - timedelta(days=1), NOW)
    ended = (ReportKind.DAILY, DeliveryState.SKIPPED, SkipReason.NOT_CONFIRMED)
    for kind, state, reason in ((ReportKind.COPY, DeliveryState.SENT, None), ended):
        insert_delivery(session, recipient, window=window, sender="clerk@example.com", now=NOW)
        newest = select(ReportDelivery).order_by(ReportDelivery.id.desc()).limit(1)
        row = session.scalars(newest).one()
        row.kind, row.state, row.skip_reason = kind, state, reason
        session.commit()


def _listed() -> dict[str, tuple[str, bool]]:
    """Return, of everybody on the list, the rhythm and whether they agreed."""
    with db.session() as session:
        rows = session.scalars(select(ReportRecipient).where(ReportRecipient.removed_at.is_(None)))
        return {row.address: (row.frequency.value, row.confirmed_at is not None) for row in rows}


def test_recipients_of_the_release_before_are_mailed_on_and_nobody_else_is(new_app: Flask) -> None:
    with new_app.app_context():
        upgrade()
        _fill_report(new_app)

        downgrade(revision="0006")
        left = "SELECT kind, skip_reason FROM report_delivery GROUP BY kind, skip_reason"
        with db.engine.connect() as connection:
            deliveries = [tuple(row) for row in connection.execute(text(left))]
        upgrade()
        listed = _listed()
        with db.session() as session:
            taken_off = ReportRecipient.removed_at.is_not(None)
            answers = session.scalars(select(ReportRecipient.confirmed_at).where(taken_off)).all()

    # The release before knows neither copies nor an open question: it would mail them.
    assert deliveries == [("daily", "recipient_removed")]
    assert listed == {USER: ("daily", True), AGREED: ("daily", True)}
    # Whoever comes on the list again was never asked, and is then.
    assert answers == [None, None]
