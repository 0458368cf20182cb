"""Reading every customer from QuickBooks: how many calls, and what adds up."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from services.providers.contract import (
    ListUnsettled,
    ProviderUnavailable,
    UnreadableAnswer,
)
from tests.providers.books import (
    ImitatedBooks,
    at_second_count,
    imitated_books,
    make_customer,
    once,
)
from tests.providers.contract_checks import check_accounting_client
from tests.providers.support import (
    CDC_URL,
    COMPANY_INFO_URL,
    QUERY_URL,
    REALM_ID,
    quickbooks_client,
    recording,
    remote_ids_of_last_pass,
)

PAST_THE_END = recording("query__past_the_end")


def test_the_contract_is_kept(server):
    books = ImitatedBooks(recording("query__three_kinds")["QueryResponse"]["Customer"])
    server.get(QUERY_URL, json=books.answer)
    server.get(CDC_URL, json=books.changes)
    server.get(COMPANY_INFO_URL, json=recording("companyinfo__harbor"))

    make_client = partial(quickbooks_client, now=lambda: datetime(2026, 5, 20, tzinfo=UTC))

    check_accounting_client(make_client, remote_ids=["58", "61", "12"])


def test_1294_customers_cost_three_calls():
    with imitated_books(1_294) as books:
        client = quickbooks_client()

        records = _records(client.customer_pages())

    assert len({record.remote_id for record in records}) == len(records) == 1_294
    assert client.call_count == len(books.statements) == 3
    everybody = "FROM Customer WHERE Active IN (true, false)"
    assert books.statements[0] == f"SELECT COUNT(*) {everybody}"
    assert sorted(books.statements[1:]) == [
        f"SELECT * {everybody} ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000",
        f"SELECT * {everybody} ORDERBY Id STARTPOSITION 1001 MAXRESULTS 1000",
    ]


@pytest.mark.parametrize(
    ("count", "calls"), [(0, 2), (1, 2), (999, 2), (1_000, 2), (1_001, 3), (12_000, 13)]
)
def test_lists_of_every_length_are_read_whole(count, calls):
    with imitated_books(count):
        client = quickbooks_client()

        records = _records(client.customer_pages())

    assert len({record.remote_id for record in records}) == count
    assert client.call_count == calls


def test_each_page_tells_the_count_of_the_books():
    with imitated_books(1_500):
        pages = list(quickbooks_client().customer_pages())

    assert [page.expected_count for page in pages] == [1_500, 1_500]


def test_each_page_tells_when_the_books_were_counted():
    with imitated_books(1_500):
        pages = list(quickbooks_client().customer_pages())

    assert {page.as_of for page in pages} == {datetime(2026, 7, 1, 0, 30, 0, 123_000, UTC)}


@pytest.mark.parametrize("time", [None, 7, "yesterday", "2026-06-30T17:30:00"])
def test_a_time_that_cannot_be_read_costs_nothing(server, time):
    page = {"QueryResponse": {"Customer": [make_customer(1)]}}
    count = {"QueryResponse": {"totalCount": 1}, "time": time}
    server.get(QUERY_URL, [{"json": count}, {"json": page | {"time": time}}])

    [page] = quickbooks_client().customer_pages()

    assert (len(page.records), page.as_of) == (1, None)


@pytest.mark.parametrize("row", [{"DisplayName": "Nobody"}, {"Id": 7}, {"Id": ""}, "1", None, []])
def test_a_row_that_is_nobody_is_counted_and_costs_no_other(row):
    with imitated_books(1_500) as books:
        books.customers[1_200] = row
        client = quickbooks_client()

        pages = list(client.customer_pages())

    assert len(_records(pages)) == 1_499
    assert sum(page.unreadable_count for page in pages) == 1
    assert client.call_count == 3


def test_a_row_that_is_nobody_is_told_once_however_often_it_is_read():
    with imitated_books(1_500) as books:
        books.customers[3] = {"DisplayName": "Nobody"}
        books.before = once("STARTPOSITION", lambda: books.customers.append(make_customer(1_501)))

        pages = list(quickbooks_client().customer_pages())

    assert {page.expected_count for page in pages} == {1_500, 1_501}
    assert sum(page.unreadable_count for page in pages) == 1


def test_a_question_carries_token_format_and_version(server):
    server.get(COMPANY_INFO_URL, json=recording("companyinfo__harbor"))

    quickbooks_client().remote_account()

    assert server.last_request.headers["Authorization"] == "Bearer token"
    assert server.last_request.headers["Accept"] == "application/json"
    assert server.last_request.qs == {"minorversion": ["75"]}


def test_customers_who_come_during_the_reading_are_read_in_a_second_pass():
    with imitated_books(1_500) as books:
        books.before = once("STARTPOSITION", lambda: books.customers.append(make_customer(1_501)))
        client = quickbooks_client()

        pages = list(client.customer_pages())

    assert {record.remote_id for record in _records(pages)} == {str(n) for n in range(1, 1_502)}
    assert pages[-1].expected_count == 1_501
    assert client.call_count == 6


def test_rows_that_move_between_pages_are_neither_lost_nor_doubled():
    def _change() -> None:
        books.customers.insert(0, make_customer(3_000))

    with imitated_books(2_500) as books:
        books.before = once("STARTPOSITION 1001", _change)

        pages = list(quickbooks_client().customer_pages())

    last_pass = [p for p in pages if p.expected_count == pages[-1].expected_count]
    ids = [record.remote_id for record in _records(last_pass)]
    assert len(ids) == len(set(ids)) == pages[-1].expected_count


def test_the_same_customer_on_two_pages_is_yielded_once_in_a_pass():
    with imitated_books(1_500) as books:
        books.customers[1_200] = books.customers[3]
        books.before = at_second_count(
            lambda: books.customers.__setitem__(1_200, make_customer(1_201))
        )

        pages = list(quickbooks_client().customer_pages())

    assert sum(len(page.records) for page in pages) == 1_499 + 1_500


def test_a_later_pass_yields_the_newer_record():
    def _rename() -> None:
        books.customers[0] = make_customer(1, DisplayName="New name")
        books.count_offset = 0

    with imitated_books(3) as books:
        books.count_offset = 1
        books.before = at_second_count(_rename)

        records = _records(quickbooks_client().customer_pages())

    assert [r.name for r in records if r.remote_id == "1"] == ["Customer number 1", "New name"]


def test_a_customer_who_was_yielded_and_is_gone_does_not_count():
    with imitated_books(1_500) as books:
        books.before = once("STARTPOSITION 1001", lambda: books.customers.pop(0))

        pages = list(quickbooks_client().customer_pages())

    assert remote_ids_of_last_pass(pages) == {str(number) for number in range(2, 1_501)}


@pytest.mark.parametrize("count_offset", [1, -1, 700])
def test_a_count_that_never_agrees_ends_after_three_passes(count_offset):
    with imitated_books(1_500) as books:
        books.count_offset = count_offset
        client = quickbooks_client()

        with pytest.raises(ListUnsettled) as raised:
            _records(client.customer_pages())

    assert len(raised.value.remote_ids) == 1_500
    assert sum("COUNT" in statement for statement in books.statements) == 3


@pytest.mark.parametrize("count", [{}, {"totalCount": 0}])
def test_an_empty_company_is_believed_after_an_empty_page(server, count):
    server.get(QUERY_URL, [{"json": {"QueryResponse": count}}, {"json": PAST_THE_END}])

    pages = list(quickbooks_client().customer_pages())

    assert [(page.records, page.expected_count) for page in pages] == [((), 0)]


def test_a_missing_count_does_not_empty_a_company():
    with imitated_books(5) as books:
        books.count_offset = -5

        with pytest.raises(ProviderUnavailable):
            _records(quickbooks_client().customer_pages())


@pytest.mark.parametrize(
    "count",
    [
        {"totalCount": -1},
        {"totalCount": "12"},
        {"totalCount": True},
        {"totalCount": 2**70},
        {"maxResults": 1},
    ],
)
def test_a_count_that_is_no_number_is_unreadable(server, count):
    server.get(QUERY_URL, json={"QueryResponse": count})

    with pytest.raises(UnreadableAnswer):
        _records(quickbooks_client().customer_pages())


@pytest.mark.parametrize(
    ("company", "name"),
    [
        ({"CompanyName": "Harbor\x00", "LegalName": "Harbor LLC"}, "Harbor"),
        ({"CompanyName": 7, "LegalName": "Harbor LLC"}, "Harbor LLC"),
        ({}, f"Company {REALM_ID}"),
    ],
)
def test_a_company_has_a_name(server, company, name):
    server.get(COMPANY_INFO_URL, json={"CompanyInfo": company})

    account = quickbooks_client().remote_account()

    assert (account.remote_account_id, account.name) == (REALM_ID, name)


def test_an_answer_without_a_company_is_unreadable(server):
    server.get(COMPANY_INFO_URL, json={"CompanyInfo": None})

    with pytest.raises(UnreadableAnswer):
        quickbooks_client().remote_account()


@pytest.mark.parametrize(
    "page",
    [
        {"QueryResponse": {"Customer": None}},
        {"QueryResponse": {"Customer": {"Id": "1"}}},
        {"QueryResponse": {"maxResults": 3}},
        {"QueryResponse": {"Customer": "1"}},
    ],
)
def test_a_page_without_readable_customers_is_unreadable(server, page):
    answer = {"json": page, "headers": {"intuit_tid": "1-page"}}
    server.get(QUERY_URL, [{"json": {"QueryResponse": {"totalCount": 1}}}, answer])

    with pytest.raises(UnreadableAnswer) as raised:
        _records(quickbooks_client().customer_pages())

    assert raised.value.reference == "1-page"


def _records(pages):
    return [record for page in pages for record in page.records]
