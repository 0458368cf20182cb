"""A list of customers whom the provider does not call new, and who were not there before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from models import Connection, ReadingFailure
from services.providers.contract import CustomerRecord
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_record
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, last_reading, read

LONG_AGO = NOW - timedelta(days=400)
Ask = Callable[[str, datetime], ReadingFailure | None]


def _people(name: str, changed_at: datetime) -> list[CustomerRecord]:
    return [
        make_record(remote_id=f"{name}-{number}", remote_updated_at=changed_at)
        for number in range(30)
    ]


@pytest.fixture
def read_later(runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock) -> Ask:
    """Read some people, and a week later others; return why that failed."""

    def ask(name: str, changed_at: datetime) -> ReadingFailure | None:
        books.records = _people("ours", LONG_AGO)
        read(runtime, harbor)
        clock.advance(days=8)
        books.records = _people(name, changed_at)
        read(runtime, harbor)
        return last_reading(runtime.sessions).failure

    return ask


def test_strangers_who_are_no_newcomers_are_refused(read_later: Ask) -> None:
    assert read_later("theirs", LONG_AGO) is ReadingFailure.OTHER_ACCOUNT


def test_newcomers_are_believed(read_later: Ask) -> None:
    assert read_later("new", NOW + timedelta(days=3)) is None


def test_customers_known_before_are_no_strangers(read_later: Ask) -> None:
    assert read_later("ours", LONG_AGO) is None


def test_strangers_are_believed_after_a_reconnect(
    read_later: Ask, runtime: Runtime, harbor: Place, clock: Clock
) -> None:
    read_later("theirs", LONG_AGO)
    with runtime.sessions() as session:
        session.get_one(Connection, harbor.connection_id).connected_at = clock()
        session.commit()
    clock.advance(minutes=1)

    read(runtime, harbor)

    assert last_reading(runtime.sessions).failure is None
