"""What is old goes once a day, and nothing that somebody still asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from models import (
    Attempt,
    AuditEvent,
    Connection,
    ConsentRequest,
    Customer,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    Reading,
    ReadingKind,
    ReadingState,
    RunKind,
    SignIn,
)
from services import removal_batches
from services.audit import AuditAction
from services.customer_events import list_history
from services.retention import clear_old
from services.retention_days import RetentionDays
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_customer, make_reading, make_remote_customer
from tests.services.support import Place, count, rows

DAY = timedelta(days=1)
FOR_EVER = RetentionDays(readings=0, imports=0, deliveries=0, audit=0)


def _keeping(runtime: Runtime, **days: int) -> Runtime:
    object.__setattr__(runtime, "retention", RetentionDays(**days))
    return runtime


@pytest.mark.both_databases
def test_readings_go_but_for_those_something_is_told_from(runtime: Runtime, harbor: Place) -> None:
    old = {"started_at": NOW - 95 * DAY, "finished_at": NOW - 95 * DAY}
    failed, running = ReadingState.FAILED, ReadingState.RUNNING
    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)

        def make(name: str, **values: Any) -> Reading:
            values = {**old, "lease_owner": name, **values}
            return cast(Reading, make_reading(session, connection, **values))

        make("furthest", cursor_at=NOW)
        first = make("saw a customer first")
        make("last full")
        make("an old delta", kind=ReadingKind.DELTA)
        make("an old failure", state=failed)
        make("last failure", state=failed, kind=ReadingKind.DELTA)
        make("last whole", kind=ReadingKind.DELTA)
        make("running", state=running, started_at=NOW)
        make_remote_customer(session, first)

    clear_old(runtime)

    assert rows(runtime.sessions, select(Reading.lease_owner).order_by(Reading.id)) == [
        (name,)
        for name in (
            "furthest",
            "saw a customer first",
            "last full",
            "last failure",
            "last whole",
            "running",
        )
    ]


def _import(runtime: Runtime, place: Place, *, ended_days_ago: int, **values: Any) -> int:
    with runtime.sessions() as session:
        run = ImportRun(
            company_id=place.company_id,
            account_id=place.account_id,
            requested_by_id=place.admin.user_id,
            state=ImportState.FINISHED,
            created_at=NOW - ended_days_ago * DAY,
            finished_at=NOW - ended_days_ago * DAY,
            chosen_count=3,
        )
        for name, value in values.items():
            setattr(run, name, value)
        session.add(run)
        session.flush()
        here = session.scalar(select(Customer.id).where(Customer.company_id == place.company_id))
        for remote_id, outcome, customer_id in (
            ("1", ItemOutcome.CREATED, here),
            ("2", ItemOutcome.CREATED, None),
            ("3", ItemOutcome.FAILED, None),
        ):
            session.add(
                ImportItem(
                    run_id=run.id, remote_id=remote_id, outcome=outcome, customer_id=customer_id
                )
            )
        session.commit()
        return run.id


def _items(runtime: Runtime, run_id: int) -> list[Any]:
    query = select(ImportItem.remote_id).where(ImportItem.run_id == run_id)
    return [remote_id for (remote_id,) in rows(runtime.sessions, query)]


@pytest.mark.both_databases
def test_an_old_import_keeps_its_numbers_and_the_history_of_who_is_here(
    runtime: Runtime, harbor: Place
) -> None:
    with runtime.sessions() as session:
        company = session.get_one(Connection, harbor.connection_id)
        customer = make_customer(session, company, company_id=harbor.company_id)
        public_id = customer.public_id
    old = _import(runtime, harbor, ended_days_ago=366, created_count=2, failed_count=1)
    young = _import(runtime, harbor, ended_days_ago=364)
    undone = _import(runtime, harbor, ended_days_ago=400)
    undo = {"kind": RunKind.UNDO, "undoes_id": undone, "state": ImportState.PAUSED}
    active = _import(runtime, harbor, ended_days_ago=400, finished_at=None, **undo)
    before = _history(runtime, harbor, public_id)

    clear_old(runtime)

    assert _items(runtime, old) == ["1"]
    assert [len(_items(runtime, run_id)) for run_id in (young, undone, active)] == [3, 3, 3]
    assert _history(runtime, harbor, public_id) == before != []
    with runtime.sessions() as session:
        run = session.get_one(ImportRun, old)
        assert (run.chosen_count, run.created_count, run.failed_count) == (3, 2, 1)


def _history(runtime: Runtime, place: Place, public_id: str) -> list[Any]:
    with runtime.sessions() as session:
        return list(list_history(session, place.company_id, public_id))


def test_an_event_that_a_history_is_told_from_stays(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        customer = make_customer(session, connection, company_id=harbor.company_id)
        for action, subject, days in (
            (AuditAction.CUSTOMER_ADDED, customer.public_id, 800),
            (AuditAction.CUSTOMER_ADDED, "0123456789abcdef", 800),
            (AuditAction.CONNECTED, "xero", 800),
            (AuditAction.CONNECTED, "quickbooks", 700),
        ):
            session.add(
                AuditEvent(
                    company_id=harbor.company_id,
                    at=NOW - days * DAY,
                    action=action.value,
                    subject=subject,
                )
            )
        session.commit()
        kept = {customer.public_id, "quickbooks"}

    clear_old(runtime)

    assert {subject for (subject,) in rows(runtime.sessions, select(AuditEvent.subject))} == kept


def test_what_lives_shortly_goes_whatever_is_kept(runtime: Runtime, harbor: Place) -> None:
    _keeping(runtime, readings=0, imports=0, deliveries=0, audit=0)
    with runtime.sessions() as session:
        for days, state in ((0, "young"), (2, "old")):
            session.add(
                ConsentRequest(
                    state_hash=state,
                    company_id=harbor.company_id,
                    sign_in_id=harbor.admin.sign_in_id,
                    provider="xero",
                    code_verifier=b"x",
                    created_at=NOW - days * DAY,
                )
            )
            session.add(Attempt(kind="sign-in", key_hash=state, at=NOW - 4 * days * DAY))
            session.add(
                SignIn(
                    token_hash=state,
                    user_id=harbor.admin.user_id,
                    created_at=NOW - 20 * days * DAY,
                    last_seen_at=NOW,
                    password_checked_at=NOW,
                    ended_at=NOW - 16 * days * DAY,
                )
            )
        session.commit()

    clear_old(runtime)

    assert rows(runtime.sessions, select(ConsentRequest.state_hash)) == [("young",)]
    assert rows(runtime.sessions, select(Attempt.key_hash)) == [("young",)]
    assert count(runtime.sessions, SignIn) == 2, "the young one, and the one in use"


def test_nothing_old_goes_where_it_is_kept_for_ever(runtime: Runtime, harbor: Place) -> None:
    object.__setattr__(runtime, "retention", FOR_EVER)
    run_id = _import(runtime, harbor, ended_days_ago=4000)

    clear_old(runtime)

    assert len(_items(runtime, run_id)) == 3


def test_it_comes_once_a_day_and_goes_on_where_its_time_was_up(
    runtime: Runtime, harbor: Place, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal_batches, "FIRST_ROWS", 1)
    runs = [_import(runtime, harbor, ended_days_ago=400) for _ in range(2)]

    def left() -> int:
        with runtime.sessions() as session:
            return session.scalar(select(func.count()).select_from(ImportItem)) or 0

    clear_old(runtime, work_s=0)
    clear_old(runtime, work_s=0)
    in_parts = left()
    clear_old(runtime)
    at_once = left()
    third = _import(runtime, harbor, ended_days_ago=400)
    clear_old(runtime)
    the_same_day = len(_items(runtime, third))
    clock.advance(hours=25)
    clear_old(runtime)

    assert len(runs) * 3 >= in_parts > at_once == 0
    assert (the_same_day, left()) == (3, 0)
