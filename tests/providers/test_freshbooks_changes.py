"""Reading what changed in FreshBooks since a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.providers.contract import DeltaNotPossible, RemoteStatus
from tests.providers.freshbooks_books import (
    CLIENTS_URL,
    at_nth_question,
    freshbooks_client,
    imitated_clients,
    make_client,
)
from tests.providers.support import recording

#: Noon of the imitated day in the Eastern zone.
START = datetime(2026, 6, 30, 16, tzinfo=UTC)


def test_few_changes_cost_two_calls():
    with imitated_clients(214) as books:
        client = freshbooks_client()

        records = _records(client.customer_pages(changed_since=START + timedelta(seconds=213)))

    assert [record.remote_id for record in records] == ["213", "214"]
    assert client.call_count == 4, "three pages hold that day, and one the deleted"
    days = {question["search[updated_min]"] for question in books.questions}
    states = [question.get("search[vis_state]") for question in books.questions]
    assert (days, states) == ({"2026-06-29"}, [None, None, None, "1"])


def test_nothing_changed_costs_two_calls():
    with imitated_clients(214):
        client = freshbooks_client()

        pages = list(client.customer_pages(changed_since=START + timedelta(days=3)))

    assert _records(pages) == []
    assert client.call_count == 2


@pytest.mark.parametrize(
    ("since", "day"),
    [
        ("2026-11-22T12:00:00+00:00", "2026-11-21"),
        ("2026-11-22T04:59:59+00:00", "2026-11-20"),
        ("2026-11-22T05:00:00+00:00", "2026-11-21"),
        ("2026-07-01T03:59:59+00:00", "2026-06-29"),
        ("2026-07-01T04:00:00+00:00", "2026-06-30"),
        ("2026-03-08T06:59:59+00:00", "2026-03-07"),
        ("2026-11-01T05:30:00+00:00", "2026-10-31"),
        ("2026-11-22T02:00:00+11:00", "2026-11-20"),
    ],
)
def test_the_day_asked_for_is_the_one_before_in_the_eastern_zone(since, day):
    with imitated_clients(0) as books:
        list(freshbooks_client().customer_pages(changed_since=datetime.fromisoformat(since)))

    assert [question["search[updated_min]"] for question in books.questions] == [day, day]


@pytest.mark.parametrize(
    ("updated", "since", "is_kept"),
    [
        # Eastern standard and summer time.
        ("2026-01-15 09:00:00", "2026-01-15T14:00:00Z", True),
        ("2026-01-15 09:00:00", "2026-01-15T14:00:01Z", False),
        ("2026-07-15 09:00:00", "2026-07-15T13:00:00Z", True),
        ("2026-07-15 09:00:00", "2026-07-15T13:00:01Z", False),
        # The hour that happens twice: whoever may have been changed in the second is kept.
        ("2026-11-01 00:59:59", "2026-11-01T05:00:00Z", False),
        ("2026-11-01 01:30:00", "2026-11-01T05:30:00Z", True),
        ("2026-11-01 01:30:00", "2026-11-01T06:30:00Z", True),
        ("2026-11-01 01:30:00", "2026-11-01T06:30:01Z", False),
        ("2026-11-01 02:00:00", "2026-11-01T07:00:00Z", True),
        ("2026-11-01 02:00:00", "2026-11-01T07:00:01Z", False),
        # The hour that is left out.
        ("2026-03-08 01:59:59", "2026-03-08T06:59:59Z", True),
        ("2026-03-08 03:00:00", "2026-03-08T07:00:00Z", True),
        ("2026-03-08 03:00:00", "2026-03-08T07:00:01Z", False),
        # A part of a second is below what FreshBooks writes.
        ("2026-07-15 09:00:00", "2026-07-15T13:00:00.9Z", True),
        ("9999-13-45 soon", "2026-07-15T13:00:00Z", True),
    ],
)
def test_only_who_was_surely_not_changed_since_is_left_out(updated, since, is_kept):
    with imitated_clients(0) as books:
        books.rows.append(make_client(1, updated=updated))

        records = _records(
            freshbooks_client().customer_pages(changed_since=datetime.fromisoformat(since))
        )

    assert [record.remote_id for record in records] == (["1"] if is_kept else [])


def test_deleted_clients_are_told_by_a_question_of_their_own(server):
    server.get(CLIENTS_URL, json=recording("clients__three_states"))
    server.get(f"{CLIENTS_URL}?search[vis_state]=1", json=recording("clients__deleted"))

    pages = list(freshbooks_client().customer_pages(changed_since=START))

    assert [(record.remote_id, record.status) for record in _records(pages)] == [
        ("700123", RemoteStatus.ACTIVE),
        ("700131", RemoteStatus.ACTIVE),
        ("700099", RemoteStatus.DELETED),
    ]
    assert [page.expected_count for page in pages] == [None, None]


def test_a_server_that_ignores_the_state_asked_for_deletes_nobody(server):
    server.get(CLIENTS_URL, json=recording("clients__three_states"))

    records = _records(freshbooks_client().customer_pages(changed_since=START))

    assert RemoteStatus.DELETED not in {record.status for record in records}


def test_who_was_deleted_between_the_two_questions_ends_as_deleted():
    with imitated_clients(3) as books:
        books.before = at_nth_question(2, lambda: books.rows[1].update(vis_state=1))

        records = _records(freshbooks_client().customer_pages(changed_since=START))

    last = {record.remote_id: record.status for record in records}
    assert last["2"] is RemoteStatus.DELETED


def test_unreadable_rows_count_once_and_not_among_the_deleted():
    with imitated_clients(2) as books:
        books.rows += [None, make_client(9, id="", vis_state=1)]

        pages = list(freshbooks_client().customer_pages(changed_since=START))

    # The row that is no object answers both questions.
    assert sum(page.unreadable_count for page in pages) == 1


def test_all_pages_tell_the_clock_of_the_first_answer():
    with imitated_clients(150):
        pages = list(freshbooks_client().customer_pages(changed_since=START))

    assert {page.as_of for page in pages} == {datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)}


def test_a_thousand_changes_are_read_and_one_more_is_not():
    with imitated_clients(1_000) as books:
        records = _records(freshbooks_client().customer_pages(changed_since=START))
        books.rows.append(make_client(1_001))
        client = freshbooks_client()

        with pytest.raises(DeltaNotPossible):
            next(client.customer_pages(changed_since=START))

    assert len(records) == 1_000
    assert client.call_count == 1


def test_too_many_deleted_clients_are_no_delta_either():
    with imitated_clients(1) as books:
        books.rows += [make_client(number, vis_state=1) for number in range(2, 1_003)]

        with pytest.raises(DeltaNotPossible):
            _records(freshbooks_client().customer_pages(changed_since=START))


def test_a_client_who_leaves_the_list_between_two_pages_hides_nobody():
    with imitated_clients(150) as books:
        books.before = at_nth_question(2, lambda: books.rows[3].update(vis_state=1))
        client = freshbooks_client()

        records = _records(client.customer_pages(changed_since=START))

    latest = {record.remote_id: record for record in records}
    assert len(latest) == 150
    assert latest["4"].status is RemoteStatus.DELETED
    assert client.call_count == 5


def test_changes_that_never_add_up_are_no_delta():
    with imitated_clients(3) as books:
        books.total_offset = 1

        with pytest.raises(DeltaNotPossible):
            _records(freshbooks_client().customer_pages(changed_since=START))


def _records(pages):
    return [record for page in pages for record in page.records]
