"""What pages know of a connection: how its customers stand, who is new, whose parent is whose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from models import Connection, RemoteState
from services.connection_views import (
    AccountCounts,
    ConnectionView,
    count_customers,
    view_connection,
)
from services.providers.contract import ProviderKey
from services.remote_lists import search
from services.review_query import ReviewQuery, RowFilter, RowSort
from services.review_rows import ReviewRow
from services.runtime import Runtime
from services.unsynced import note_look
from tests.conftest import Clock
from tests.factories import make_reading, make_remote_customer
from tests.services.support import Place

LEFT_OUT: dict[str, Any] = {"state": RemoteState.LEFT_OUT, "is_counted": False}
SUB = {"kind": "sub_customer"}


def _store(runtime: Runtime, place: Place, *remotes: dict[str, Any]) -> int:
    """Let a new whole reading have found these; return its id."""
    with runtime.sessions() as session:
        reading = make_reading(session, session.get_one(Connection, place.connection_id))
        for remote in remotes:
            make_remote_customer(session, reading, **remote)
        return reading.id


def _view(runtime: Runtime, place: Place) -> ConnectionView:
    with runtime.sessions() as session:
        view = view_connection(session, place.company_id, ProviderKey.QUICKBOOKS)
    assert view is not None
    return view


def _look(runtime: Runtime, place: Place) -> None:
    with runtime.sessions() as session:
        note_look(session, place.connection_id, now=runtime.clock())


def _list(runtime: Runtime, place: Place, show: RowFilter) -> tuple[ReviewRow, ...]:
    with runtime.sessions() as session:
        return search(session, place.account_id, query=ReviewQuery(show), sort=RowSort.NAME).rows


def test_whoever_is_left_out_is_counted_for_one_reason_only(
    runtime: Runtime, harbor: Place
) -> None:
    _store(
        runtime,
        harbor,
        LEFT_OUT | {"kind": "supplier"},
        LEFT_OUT | {"kind": "supplier", "status": "archived"},
        LEFT_OUT | SUB,
        LEFT_OUT | SUB | {"status": "archived"},
        LEFT_OUT | {"kind": "project"},
        {"state": RemoteState.LINKED} | SUB,
        {"state": RemoteState.IGNORED},
        {},
    )

    with runtime.sessions() as session:
        counts = count_customers(session, harbor.account_id)

    assert counts == AccountCounts(
        linked=1,
        ignored=1,
        archived=2,
        sub_customers=1,
        projects=1,
        suppliers=1,
        counted_sub_customers=1,
    )


def test_the_state_of_a_whole_reading_is_written_out(runtime: Runtime, harbor: Place) -> None:
    asked: list[str] = []

    with runtime.sessions() as session:
        event.listen(
            session.get_bind(), "before_cursor_execute", lambda *call: asked.append(call[2])
        )
        view_connection(session, harbor.company_id, ProviderKey.QUICKBOOKS)

    assert "reading.state = 'finished'" in asked[-1]


def test_nobody_is_new_before_an_admin_has_looked(runtime: Runtime, harbor: Place) -> None:
    _store(runtime, harbor, {}, {})

    view = _view(runtime, harbor)

    assert (view.new_count, view.looked_at, view.is_looked_at) == (0, None, False)


def test_new_are_the_unsynced_who_were_first_read_after_the_look(
    runtime: Runtime, harbor: Place, clock: Clock
) -> None:
    _store(runtime, harbor, {}, {})
    _look(runtime, harbor)
    clock.advance(days=2)
    _store(runtime, harbor, {}, {"state": RemoteState.LINKED}, LEFT_OUT)

    view = _view(runtime, harbor)

    assert view.new_count == 1
    assert view.looked_at == clock() - timedelta(days=2)
    assert not view.is_looked_at


def test_nobody_is_new_after_another_look(runtime: Runtime, harbor: Place) -> None:
    _look(runtime, harbor)
    _store(runtime, harbor, {})
    _look(runtime, harbor)

    view = _view(runtime, harbor)

    assert (view.new_count, view.is_looked_at) == (0, True)


@pytest.mark.parametrize(
    ("show", "name"), [(RowFilter.SUPPLIERS, "Sun Supply"), (RowFilter.SUB_CUSTOMERS, "Dock 7")]
)
def test_whoever_is_left_out_can_be_listed(
    runtime: Runtime, harbor: Place, show: RowFilter, name: str
) -> None:
    _store(
        runtime,
        harbor,
        LEFT_OUT | {"kind": "supplier", "name": "Sun Supply"},
        LEFT_OUT | SUB | {"name": "Dock 7"},
        LEFT_OUT | SUB | {"name": "Gone", "status": "archived"},
        {"name": "Una"},
    )

    rows = _list(runtime, harbor, show)

    assert [row.name for row in rows] == [name]


def test_a_sub_customer_is_listed_with_the_name_of_its_parent(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    _store(runtime, elsewhere, {"remote_id": "7", "name": "Somebody of another company"})
    _store(
        runtime,
        harbor,
        {"remote_id": "100", "name": "Okafor Marine LLC"},
        SUB | {"remote_id": "101", "name": "Dock 7", "parent_remote_id": "100"},
        SUB | {"name": "Orphan", "parent_remote_id": "7"},
        SUB | {"remote_id": "9", "name": "Own parent", "parent_remote_id": "9"},
        SUB | {"remote_id": "a", "name": "Round", "parent_remote_id": "b"},
        SUB | {"remote_id": "b", "name": "Sound", "parent_remote_id": "a"},
    )

    rows = _list(runtime, harbor, RowFilter.UNSYNCED)

    assert {row.name: row.parent_name for row in rows} == {
        "Okafor Marine LLC": "",
        "Dock 7": "Okafor Marine LLC",
        "Orphan": "",
        "Own parent": "",
        "Round": "Sound",
        "Sound": "Round",
    }
