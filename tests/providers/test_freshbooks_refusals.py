"""Refusals of FreshBooks, and answers that make no sense."""

from __future__ import annotations

import json

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
from tests.providers.freshbooks_books import (
    CLIENTS_URL,
    ME_URL,
    ImitatedClients,
    freshbooks_client,
    imitated_clients,
    make_client,
)
from tests.providers.support import Waits, recording

CLIENTS = recording("clients__three_states")


@pytest.fixture
def server():
    with requests_mock.Mocker() as mocker:
        yield mocker


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, "me__unauthenticated", ReconnectRequired),
        (200, "me__unauthenticated", ReconnectRequired),
        (401, "clients__not_allowed", ReconnectRequired),
        (200, "clients__not_allowed", ReconnectRequired),
        (403, "clients__not_allowed", ScopeMissing),
        (404, "clients__not_found", AccountGone),
        (422, "clients__not_found", UnreadableAnswer),
        (200, "clients__not_found", UnreadableAnswer),
        (200, "clients__throttled", RateLimited),
        (403, "clients__throttled", RateLimited),
        (429, "clients__throttled", RateLimited),
        (500, "clients__not_found", ProviderUnavailable),
    ],
)
def test_an_error_is_told_as_what_it_means(server, status, body, error):
    headers = {"x-request-id": "1-a"}
    server.get(CLIENTS_URL, status_code=status, json=recording(body), headers=headers)

    with pytest.raises(error) as raised:
        _records(freshbooks_client().customer_pages())

    assert type(raised.value) is error
    assert raised.value.reference == "1-a"
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (401, "", ReconnectRequired),
        (403, "<html>", ScopeMissing),
        (404, "<html>", AccountGone),
        (400, "<html>", UnreadableAnswer),
        (418, "{}", UnreadableAnswer),
        (204, "", UnreadableAnswer),
        (200, "", UnreadableAnswer),
        (200, "null", UnreadableAnswer),
        (200, "[]", UnreadableAnswer),
        (200, "{}", UnreadableAnswer),
        (200, '{"response":null}', UnreadableAnswer),
        (200, '{"response":[]}', UnreadableAnswer),
        (200, '{"response":{}}', UnreadableAnswer),
        (200, '{"response":{"result":[]}}', UnreadableAnswer),
        (200, "<html>Maintenance</html>", UnreadableAnswer),
        (200, '{"response":{"errors":{"errno":429}}}', RateLimited),
        (200, '{"response":{"errors":{"errno":"403"}}}', ScopeMissing),
        (200, '{"response":{"errors":[7,null,{"errno":401}]}}', ReconnectRequired),
        (200, '{"response":{"errors":"canary"}}', UnreadableAnswer),
        (200, '{"response":{"errors":[{"errno":[1012]}]}}', UnreadableAnswer),
        (200, '{"errno":401,"message":"invalid_token"}', ReconnectRequired),
        (200, '{"errno":422,"message":"canary"}', UnreadableAnswer),
        (200, '{"error":"unauthenticated","response":{"result":{}}}', ReconnectRequired),
    ],
)
def test_nonsense_is_told_as_what_it_means(server, status, text, error):
    server.get(CLIENTS_URL, status_code=status, text=text)

    with pytest.raises(error) as raised:
        _records(freshbooks_client().customer_pages())

    assert type(raised.value) is error
    assert "canary" not in str(raised.value)


def test_errors_beside_a_result_are_errors(server):
    response = CLIENTS["response"] | {"errors": [{"errno": 1012}]}
    server.get(CLIENTS_URL, json={"response": response})

    with pytest.raises(UnreadableAnswer):
        _records(freshbooks_client().customer_pages())


@pytest.mark.parametrize("errors", [[], {}, None])
def test_no_errors_beside_a_result_are_none(server, errors):
    server.get(CLIENTS_URL, json={"response": CLIENTS["response"] | {"errors": errors}})

    assert len(_records(freshbooks_client().customer_pages())) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"clients": None},
        {"clients": {"id": 1}},
        {"total": None},
        {"total": -1},
        {"total": True},
        {"total": 3.0},
        {"total": "three"},
        {"total": 10**7},
        {"pages": None},
        {"pages": 10**7},
    ],
)
def test_a_page_that_does_not_say_what_it_holds_is_unreadable(server, fields):
    result = CLIENTS["response"]["result"] | fields
    server.get(CLIENTS_URL, json={"response": {"result": result}})

    with pytest.raises(UnreadableAnswer):
        _records(freshbooks_client().customer_pages())


def test_numbers_written_as_text_are_numbers(server):
    result = CLIENTS["response"]["result"] | {"total": "3", "pages": "1"}
    server.get(CLIENTS_URL, json={"response": {"result": result}})

    assert len(_records(freshbooks_client().customer_pages())) == 3


def test_a_refused_token_is_renewed_once_and_the_call_repeated(server):
    refused = {"status_code": 401, "json": recording("me__unauthenticated")}
    server.get(CLIENTS_URL, [refused, {"json": CLIENTS}])
    asked: list[str | None] = []

    def _tokens(token: str | None) -> str:
        asked.append(token)
        return f"token-{len(asked)}"

    records = _records(freshbooks_client(tokens=_tokens).customer_pages())

    assert (len(records), asked) == (3, [None, "token-1"])
    assert server.last_request.headers["Authorization"] == "Bearer token-2"


def test_a_token_that_ends_between_two_pages_costs_no_page(server):
    books = ImitatedClients([make_client(number) for number in range(1, 251)])

    def _answer(request, context):
        if books.questions and request.headers["Authorization"] == "Bearer old":
            context.status_code = 401
            return recording("me__unauthenticated")
        return books.answer(request, context)

    server.get(CLIENTS_URL, json=_answer)
    client = freshbooks_client(tokens=lambda refused: "new" if refused else "old")

    records = _records(client.customer_pages())

    assert len({record.remote_id for record in records}) == 250


def test_a_question_refused_as_wrong_is_asked_once(server):
    server.get(CLIENTS_URL, status_code=400, text=json.dumps({"response": {"errors": []}}))
    waits = Waits()

    with pytest.raises(UnreadableAnswer):
        _records(freshbooks_client(sleep=waits).customer_pages())

    assert (server.call_count, waits.seconds) == (1, [])


def test_trouble_that_passes_costs_a_further_try(server):
    server.get(CLIENTS_URL, [{"status_code": 503, "text": "<html>"}, {"json": CLIENTS}])
    client = freshbooks_client()

    records = _records(client.customer_pages())

    assert (len(records), client.call_count) == (3, 2)


def test_a_failed_page_ends_the_reading_with_an_error():
    def _fail() -> None:
        raise ConnectionResetError

    with imitated_clients(5_000) as books:
        books.before = lambda question: _fail() if question["page"] == "7" else None

        with pytest.raises(ProviderUnavailable):
            _records(freshbooks_client().customer_pages())

    assert len(books.questions) < 20


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (401, recording("me__unauthenticated"), ReconnectRequired),
        (403, {}, ScopeMissing),
        (404, {}, UnreadableAnswer),
        (200, {}, UnreadableAnswer),
        (200, {"response": {}}, UnreadableAnswer),
        (200, {"response": {"business_memberships": {}}}, UnreadableAnswer),
        (503, {}, ProviderUnavailable),
    ],
)
def test_an_answer_without_businesses_is_told_as_what_it_means(server, status, answer, error):
    server.get(ME_URL, status_code=status, json=answer)

    with pytest.raises(error) as raised:
        freshbooks_client().remote_account()

    assert type(raised.value) is error


def _records(pages):
    return [record for page in pages for record in page.records]
