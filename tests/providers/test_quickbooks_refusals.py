"""Refusals of QuickBooks, and answers that make no sense."""

from __future__ import annotations

import pytest
import requests_mock

from services.providers.contract import (
    AccountGone,
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
    ScopeMissing,
    UnreadableAnswer,
)
from tests.providers.books import (
    imitated_books,
    statement_of,
)
from tests.providers.support import (
    COMPANY_INFO_URL,
    QUERY_URL,
    quickbooks_client,
    recording,
)

COUNTED_ONE = {"QueryResponse": {"totalCount": 1}}


@pytest.fixture
def server():
    with requests_mock.Mocker() as mocker:
        yield mocker


def test_a_failed_page_ends_the_reading_with_an_error():
    def _fail(statement: str) -> None:
        if "STARTPOSITION 2001" in statement:
            raise ConnectionResetError

    with imitated_books(12_000) as books:
        books.before = _fail

        with pytest.raises(ProviderUnavailable):
            _records(quickbooks_client().customer_pages())

    assert len(books.statements) < 20


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, "query__not_authorized", ScopeMissing),
        (401, "query__not_authorized", ScopeMissing),
        (200, "query__not_authorized", ScopeMissing),
        (200, "query__throttled", RateLimited),
        (403, "query__throttled", RateLimited),
        (429, "query__throttled", RateLimited),
        (200, "query__system_failure", ProviderUnavailable),
        (400, "query__system_failure", ProviderUnavailable),
        (500, "query__system_failure", ProviderUnavailable),
        (400, "query__wrong_statement", UnreadableAnswer),
        (200, "query__wrong_statement", UnreadableAnswer),
    ],
)
def test_a_fault_is_told_as_what_it_means(server, status, body, error):
    server.get(QUERY_URL, status_code=status, json=recording(body), headers={"intuit_tid": "1-a"})

    with pytest.raises(error) as raised:
        _records(quickbooks_client().customer_pages())

    assert (raised.value.reference, raised.value.status) == ("1-a", status)
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (403, "", ScopeMissing),
        (404, "<html>", AccountGone),
        (400, "<html>", UnreadableAnswer),
        (418, "{}", UnreadableAnswer),
        (204, "", UnreadableAnswer),
        (200, "", UnreadableAnswer),
        (200, "null", UnreadableAnswer),
        (200, "[]", UnreadableAnswer),
        (200, "{}", UnreadableAnswer),
        (200, '{"QueryResponse":null}', UnreadableAnswer),
        (200, '{"QueryResponse":[]}', UnreadableAnswer),
        (200, "<html>Maintenance</html>", UnreadableAnswer),
        (200, '{"fault":{"error":"canary"}}', UnreadableAnswer),
        (200, '{"Fault":{"Error":[7,null,{"code":7}]}}', UnreadableAnswer),
        (200, '{"Fault":"canary"}', UnreadableAnswer),
        (200, '{"Fault":{"Error":[{"Message":"errorCode=003001;"}]}}', RateLimited),
        (200, '{"Fault":{"Error":[{"code":3100}]}}', ScopeMissing),
        (400, '{"Fault":{"Error":[{"code":"3201"}]}}', ScopeMissing),
        (401, '{"fault":{"error":[{"code":"3100"}],"type":"AUTHENTICATION"}}', ScopeMissing),
        (200, '{"Fault":{"Error":[{"code":"610"}]}}', AccountGone),
        (400, '{"Fault":{"Error":[{"code":"610"}]}}', AccountGone),
    ],
)
def test_nonsense_is_told_as_what_it_means(server, status, text, error):
    server.get(QUERY_URL, status_code=status, text=text)

    with pytest.raises(error):
        _records(quickbooks_client().customer_pages())


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
    server.get(QUERY_URL, [{"json": COUNTED_ONE}, answer])

    with pytest.raises(UnreadableAnswer) as raised:
        _records(quickbooks_client().customer_pages())

    assert raised.value.reference == "1-page"


def test_a_permission_taken_away_in_the_middle_yields_no_whole_list():
    with imitated_books(1_500) as books, requests_mock.Mocker() as server:
        server.get(QUERY_URL, json=books.answer)
        server.get(
            f"{QUERY_URL}",
            additional_matcher=lambda request: "STARTPOSITION 1001" in statement_of(request),
            status_code=403,
            json=recording("query__not_authorized"),
        )

        with pytest.raises(ScopeMissing):
            _records(quickbooks_client().customer_pages())


@pytest.mark.parametrize(
    "refusal",
    [
        {"status_code": 401, "json": recording("query__token_expired")},
        {"status_code": 200, "json": recording("query__token_expired")},
        {"status_code": 401, "text": ""},
        {"status_code": 200, "json": {"Fault": {"type": "AUTHENTICATION"}}},
    ],
)
def test_a_refused_token_is_renewed_once(server, refusal):
    server.get(COMPANY_INFO_URL, [refusal, {"json": recording("companyinfo__harbor")}])
    asked: list[str | None] = []

    def _supply(refused: str | None) -> str:
        asked.append(refused)
        return "new" if refused else "old"

    client = quickbooks_client(tokens=_supply)
    account = client.remote_account()

    assert account.name == "Harbor Heating & Air"
    assert asked == [None, "old"]
    sent = [request.headers["Authorization"] for request in server.request_history]
    assert sent == ["Bearer old", "Bearer new"]


def test_a_token_refused_for_ever_costs_two_calls(server):
    server.get(QUERY_URL, status_code=401, json=recording("query__token_expired"))
    client = quickbooks_client()

    with pytest.raises(ReconnectRequired):
        _records(client.customer_pages())

    assert client.call_count == 2


def test_further_tries_are_counted_as_calls(server):
    server.get(COMPANY_INFO_URL, [{"status_code": 503}, {"json": recording("companyinfo__harbor")}])
    client = quickbooks_client()

    client.remote_account()

    assert client.call_count == 2


def _records(pages):
    return [record for page in pages for record in page.records]
