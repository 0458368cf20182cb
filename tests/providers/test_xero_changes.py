"""Reading what changed in Xero since a moment: one call, or the advice to read everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.providers.contract import DeltaNotPossible, UnreadableAnswer
from tests.providers.xero_books import (
    CONTACTS_URL,
    ImitatedContacts,
    contact_id,
    imitated_contacts,
    make_contact,
    xero_client,
)

START = datetime(2026, 6, 30, 12, tzinfo=UTC)


def test_few_changes_cost_one_call(server):
    books = ImitatedContacts([make_contact(number) for number in range(1, 1_295)])
    server.get(CONTACTS_URL, json=books.answer)
    client = xero_client()

    pages = list(client.customer_pages(changed_since=START + timedelta(seconds=1_290)))

    assert _ids(pages) == [contact_id(number) for number in range(1_290, 1_295)]
    assert client.call_count == 1
    assert server.last_request.headers["If-Modified-Since"] == "2026-06-30T12:21:30"
    assert books.asked[0]["includeArchived"] == "true"


@pytest.mark.parametrize("answer", [{"status_code": 304}, {"json": {"Contacts": []}}])
def test_no_change_costs_one_call(server, answer):
    server.get(CONTACTS_URL, **answer)
    client = xero_client()

    pages = list(client.customer_pages(changed_since=START))

    assert [page.records for page in pages] == [()]
    assert client.call_count == 1


def test_a_whole_reading_does_not_take_nothing_changed_for_an_empty_list(server):
    server.get(CONTACTS_URL, status_code=304)

    with pytest.raises(UnreadableAnswer):
        list(xero_client().customer_pages())


@pytest.mark.parametrize(("count", "is_possible"), [(1_000, True), (1_001, False)])
def test_more_changes_than_one_page_holds_ask_for_a_whole_reading(count, is_possible):
    with imitated_contacts(count):
        client = xero_client()

        try:
            read = len(_ids(client.customer_pages(changed_since=START)))
        except DeltaNotPossible:
            read = None

    assert read == (count if is_possible else None)
    assert client.call_count == 1


@pytest.mark.parametrize("count_offset", [1, -1])
def test_changes_that_do_not_add_up_ask_for_a_whole_reading(count_offset):
    with imitated_contacts(5) as books:
        books.count_offset = count_offset

        with pytest.raises(DeltaNotPossible):
            list(xero_client().customer_pages(changed_since=START))


@pytest.mark.parametrize(("count", "is_possible"), [(99, True), (100, False)])
def test_a_full_page_without_a_count_may_not_be_all_changes(count, is_possible):
    with imitated_contacts(count) as books:
        books.has_pagination = False

        try:
            read = len(_ids(xero_client().customer_pages(changed_since=START)))
        except DeltaNotPossible:
            read = None

    assert read == (count if is_possible else None)


def test_a_moment_is_sent_in_utc_and_never_later_than_asked(server):
    server.get(CONTACTS_URL, json={"Contacts": []})
    asked = datetime.fromisoformat("2026-06-30T08:00:00.999-04:00")

    list(xero_client().customer_pages(changed_since=asked))

    assert server.last_request.headers["If-Modified-Since"] == "2026-06-30T12:00:00"


def _ids(pages):
    return [record.remote_id for page in pages for record in page.records]
