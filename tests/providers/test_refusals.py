"""Refusals of a list, and answers that make no sense: the same care at all three providers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from services.providers.contract import (
    AccountGone,
    AccountingClient,
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
    ScopeMissing,
    UnreadableAnswer,
)
from tests.providers import books, freshbooks_books, xero_books
from tests.providers.support import QUERY_URL, quickbooks_client, recording


@dataclass(frozen=True)
class Desk:
    """Where a provider is asked for its list, and how twelve pages of it are answered."""

    make_client: Callable[..., AccountingClient]
    url: str
    reference_header: str
    make_answers: Callable[[], Callable[[Any, Any], Any]]
    #: What stands in the question for the third page only.
    third_page: str

    def asks_for_third(self, request: Any) -> bool:
        return self.third_page in f"{request.url}&"


QUICKBOOKS = Desk(
    quickbooks_client,
    QUERY_URL,
    "intuit_tid",
    lambda: books.ImitatedBooks([books.make_customer(n) for n in range(12_000)]).answer,
    "STARTPOSITION+2001+",
)
XERO = Desk(
    xero_books.xero_client,
    xero_books.CONTACTS_URL,
    "Xero-Correlation-Id",
    lambda: xero_books.ImitatedContacts([xero_books.make_contact(n) for n in range(12_000)]).answer,
    "&page=3&",
)
FRESHBOOKS = Desk(
    freshbooks_books.freshbooks_client,
    freshbooks_books.CLIENTS_URL,
    "x-request-id",
    lambda: (
        freshbooks_books.ImitatedClients(
            [freshbooks_books.make_client(n) for n in range(1_200)]
        ).answer
    ),
    "&page=3&",
)
DESKS = pytest.mark.parametrize(
    "desk", [QUICKBOOKS, XERO, FRESHBOOKS], ids=["quickbooks", "xero", "freshbooks"]
)

#: What may be asked for again, after a wait or with another token; anything else costs one call.
ASKED_AGAIN = (ProviderUnavailable, RateLimited, ReconnectRequired)

RECORDED = [
    (QUICKBOOKS, 403, "query__not_authorized", ScopeMissing),
    (QUICKBOOKS, 401, "query__not_authorized", ScopeMissing),
    (QUICKBOOKS, 200, "query__not_authorized", ScopeMissing),
    (QUICKBOOKS, 200, "query__throttled", RateLimited),
    (QUICKBOOKS, 403, "query__throttled", RateLimited),
    (QUICKBOOKS, 429, "query__throttled", RateLimited),
    (QUICKBOOKS, 200, "query__system_failure", ProviderUnavailable),
    (QUICKBOOKS, 400, "query__system_failure", ProviderUnavailable),
    (QUICKBOOKS, 500, "query__system_failure", ProviderUnavailable),
    (QUICKBOOKS, 400, "query__wrong_statement", UnreadableAnswer),
    (QUICKBOOKS, 200, "query__wrong_statement", UnreadableAnswer),
    (XERO, 401, "xero_contacts__scope_missing", ScopeMissing),
    (XERO, 403, "xero_contacts__scope_missing", ScopeMissing),
    (XERO, 200, "xero_contacts__scope_missing", ScopeMissing),
    (XERO, 403, "xero_contacts__not_connected", AccountGone),
    (XERO, 200, "xero_contacts__not_connected", AccountGone),
    (XERO, 400, "xero_contacts__wrong_order", UnreadableAnswer),
    (XERO, 400, "xero_contacts__not_valid", UnreadableAnswer),
    (XERO, 200, "xero_contacts__not_valid", UnreadableAnswer),
    (FRESHBOOKS, 401, "me__unauthenticated", ReconnectRequired),
    (FRESHBOOKS, 200, "me__unauthenticated", ReconnectRequired),
    (FRESHBOOKS, 401, "clients__not_allowed", ReconnectRequired),
    (FRESHBOOKS, 200, "clients__not_allowed", ReconnectRequired),
    (FRESHBOOKS, 403, "clients__not_allowed", ScopeMissing),
    (FRESHBOOKS, 404, "clients__not_found", AccountGone),
    (FRESHBOOKS, 422, "clients__not_found", UnreadableAnswer),
    (FRESHBOOKS, 200, "clients__not_found", UnreadableAnswer),
    (FRESHBOOKS, 200, "clients__throttled", RateLimited),
    (FRESHBOOKS, 403, "clients__throttled", RateLimited),
    (FRESHBOOKS, 429, "clients__throttled", RateLimited),
    (FRESHBOOKS, 500, "clients__not_found", ProviderUnavailable),
]

ANYWHERE = [
    (401, "", ReconnectRequired),
    (403, "", ScopeMissing),
    (403, "<html>", ScopeMissing),
    (404, "<html>", AccountGone),
    (404, "The resource you're looking for cannot be found", AccountGone),
    (400, "<html>", UnreadableAnswer),
    (418, "{}", UnreadableAnswer),
    (204, "", UnreadableAnswer),
    (500, "", ProviderUnavailable),
    (503, "The service is not available", ProviderUnavailable),
    (200, "", UnreadableAnswer),
    (200, "null", UnreadableAnswer),
    (200, "[]", UnreadableAnswer),
    (200, "{}", UnreadableAnswer),
    (200, "<html>Maintenance</html>", UnreadableAnswer),
]

NONSENSE = [
    (QUICKBOOKS, 200, '{"QueryResponse":null}', UnreadableAnswer),
    (QUICKBOOKS, 200, '{"QueryResponse":[]}', UnreadableAnswer),
    (QUICKBOOKS, 200, '{"fault":{"error":"canary"}}', UnreadableAnswer),
    (QUICKBOOKS, 200, '{"Fault":{"Error":[7,null,{"code":7}]}}', UnreadableAnswer),
    (QUICKBOOKS, 200, '{"Fault":"canary"}', UnreadableAnswer),
    (QUICKBOOKS, 200, '{"Fault":{"Error":[{"Message":"errorCode=003001;"}]}}', RateLimited),
    (QUICKBOOKS, 200, '{"Fault":{"Error":[{"code":3100}]}}', ScopeMissing),
    (QUICKBOOKS, 400, '{"Fault":{"Error":[{"code":"3201"}]}}', ScopeMissing),
    (
        QUICKBOOKS,
        401,
        '{"fault":{"error":[{"code":"3100"}],"type":"AUTHENTICATION"}}',
        ScopeMissing,
    ),
    (QUICKBOOKS, 200, '{"Fault":{"Error":[{"code":"610"}]}}', AccountGone),
    (QUICKBOOKS, 400, '{"Fault":{"Error":[{"code":"610"}]}}', AccountGone),
    (XERO, 403, '{"Status":404}', ScopeMissing),
    (XERO, 403, '{"Detail":"Forbidden"}', ScopeMissing),
    (XERO, 403, '{"title":"Forbidden","detail":"AuthenticationUnsuccessful"}', AccountGone),
    (XERO, 200, '{"Status":"OK"}', UnreadableAnswer),
    (XERO, 200, '{"Status":"ERROR","Contacts":[]}', UnreadableAnswer),
    (XERO, 200, '{"Status":null,"Contacts":[]}', UnreadableAnswer),
    (XERO, 200, '{"Status":"OK","Contacts":null}', UnreadableAnswer),
    (XERO, 200, '{"Status":"OK","Contacts":{}}', UnreadableAnswer),
    (XERO, 200, '{"Status":404}', AccountGone),
    (XERO, 200, '{"Status":429}', RateLimited),
    (XERO, 200, '{"Status":503}', ProviderUnavailable),
    (XERO, 200, '{"Status":true}', UnreadableAnswer),
    (XERO, 200, '<Response xmlns="x"><Status>OK</Status></Response>', UnreadableAnswer),
    (XERO, 200, '{"Status":"OK","Contacts":[],"Contacts":[]}', UnreadableAnswer),
    (FRESHBOOKS, 200, '{"response":null}', UnreadableAnswer),
    (FRESHBOOKS, 200, '{"response":[]}', UnreadableAnswer),
    (FRESHBOOKS, 200, '{"response":{}}', UnreadableAnswer),
    (FRESHBOOKS, 200, '{"response":{"result":[]}}', UnreadableAnswer),
    (FRESHBOOKS, 200, '{"response":{"errors":{"errno":429}}}', RateLimited),
    (FRESHBOOKS, 200, '{"response":{"errors":{"errno":"403"}}}', ScopeMissing),
    (FRESHBOOKS, 200, '{"response":{"errors":[7,null,{"errno":401}]}}', ReconnectRequired),
    (FRESHBOOKS, 200, '{"response":{"errors":"canary"}}', UnreadableAnswer),
    (FRESHBOOKS, 200, '{"response":{"errors":[{"errno":[1012]}]}}', UnreadableAnswer),
    (FRESHBOOKS, 400, '{"response":{"errors":[]}}', UnreadableAnswer),
    (FRESHBOOKS, 200, '{"errno":401,"message":"invalid_token"}', ReconnectRequired),
    (FRESHBOOKS, 200, '{"errno":422,"message":"canary"}', UnreadableAnswer),
    (FRESHBOOKS, 200, '{"error":"unauthenticated","response":{"result":{}}}', ReconnectRequired),
]

REFUSED_TOKENS = [
    (QUICKBOOKS, {"status_code": 401, "json": recording("query__token_expired")}),
    (QUICKBOOKS, {"status_code": 200, "json": recording("query__token_expired")}),
    (QUICKBOOKS, {"status_code": 401, "text": ""}),
    (QUICKBOOKS, {"status_code": 200, "json": {"Fault": {"type": "AUTHENTICATION"}}}),
    (XERO, {"status_code": 401, "json": recording("xero_contacts__token_expired")}),
    (XERO, {"status_code": 200, "json": recording("xero_contacts__token_expired")}),
    (XERO, {"status_code": 401, "json": {"status": 401, "detail": "AuthenticationUnsuccessful"}}),
    (XERO, {"status_code": 401, "text": ""}),
    (FRESHBOOKS, {"status_code": 401, "json": recording("me__unauthenticated")}),
    (FRESHBOOKS, {"status_code": 401, "text": ""}),
]


@pytest.mark.parametrize(("desk", "status", "body", "error"), RECORDED)
def test_a_refusal_is_told_as_what_it_means(server, desk, status, body, error):
    headers = {desk.reference_header: "1-a"}
    server.get(desk.url, status_code=status, json=recording(body), headers=headers)

    raised = _refused(desk.make_client(), error)

    assert raised.reference == "1-a"
    assert raised.status == (401 if error is ReconnectRequired else status)


@DESKS
@pytest.mark.parametrize(("status", "text", "error"), ANYWHERE)
def test_nonsense_that_any_server_may_answer_is_told_alike(server, desk, status, text, error):
    server.get(desk.url, status_code=status, text=text)

    _refused(desk.make_client(), error)


@pytest.mark.parametrize(("desk", "status", "text", "error"), NONSENSE)
def test_nonsense_is_told_as_what_it_means(server, desk, status, text, error):
    server.get(desk.url, status_code=status, text=text)

    _refused(desk.make_client(), error)


@pytest.mark.parametrize(("desk", "refusal"), REFUSED_TOKENS)
def test_a_refused_token_is_renewed_once_and_the_call_repeated(server, desk, refusal):
    server.get(desk.url, [refusal, {"json": desk.make_answers()}])
    asked: list[str | None] = []

    def _supply(refused: str | None) -> str:
        asked.append(refused)
        return "new" if refused else "old"

    pages = list(desk.make_client(tokens=_supply).customer_pages())

    assert len(pages) == 12
    assert asked == [None, "old"]
    sent = [request.headers["Authorization"] for request in server.request_history]
    assert sent == ["Bearer old"] + ["Bearer new"] * (len(sent) - 1)


@pytest.mark.parametrize(
    ("desk", "body"),
    [
        (QUICKBOOKS, "query__token_expired"),
        (XERO, "xero_contacts__token_expired"),
        (FRESHBOOKS, "me__unauthenticated"),
    ],
)
def test_a_token_refused_for_ever_costs_two_calls(server, desk, body):
    server.get(desk.url, status_code=401, json=recording(body))
    client = desk.make_client()

    _refused(client, ReconnectRequired)

    assert client.call_count == 2


@DESKS
def test_a_failed_page_ends_the_reading_with_an_error(server, desk):
    server.get(desk.url, json=desk.make_answers())
    server.get(desk.url, additional_matcher=desk.asks_for_third, exc=ConnectionResetError)

    _refused(desk.make_client(), ProviderUnavailable)

    assert server.call_count < 20


@pytest.mark.parametrize(
    ("desk", "body", "error"),
    [
        (QUICKBOOKS, "query__not_authorized", ScopeMissing),
        (XERO, "xero_contacts__not_connected", AccountGone),
        (FRESHBOOKS, "clients__not_allowed", ScopeMissing),
    ],
)
def test_a_permission_that_ends_in_the_middle_yields_no_whole_list(server, desk, body, error):
    server.get(desk.url, json=desk.make_answers())
    refusal = {"status_code": 403, "json": recording(body)}
    server.get(desk.url, [refusal], additional_matcher=desk.asks_for_third)

    with pytest.raises(error):
        list(desk.make_client().customer_pages())


@DESKS
def test_trouble_that_passes_costs_a_further_try(server, desk):
    server.get(desk.url, [{"status_code": 503, "text": "<html>"}, {"json": desk.make_answers()}])
    client = desk.make_client()

    pages = list(client.customer_pages())

    assert len(pages) == 12
    assert client.call_count == server.call_count


@DESKS
def test_a_moment_without_zone_is_a_mistake_of_ours(desk):
    with pytest.raises(ValueError, match="zone"):
        desk.make_client().customer_pages(changed_since=datetime(2026, 6, 30))  # noqa: DTZ001


def _refused(client: AccountingClient, error: type[Exception]) -> Any:
    with pytest.raises(error) as raised:
        list(client.customer_pages())

    assert type(raised.value) is error
    assert "canary" not in str(raised.value)
    assert client.call_count == 1 or error in ASKED_AGAIN
    return raised.value
