"""PostgreSQL ends the connection in the middle of work: nothing is lost, nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from app import _engine_options
from models import Customer, CustomerLink, DeliveryState, ImportState, Reading, ReadingState
from services import customer_import, delivery_record, reading_end
from services.company_lock import lock_company
from services.database import is_away, is_busy, prepare_engine
from services.report_delivery import deliver_due
from services.runtime import Runtime
from tests.conftest import POSTGRESQL, Clock
from tests.fakes import FakeAccountingClient
from tests.services.importing import Importing
from tests.services.reporting import Desk, make_desk
from tests.services.support import Place, one, read, record, remote_states

pytestmark = [pytest.mark.full, pytest.mark.parametrize("database_kind", [POSTGRESQL])]
OWN_END = text("SELECT pg_terminate_backend(pg_backend_pid())")
OTHERS_END = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def _cut_once(whole: Callable[..., Any], *, after_commit: bool = False) -> Callable[..., Any]:
    """Do the work, and have its connection ended the first time: before the commit, or after."""
    cuts = [True]

    def work(session: Session, *arguments: Any, **options: Any) -> Any:
        done = whole(session, *arguments, **options)
        if cuts and cuts.pop():
            if after_commit:
                session.commit()
            session.execute(OWN_END)
        return done

    return work


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock)


def test_an_import_goes_on_with_another_connection(
    session: Session, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = Importing(session, runtime)
    cut = _cut_once(customer_import.write_batch)
    monkeypatch.setattr(customer_import, "write_batch", cut)

    run = importing.run(importing.start(*(importing.there() for _ in range(3))))

    assert (run.state, run.created_count) == (ImportState.FINISHED, 3)
    assert importing.count(Customer) == importing.count(CustomerLink) == 3


@pytest.mark.parametrize("after_commit", [False, True])
def test_what_was_read_is_stored_once(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    monkeypatch: pytest.MonkeyPatch,
    after_commit: bool,
) -> None:
    books.records = [record(number) for number in range(3)]
    cut = _cut_once(reading_end.hurry_paused, after_commit=after_commit)
    monkeypatch.setattr(reading_end, "hurry_paused", cut)

    reading = one(runtime.sessions, Reading, read(runtime, harbor))

    assert (reading.state, reading.unsynced_count) == (ReadingState.FINISHED, 3)
    assert len(remote_states(runtime.sessions, harbor)) == 3


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_mail_that_went_out_is_written_down_and_goes_out_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, after_commit: bool
) -> None:
    cut = _cut_once(delivery_record._end, after_commit=after_commit)
    monkeypatch.setattr(delivery_record, "_end", cut)

    deliver_due(desk.runtime)
    deliver_due(desk.runtime)

    assert len(desk.outbox.received) == 1
    assert (desk.row().state, desk.row().attempts) == (DeliveryState.SENT, 1)


def test_a_server_that_was_restarted_is_not_noticed_by_the_next_unit(
    session: Session, database_url: URL
) -> None:
    engine = create_engine(database_url, **_engine_options("postgresql+psycopg://"))
    prepare_engine(engine)
    with engine.connect(), engine.connect():
        pass  # two that the pool keeps
    session.execute(OTHERS_END)

    with engine.connect() as one_of_them, engine.connect() as the_other:
        answers = [each.scalar(text("SELECT 1")) for each in (one_of_them, the_other)]

    assert answers == [1, 1]
    engine.dispose()


def test_a_lost_connection_is_told_from_a_mistake_and_from_a_long_wait(
    session: Session, database_url: URL
) -> None:
    with pytest.raises(DBAPIError) as ended:
        session.execute(OWN_END)
    session.rollback()
    with pytest.raises(DBAPIError) as mistake:
        session.execute(text("SELECT nothing FROM nowhere"))
    session.rollback()
    nobody_there = create_engine(database_url.set(host="127.0.0.1", port=9, query={}))
    with pytest.raises(OperationalError) as refused:
        nobody_there.connect()

    assert [is_away(each.value) for each in (ended, mistake, refused)] == [True, False, True]
    assert not any(is_busy(each.value) for each in (ended, mistake, refused))


def test_whoever_waits_too_long_for_a_company_is_told_that_it_is_busy(runtime: Runtime) -> None:
    with runtime.sessions() as first, runtime.sessions() as second:
        lock_company(first, 1)
        second.execute(text("SET LOCAL lock_timeout = 10"))

        with pytest.raises(DBAPIError) as waited:
            lock_company(second, 1)

    assert is_busy(waited.value) and not is_away(waited.value)


def test_the_server_is_told_to_miss_a_machine_that_has_vanished(session: Session) -> None:
    asked_for = session.scalars(
        text("SELECT name FROM pg_settings WHERE name LIKE 'tcp_keep%' AND source = 'session'")
    )

    # Over the socket of the tests their values read 0.
    told = ["tcp_keepalives_count", "tcp_keepalives_idle", "tcp_keepalives_interval"]
    assert sorted(asked_for) == told
