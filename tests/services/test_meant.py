"""Whom a decision means: what the person saw, and never anybody else."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from models import AuditEvent, Reading, RemoteCustomer
from services import decisions
from services.decisions import ListChanged, RowsChanged
from services.review_query import Meant, ReviewQuery
from services.runtime import Runtime
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, count, one, public_ids, read, record, remote_states


@pytest.fixture(autouse=True)
def reading_id(runtime: Runtime, harbor: Place, books: FakeAccountingClient) -> int:
    """Harbor's books hold 1, 2 and 3, all unsynced."""
    books.records = [record(1), record(2), record(3)]
    return read(runtime, harbor)


def _ignore(runtime: Runtime, place: Place, meant: Meant) -> decisions.Decision:
    with runtime.sessions() as session:
        return decisions.ignore(session, place.admin, place.account_id, meant=meant, now=NOW)


def _change_meanwhile(runtime: Runtime, remote_id: str) -> None:
    with runtime.sessions() as session:
        changed = RemoteCustomer.revision + 1
        session.execute(
            update(RemoteCustomer)
            .where(RemoteCustomer.remote_id == remote_id)
            .values(revision=changed)
        )
        session.commit()


def test_all_that_a_search_matches_are_those_the_list_shows(
    runtime: Runtime, harbor: Place, reading_id: int
) -> None:
    seen = one(runtime.sessions, Reading, reading_id).public_id

    decision = _ignore(
        runtime, harbor, Meant(matching=ReviewQuery(text="customer-2@"), reading=seen, count=1)
    )

    assert decision.count == 1
    assert remote_states(runtime.sessions, harbor)["2"] == "ignored"


def test_all_of_a_list_that_has_another_length_now_is_refused(
    runtime: Runtime, harbor: Place, reading_id: int
) -> None:
    seen = one(runtime.sessions, Reading, reading_id).public_id
    _ignore(runtime, harbor, Meant(tuple(public_ids(runtime.sessions, harbor, "1"))))

    with pytest.raises(ListChanged):
        _ignore(runtime, harbor, Meant(matching=ReviewQuery(), reading=seen, count=3))

    assert remote_states(runtime.sessions, harbor)["2"] == "unsynced"


def test_who_changed_since_the_person_looked_is_told_and_the_others_are_decided_about(
    runtime: Runtime, harbor: Place
) -> None:
    ann, bob, cid = public_ids(runtime.sessions, harbor, "1", "2", "3")
    _change_meanwhile(runtime, "1")
    meant = Meant((ann, bob, cid), seen={ann: "1", bob: "1", cid: "1.7"})

    decision = _ignore(runtime, harbor, meant)

    assert (decision.count, decision.changed, decision.passed) == (2, 1, 0)
    assert remote_states(runtime.sessions, harbor)["1"] == "unsynced"


@pytest.mark.parametrize("seen", ["1", "1.1", "x", "-1", "1 "])
def test_a_decision_about_changed_rows_only_is_refused(
    runtime: Runtime, harbor: Place, seen: str
) -> None:
    [ann] = public_ids(runtime.sessions, harbor, "1")
    _change_meanwhile(runtime, "1")

    with pytest.raises(RowsChanged):
        _ignore(runtime, harbor, Meant((ann,), seen={ann: seen}))

    assert count(runtime.sessions, AuditEvent) == 0


def test_who_is_decided_about_already_is_passed(runtime: Runtime, harbor: Place) -> None:
    ann, bob = public_ids(runtime.sessions, harbor, "1", "2")
    _ignore(runtime, harbor, Meant((ann,)))

    decision = _ignore(runtime, harbor, Meant((ann, bob)))

    assert (decision.count, decision.passed) == (1, 1)
