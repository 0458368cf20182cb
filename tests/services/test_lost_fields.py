"""A field that vanishes from many customers stops the reading until an admin says otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models import Connection, ReadingFailure, ReadingState, RemoteCustomer
from services.providers.contract import CustomerRecord
from services.reading_queue import new_reading
from services.readings import refresh
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, last_reading, read, record, rows

FIELDS: dict[str, Any] = {
    "emails_text": "ann@example.com",
    "phone": "555-0100",
    "address": "1 Main St",
    "company_name": "Ann & Sons",
    "person_name": "Ann Lee",
}


def _people(number: int, **changed: Any) -> list[CustomerRecord]:
    return [record(each, **{**FIELDS, **changed}) for each in range(number)]


def _read_whole(runtime: Runtime, place: Place, clock: Clock) -> None:
    clock.advance(days=8)
    read(runtime, place)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("emails_text", "email"),
        ("phone", "phone"),
        ("address", "address"),
        ("company_name", "company_name"),
        ("person_name", "person_name"),
    ],
)
def test_a_field_that_vanishes_from_many_stops_the_reading(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    field: str,
    told: str,
) -> None:
    books.records = _people(50)
    read(runtime, harbor)
    books.records = [*_people(50)[11:], *_people(11, **{field: ""})]

    _read_whole(runtime, harbor, clock)

    reading = last_reading(runtime.sessions)
    assert reading.failure is ReadingFailure.FIELD_LOST
    assert reading.lost_field == told
    stored = rows(runtime.sessions, select(RemoteCustomer.emails_text, RemoteCustomer.phone))
    assert set(stored) == {(FIELDS["emails_text"], FIELDS["phone"])}, "nothing was written"


def test_a_name_that_is_only_made_up_for_is_lost_as_well(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(number, name=f"Pier {number} House") for number in range(50)]
    read(runtime, harbor)
    books.records = [record(number, name=f"Customer {number}") for number in range(50)]

    _read_whole(runtime, harbor, clock)

    assert last_reading(runtime.sessions).lost_field == "name"


def test_people_who_are_renamed_have_not_lost_their_names(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = [record(number, name=f"Pier {number} House") for number in range(50)]
    read(runtime, harbor)
    books.records = [record(number, name=f"Quay {number} House") for number in range(50)]

    _read_whole(runtime, harbor, clock)

    assert last_reading(runtime.sessions).state is ReadingState.FINISHED


def test_a_fifth_may_lose_a_field(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    books.records = _people(50)
    read(runtime, harbor)
    books.records = [*_people(50)[10:], *_people(10, phone="")]

    _read_whole(runtime, harbor, clock)

    assert last_reading(runtime.sessions).state is ReadingState.FINISHED


def test_an_admin_may_take_the_loss(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = _people(20)
    read(runtime, harbor)
    books.records = _people(20, phone="", remote_updated_at=NOW)
    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        reading = new_reading(session, connection, now=NOW, accepts_loss=True)
        session.commit()
        reading_id = reading.id

    refresh(runtime, reading_id)

    assert last_reading(runtime.sessions).state is ReadingState.FINISHED
    assert set(rows(runtime.sessions, select(RemoteCustomer.phone))) == {("",)}
