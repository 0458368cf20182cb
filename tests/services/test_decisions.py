"""Ignoring and restoring: who decided what, for whom, and who comes too late."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from models import AuditEvent, Reading, RemoteCustomer, RemoteState
from services import decision_record, decisions
from services.decisions import (
    AlreadyDecided,
    ListChanged,
    NothingSelected,
    ReasonTooLong,
    UnknownRemoteCustomer,
)
from services.review_query import Meant, ReviewQuery
from services.runtime import Runtime
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services import workers
from tests.services.support import (
    Place,
    count,
    one,
    public_ids,
    read,
    record,
    remote_states,
    rows,
)


@pytest.fixture(autouse=True)
def reading_id(runtime: Runtime, harbor: Place, books: FakeAccountingClient) -> int:
    """Harbor's books hold 1, 2 and 3, all unsynced."""
    books.records = [record(1), record(2), record(3)]
    return read(runtime, harbor)


def _ignore(
    runtime: Runtime, place: Place, *ids: str, meant: Meant | None = None, reason: str = ""
) -> decisions.Decision:
    meant = meant or Meant(ids)
    with runtime.sessions() as session:
        return decisions.ignore(
            session, place.admin, place.account_id, meant=meant, reason=reason, now=NOW
        )


def _restore(
    runtime: Runtime, place: Place, *ids: str, batch: str | None = None
) -> decisions.Decision:
    with runtime.sessions() as session:
        return decisions.restore(
            session, place.admin, place.account_id, meant=Meant(ids), batch=batch, now=NOW
        )


def _ignore_all(runtime: Runtime, place: Place, seen_reading: str) -> decisions.Decision:
    return _ignore(runtime, place, meant=Meant(matching=ReviewQuery(), reading=seen_reading))


def test_ignoring_one_remembers_who_and_when(runtime: Runtime, harbor: Place) -> None:
    [ann] = public_ids(runtime.sessions, harbor, "1")

    decision = _ignore(runtime, harbor, ann)

    assert decision.count == 1
    assert remote_states(runtime.sessions, harbor) == {
        "1": "ignored",
        "2": "unsynced",
        "3": "unsynced",
    }
    columns = (RemoteCustomer.decided_by_id, RemoteCustomer.decided_at)
    query = select(*columns).where(RemoteCustomer.remote_id == "1")
    assert rows(runtime.sessions, query) == [(harbor.admin.user_id, NOW)]


def test_the_audit_line_holds_a_count_and_no_name(runtime: Runtime, harbor: Place) -> None:
    _ignore(runtime, harbor, *public_ids(runtime.sessions, harbor, "1", "2"))

    query = select(AuditEvent.action, AuditEvent.subject, AuditEvent.detail)
    assert rows(runtime.sessions, query) == [("ignored", "remote customers", "2")]


