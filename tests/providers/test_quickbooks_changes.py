"""Reading what changed in QuickBooks since a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests_mock

from services.providers.contract import (
    UnreadableAnswer,
)
from tests.providers.books import (
    at_nth_statement,
    imitated_books,
    make_customer,
)
from tests.providers.support import (
    QUERY_URL,
    quickbooks_client,
)

START = datetime(2026, 6, 30, 12, tzinfo=UTC)


def test_few_changes_cost_one_call():
    with imitated_books(1_294) as books:
        client = quickbooks_client()

        records = _records(client.customer_pages(changed_since=START + timedelta(seconds=1_290)))

    assert [record.remote_id for record in records] == ["1290", "1291", "1292", "1293", "1294"]
    assert client.call_count == 1
    assert books.statements == [
        "SELECT * FROM Customer WHERE MetaData.LastUpdatedTime >= '2026-06-30T12:21:30+00:00' "
        "AND Active IN (true, false) ORDERBY MetaData.LastUpdatedTime ASC "
        "STARTPOSITION 1 MAXRESULTS 1000"
    ]


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (999, 1), (1_000, 2), (1_001, 2), (2_500, 3)])
def test_changes_of_every_number_are_read_whole(count, calls):
    with imitated_books(count):
        client = quickbooks_client()

        records = _records(client.customer_pages(changed_since=START))

    assert len({record.remote_id for record in records}) == len(records) == count
    assert client.call_count == calls


def test_a_change_between_two_pages_skips_nobody():
    def _touch() -> None:
        books.customers[4] = make_customer(2_600) | {"Id": "5"}

    with imitated_books(2_500) as books:
        books.before = at_nth_statement(2, _touch)

        records = _records(quickbooks_client().customer_pages(changed_since=START))

    assert {record.remote_id for record in records} == {str(n) for n in range(1, 2_501)}
    assert [r.remote_updated_at for r in records if r.remote_id == "5"] == [
        START + timedelta(seconds=5),
        START + timedelta(seconds=2_600),
    ]


def test_more_changes_in_one_moment_than_fit_a_page_are_read_by_position():
    moment = {"MetaData": make_customer(7)["MetaData"]}
    with imitated_books(2_500) as books:
        books.customers = [row | moment for row in books.customers]
        client = quickbooks_client()

        records = _records(client.customer_pages(changed_since=START))

    assert len({record.remote_id for record in records}) == len(records) == 2_500


def test_a_server_that_repeats_itself_is_not_read_for_ever():
    page = {"QueryResponse": {"Customer": [make_customer(n) for n in range(1_000)]}}
    client = quickbooks_client()

    with requests_mock.Mocker() as server, pytest.raises(UnreadableAnswer):
        server.get(QUERY_URL, json=page)
        _records(client.customer_pages(changed_since=START))

    assert client.call_count == 3


def test_a_moment_is_sent_in_utc_and_never_later_than_asked():
    asked = datetime.fromisoformat("2026-06-30T08:00:00.999-04:00")
    with imitated_books(1) as books:
        _records(quickbooks_client().customer_pages(changed_since=asked))

    assert "'2026-06-30T12:00:00+00:00'" in books.statements[0]


def test_a_moment_without_zone_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="zone"):
        quickbooks_client().customer_pages(changed_since=datetime(2026, 6, 30))  # noqa: DTZ001


def _records(pages):
    return [record for page in pages for record in page.records]
