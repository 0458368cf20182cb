"""Erasing a customer erases whom the books merged into it, and nobody else."""

from __future__ import annotations

import pytest

from services.customer_import import run_import
from services.providers.contract import CustomerRecord, RemoteStatus
from services.runtime import Runtime
from tests.conftest import Clock
from tests.fakes import FakeAccountingClient
from tests.services.erasing import erase, find_word
from tests.services.support import Place, queue_import, read, record, remote_states
from tests.services.test_erased_remotes import WHO, WORD


def _words(runtime: Runtime) -> set[tuple[str, str]]:
    with runtime.sessions() as session:
        return find_word(session, WORD)


def _gone(number: int, heir: str) -> CustomerRecord:
    return record(number, **WHO, status=RemoteStatus.ARCHIVED, merged_into_remote_id=heir)


@pytest.mark.both_databases
def test_whom_the_books_merged_into_the_customer_is_erased_along(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    """Through several mergers, also in a circle."""
    books.records = [record(1, **WHO), record(2), record(3, **WHO), record(4, **WHO)]
    read(runtime, harbor)
    run_import(runtime, queue_import(runtime, harbor, ["2"]))
    merged_2 = record(2, status=RemoteStatus.ARCHIVED, merged_into_remote_id="4")
    books.records = [_gone(1, "2"), merged_2, _gone(3, "1"), _gone(4, "3")]
    clock.advance(days=8)
    read(runtime, harbor)

    erase(runtime, harbor, "2")

    assert _words(runtime) == set()
    assert set(remote_states(runtime.sessions, harbor).values()) == {"ignored"}


@pytest.mark.both_databases
def test_a_customer_whom_the_books_merged_into_another_stays(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    """With whoever was merged into it before: that is the one who stays here."""
    books.records = [record(1, **WHO), record(2), record(3)]
    read(runtime, harbor)
    run_import(runtime, queue_import(runtime, harbor, ["1", "2"]))
    books.records = [_gone(1, "2"), record(2), _gone(3, "1")]
    clock.advance(days=8)
    read(runtime, harbor)

    erase(runtime, harbor, "2")

    assert remote_states(runtime.sessions, harbor) == {
        "1": "linked",
        "2": "ignored",
        "3": "left_out",
    }
    assert ("remote_customer", "name") in _words(runtime)