def test_without_an_audit_line_there_is_no_decision(
    runtime: Runtime, harbor: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("the audit cannot be written")

    monkeypatch.setattr(decision_record, "record_event", fail)

    with pytest.raises(RuntimeError):
        _ignore(runtime, harbor, *public_ids(runtime.sessions, harbor, "1"))

    assert "ignored" not in remote_states(runtime.sessions, harbor).values()


def test_restoring_makes_unsynced_again_and_forgets_who(runtime: Runtime, harbor: Place) -> None:
    [ann] = public_ids(runtime.sessions, harbor, "1")
    _ignore(runtime, harbor, ann)

    decision = _restore(runtime, harbor, ann)

    assert decision.count == 1
    assert set(remote_states(runtime.sessions, harbor).values()) == {"unsynced"}
    query = select(RemoteCustomer.decided_at).where(RemoteCustomer.decided_at.is_not(None))
    assert rows(runtime.sessions, query) == []


def test_a_whole_decision_is_taken_back_at_once(runtime: Runtime, harbor: Place) -> None:
    decision = _ignore(runtime, harbor, *public_ids(runtime.sessions, harbor, "1", "2"))
    _ignore(runtime, harbor, *public_ids(runtime.sessions, harbor, "3"))

    restored = _restore(runtime, harbor, batch=decision.batch)

    assert restored.count == 2
    assert remote_states(runtime.sessions, harbor) == {
        "1": "unsynced",
        "2": "unsynced",
        "3": "ignored",
    }


def test_all_of_these_means_the_ones_that_were_seen(
    runtime: Runtime, harbor: Place, reading_id: int
) -> None:
    seen = one(runtime.sessions, Reading, reading_id).public_id

    assert _ignore_all(runtime, harbor, seen).count == 3


def test_all_of_a_list_that_a_newer_reading_replaced_is_refused(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, reading_id: int
) -> None:
    seen = one(runtime.sessions, Reading, reading_id).public_id
    books.records.append(record(4))
    read(runtime, harbor)

    with pytest.raises(ListChanged):
        _ignore_all(runtime, harbor, seen)

    assert "ignored" not in remote_states(runtime.sessions, harbor).values()


@pytest.mark.parametrize("seen", ["", "0000000000000000"])
def test_all_of_a_list_nobody_saw_is_refused(runtime: Runtime, harbor: Place, seen: str) -> None:
    with pytest.raises(ListChanged):
        _ignore_all(runtime, harbor, seen)


def test_a_reason_is_kept_until_ignoring_is_taken_back(runtime: Runtime, harbor: Place) -> None:
    [ann] = public_ids(runtime.sessions, harbor, "1")
    reason = select(RemoteCustomer.ignore_reason).where(RemoteCustomer.remote_id == "1")

    _ignore(runtime, harbor, ann, reason=" Moved\naway\x00 ")

    assert rows(runtime.sessions, reason) == [("Moved away",)]
    _restore(runtime, harbor, ann)
    assert rows(runtime.sessions, reason) == [("",)]


def test_a_reason_that_would_be_cut_is_refused(runtime: Runtime, harbor: Place) -> None:
    [ann] = public_ids(runtime.sessions, harbor, "1")

    with pytest.raises(ReasonTooLong):
        _ignore(runtime, harbor, ann, reason="x" * 201)
    assert _ignore(runtime, harbor, ann, reason="é" * 200).count == 1


def test_nothing_selected_is_told(runtime: Runtime, harbor: Place) -> None:
    with pytest.raises(NothingSelected):
        _ignore(runtime, harbor)
    with pytest.raises(NothingSelected):
        _restore(runtime, harbor)


def test_the_second_to_decide_is_told(runtime: Runtime, harbor: Place) -> None:
    [ann] = public_ids(runtime.sessions, harbor, "1")
    _ignore(runtime, harbor, ann)

    with pytest.raises(AlreadyDecided):
        _ignore(runtime, harbor, ann)

    assert count(runtime.sessions, AuditEvent) == 1


def test_restoring_what_was_never_ignored_is_told(runtime: Runtime, harbor: Place) -> None:
    with pytest.raises(AlreadyDecided):
        _restore(runtime, harbor, *public_ids(runtime.sessions, harbor, "1"))
    with pytest.raises(AlreadyDecided):
        _restore(runtime, harbor, batch="0000000000000000")


def test_zoe_cannot_decide_about_ids_of_harbor(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    ids = public_ids(runtime.sessions, harbor, "1", "2")

    with pytest.raises(UnknownRemoteCustomer):
        _ignore(runtime, elsewhere, *ids)

    assert "ignored" not in remote_states(runtime.sessions, harbor).values()


def test_zoe_cannot_decide_with_the_account_of_harbor(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    confused = replace(harbor, admin=elsewhere.admin)
    [ann] = public_ids(runtime.sessions, harbor, "1")

    with pytest.raises(UnknownRemoteCustomer):
        _ignore(runtime, confused, ann)
    _ignore(runtime, harbor, ann)
    with pytest.raises(UnknownRemoteCustomer):
        _restore(runtime, confused, ann)

    assert remote_states(runtime.sessions, harbor)["1"] == "ignored"


def test_zoe_cannot_take_a_decision_of_harbor_back(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    decision = _ignore(runtime, harbor, *public_ids(runtime.sessions, harbor, "1"))

    with pytest.raises(AlreadyDecided):
        _restore(runtime, elsewhere, batch=decision.batch)

    assert remote_states(runtime.sessions, harbor)["1"] == "ignored"


def test_two_admins_who_ignore_overlapping_customers_at_once_decide_each_once(
    runtime: Runtime, harbor: Place
) -> None:
    ids = public_ids(runtime.sessions, harbor, "1", "2", "3")
    wishes = [ids[:2], ids[1:], ids]

    decided = workers.in_threads(lambda: _ignore(runtime, harbor, *wishes.pop()).count, 3)

    counts = [each for each in decided if isinstance(each, int)]
    assert sum(counts) == 3
    assert set(remote_states(runtime.sessions, harbor).values()) == {RemoteState.IGNORED}
    assert count(runtime.sessions, AuditEvent) == len(counts)
