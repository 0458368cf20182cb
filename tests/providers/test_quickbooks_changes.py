"""Reading what changed in QuickBooks since a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from services.providers.contract import (
    CustomerRecord,
    DeltaNotPossible,
    RateLimited,
    ReconnectRequired,
    RemoteStatus,
    ScopeMissing,
    UnreadableAnswer,
)
from tests.providers.books import imitated_books
from tests.providers.support import CDC_URL, EVENING, quickbooks_client, recording

START = datetime(2026, 6, 30, 12, tzinfo=UTC)
NOTHING_CHANGED = {"CDCResponse": [{"QueryResponse": [{}]}], "time": "2026-06-30T08:00:00-07:00"}


def test_changes_cost_one_call():
    with imitated_books(1_294) as books:
        client = quickbooks_client()

        pages = list(client.customer_pages(changed_since=START + timedelta(seconds=1_290)))

    assert [r.remote_id for r in _records(pages)] == ["1290", "1291", "1292", "1293", "1294"]
    assert [page.as_of for page in pages] == [datetime(2026, 7, 1, 0, 30, 0, 123_000, UTC)]
    assert client.call_count == 1
    assert books.statements == []


def test_the_question_names_customers_and_version(server):
    server.get(CDC_URL, json=NOTHING_CHANGED)

    _records(quickbooks_client().customer_pages(changed_since=START))

    assert urlsplit(server.last_request.url).query == (
        "entities=Customer&changedSince=2026-06-30T12%3A00%3A00%2B00%3A00&minorversion=75"
    )


@pytest.mark.parametrize(
    "asked", ["2026-06-30T08:00:00.999-04:00", "2026-06-30T05:00:00.001-07:00"]
)
def test_a_moment_is_sent_in_utc_and_never_later_than_asked(asked):
    moment = datetime.fromisoformat(asked)
    with imitated_books(1) as books:
        _records(quickbooks_client().customer_pages(changed_since=moment))

    assert books.asked_since == ["2026-06-30T12:00:00+00:00"]


def test_inactive_customers_come_whole_and_deleted_ones_by_id(server):
    server.get(CDC_URL, json=recording("cdc__changed_and_deleted"))

    archived, deleted = _records(quickbooks_client().customer_pages(changed_since=START))

    assert (archived.name, archived.status) == ("Hanlon Roofing", RemoteStatus.ARCHIVED)
    assert deleted == CustomerRecord(
        remote_id="39",
        name="Customer 39",
        status=RemoteStatus.DELETED,
        remote_updated_at=datetime(2026, 6, 29, 18, tzinfo=UTC),
    )


def test_nothing_changed_is_one_empty_page_with_a_time(server):
    server.get(CDC_URL, json=NOTHING_CHANGED)

    [page] = quickbooks_client().customer_pages(changed_since=START)

    assert (page.records, page.as_of) == ((), datetime(2026, 6, 30, 15, tzinfo=UTC))


def test_rows_that_are_nobody_are_counted_and_cost_no_other(server):
    rows = [{"status": "Deleted"}, "39", {"Id": "7", "DisplayName": "Erie Marina"}, None]
    server.get(CDC_URL, json={"CDCResponse": [{"QueryResponse": [{"Customer": rows}]}]})

    [page] = quickbooks_client().customer_pages(changed_since=START)

    assert ([record.name for record in page.records], page.unreadable_count) == (
        ["Erie Marina"],
        3,
    )


def test_nine_hundred_ninety_nine_changes_are_all_there_are():
    with imitated_books(999):
        records = _records(quickbooks_client().customer_pages(changed_since=START))

    assert len(records) == 999


def test_a_thousand_changes_may_not_be_all():
    with imitated_books(1_200):
        client = quickbooks_client()

        with pytest.raises(DeltaNotPossible):
            _records(client.customer_pages(changed_since=START))

    assert client.call_count == 1


def test_a_moment_too_long_ago_is_not_even_asked_for():
    client = quickbooks_client()

    with pytest.raises(DeltaNotPossible):
        _records(client.customer_pages(changed_since=EVENING - timedelta(days=29, seconds=1)))

    assert client.call_count == 0


def test_a_moment_of_twenty_nine_days_ago_is_asked_for(server):
    server.get(CDC_URL, json=NOTHING_CHANGED)
    client = quickbooks_client()

    _records(client.customer_pages(changed_since=EVENING - timedelta(days=29)))

    assert client.call_count == 1


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"CDCResponse": None},
        {"CDCResponse": []},
        {"CDCResponse": {}},
        {"CDCResponse": [{}]},
        {"CDCResponse": ["x"]},
        {"CDCResponse": [{"QueryResponse": []}]},
        {"CDCResponse": [{"QueryResponse": {}}]},
        {"CDCResponse": [{"QueryResponse": [None]}]},
        {"CDCResponse": [{"QueryResponse": [{"maxResults": 3}]}]},
        {"CDCResponse": [{"QueryResponse": [{"Customer": {"Id": "1"}}]}]},
        {"QueryResponse": {}},
    ],
)
def test_an_answer_that_tells_no_changes_is_not_taken_for_none(server, answer):
    server.get(CDC_URL, json=answer)

    with pytest.raises(UnreadableAnswer):
        _records(quickbooks_client().customer_pages(changed_since=START))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, "query__throttled", RateLimited),
        (403, "query__not_authorized", ScopeMissing),
        (401, "query__token_expired", ReconnectRequired),
        (400, "query__wrong_statement", UnreadableAnswer),
    ],
)
def test_a_fault_of_the_change_feed_is_told_as_what_it_means(server, status, body, error):
    server.get(CDC_URL, status_code=status, json=recording(body))

    with pytest.raises(error):
        _records(quickbooks_client().customer_pages(changed_since=START))


def _records(pages):
    return [record for page in pages for record in page.records]
