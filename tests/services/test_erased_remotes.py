"""Who was erased stays in the accounting software: no reading brings back who that is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models import Bin, ChosenOutcome, Customer, RemoteCustomer, RemoteState
from services import customer_erasure, decisions, reading_doubts, reading_end
from services.customer_import import run_import
from services.decisions import AlreadyDecided
from services.erased_remotes import ERASED_NAME
from services.providers.contract import RemoteStatus
from services.review_query import Meant, ReviewQuery, RowFilter
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.matching_factories import make_choice
from tests.services.erasing import Meanwhile, erase, find_word
from tests.services.support import (
    Place,
    count,
    last_reading,
    links,
    public_ids,
    queue_import,
    read,
    record,
    remote_states,
)

WORD = "quillcanary"
WHO: dict[str, Any] = {
    "name": "Quillcanary Oyelaran",
    "company_name": "Quillcanary Ltd",
    "person_name": "Quillcanary",
    "emails_text": "quillcanary@example.com",
    "phone": "555 quillcanary",
    "other_phones": ("556 quillcanary",),
    "address": "1 Quillcanary Quay",
    "other_addresses": ("2 Quillcanary Quay",),
}


def _imported(runtime: Runtime, place: Place, books: FakeAccountingClient) -> None:
    """Customer 1 is here, linked; customer 2 is not imported."""
    books.records = [record(1, **WHO), record(2)]
    read(runtime, place)
    run_import(runtime, queue_import(runtime, place, ["1"]))


def _words(runtime: Runtime) -> set[tuple[str, str]]:
    with runtime.sessions() as session:
        return find_word(session, WORD)


def _row(runtime: Runtime) -> RemoteCustomer:
    with runtime.sessions() as session:
        return session.scalars(select(RemoteCustomer).where(RemoteCustomer.remote_id == "1")).one()


@pytest.mark.both_databases
def test_a_whole_reading_stores_nothing_of_who_was_erased(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    _imported(runtime, harbor, books)
    assert _words(runtime)
    erase(runtime, harbor, "1")
    clock.advance(days=8)

    read(runtime, harbor)

    assert _words(runtime) == set()
    assert remote_states(runtime.sessions, harbor) == {"1": "ignored", "2": "unsynced"}
    reading = last_reading(runtime.sessions)
    assert (reading.unsynced_count, reading.counted_count) == (1, 2)


@pytest.mark.both_databases
def test_a_change_there_is_noted_as_far_as_it_counts(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    _imported(runtime, harbor, books)
    erase(runtime, harbor, "1")
    clock.advance(minutes=5)
    changed = WHO | {"status": RemoteStatus.ARCHIVED, "remote_updated_at": clock()}
    books.records[0] = record(1, **changed)

    read(runtime, harbor)

    assert _words(runtime) == set()
    row = _row(runtime)
    assert (row.state, row.status, row.is_counted) == (RemoteState.IGNORED, "archived", False)
    assert last_reading(runtime.sessions).counted_count == 1


def test_who_was_gone_and_is_there_again_stays_erased(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    _imported(runtime, harbor, books)
    everybody = books.records
    books.records = everybody[1:]
    clock.advance(days=8)
    read(runtime, harbor)
    erase(runtime, harbor, "1")
    books.records = everybody
    clock.advance(days=8)

    read(runtime, harbor)

    assert _words(runtime) == set()
    assert remote_states(runtime.sessions, harbor)["1"] == "ignored"
    assert last_reading(runtime.sessions).counted_count == 2


@pytest.mark.both_databases
def test_a_reading_that_has_fetched_the_person_already_stores_nothing(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    _imported(runtime, harbor, books)
    books.records[0] = record(1, **WHO | {"phone": "557 quillcanary"})
    clock.advance(days=8)
    books.meanwhile = _once(lambda: erase(runtime, harbor, "1"))

    read(runtime, harbor)

    assert _words(runtime) == set()
    assert count(runtime.sessions, Customer) == 0
    assert remote_states(runtime.sessions, harbor)["1"] == "ignored"


@pytest.mark.both_databases(in_suite=True)
def test_an_erasure_waits_for_a_reading_that_writes_the_person(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _imported(runtime, harbor, books)
    books.records[0] = record(1, **WHO | {"phone": "557 quillcanary"})
    clock.advance(days=8)
    erasure = Meanwhile(lambda: erase(runtime, harbor, "1"))
    written = erasure.begin_after(reading_end.store_difference)
    monkeypatch.setattr(reading_end, "store_difference", written)

    read(runtime, harbor)
    erasure.end()

    assert _words(runtime) == set()
    assert remote_states(runtime.sessions, harbor)["1"] == "ignored"


@pytest.mark.both_databases(in_suite=True)
def test_a_reading_that_waits_for_an_erasure_stores_nothing(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _imported(runtime, harbor, books)
    books.records[0] = record(1, **WHO | {"phone": "557 quillcanary"})
    clock.advance(days=8)
    books.meanwhile = lambda: None
    reading = Meanwhile(lambda: read(runtime, harbor))
    erased = reading.begin_after(customer_erasure.erase_remotes)
    monkeypatch.setattr(customer_erasure, "erase_remotes", erased)

    erase(runtime, harbor, "1")
    reading.end()

    assert _words(runtime) == set()
    assert remote_states(runtime.sessions, harbor)["1"] == "ignored"
    assert last_reading(runtime.sessions).counted_count == 2


@pytest.mark.both_databases(in_suite=True)
def test_an_import_that_links_somebody_at_that_moment_leaves_no_trace(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _imported(runtime, harbor, books)
    run_id = queue_import(runtime, harbor, ["1", "2"])
    importing = Meanwhile(lambda: run_import(runtime, run_id))
    erased = importing.begin_after(customer_erasure.erase_remotes)
    monkeypatch.setattr(customer_erasure, "erase_remotes", erased)

    erase(runtime, harbor, "1")
    importing.end()

    assert _words(runtime) == set()
    assert remote_states(runtime.sessions, harbor) == {"1": "ignored", "2": "linked"}
    assert count(runtime.sessions, Customer) == 1


@pytest.mark.both_databases(in_suite=True)
def test_an_import_that_links_somebody_to_it_at_that_moment_leaves_no_half(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _imported(runtime, harbor, books)
    with runtime.sessions() as session:
        customer_id = session.scalars(select(Customer.id)).one()
        remote = session.scalars(
            select(RemoteCustomer).where(RemoteCustomer.remote_id == "2")
        ).one()
        remote.bin = Bin.SAME
        make_choice(session, remote, outcome=ChosenOutcome.LINK, customer_id=customer_id)
    run_id = queue_import(runtime, harbor, ["2"])
    importing = Meanwhile(lambda: run_import(runtime, run_id))
    looked = importing.begin_after(customer_erasure._lock_linked)
    monkeypatch.setattr(customer_erasure, "_lock_linked", looked)

    erase(runtime, harbor, "1")
    importing.end()

    # Whoever comes first: nobody stands as linked to somebody who is not here.
    states = remote_states(runtime.sessions, harbor)
    linked = {remote_id for remote_id, state in states.items() if state == "linked"}
    assert linked == links(runtime.sessions, harbor).keys()
    assert count(runtime.sessions, Customer) == len(linked)
    assert states["1"] == "ignored"
    assert _words(runtime) == set()


def test_an_account_of_whom_all_were_erased_is_not_taken_for_another(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading_doubts, "DOUBT_LEAST", 1)
    books.name = "Another name than the account has here"
    books.records = [record(1, **WHO)]
    read(runtime, harbor)
    run_import(runtime, queue_import(runtime, harbor, ["1"]))
    erase(runtime, harbor, "1")
    clock.advance(days=8)

    read(runtime, harbor)

    assert last_reading(runtime.sessions).failure is None


def test_restoring_everybody_leaves_who_was_erased(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _imported(runtime, harbor, books)
    erase(runtime, harbor, "1")
    reading = last_reading(runtime.sessions).public_id
    everybody = Meant(matching=ReviewQuery(RowFilter.IGNORED), reading=reading, count=1)

    with runtime.sessions() as session, pytest.raises(AlreadyDecided):
        decisions.restore(session, harbor.admin, harbor.account_id, meant=everybody, now=NOW)

    assert remote_states(runtime.sessions, harbor)["1"] == "ignored"


def test_nor_is_it_restored_alone(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    _imported(runtime, harbor, books)
    erase(runtime, harbor, "1")
    meant = Meant(tuple(public_ids(runtime.sessions, harbor, "1")))

    with runtime.sessions() as session, pytest.raises(AlreadyDecided):
        decisions.restore(session, harbor.admin, harbor.account_id, meant=meant, now=NOW)

    clock.advance(days=8)
    read(runtime, harbor)
    row = _row(runtime)
    assert (row.state, row.name) == (RemoteState.IGNORED, ERASED_NAME)


def _once(work: Any) -> Any:
    waiting = [work]

    def once() -> None:
        if waiting:
            waiting.pop()()

    return once
