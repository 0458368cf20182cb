"""Refusals of FreshBooks, and answers that make no sense."""

from __future__ import annotations

import pytest

from services.providers.contract import (
    ProviderUnavailable,
    ReconnectRequired,
    ScopeMissing,
    UnreadableAnswer,
)
from tests.providers.freshbooks_books import (
    CLIENTS_URL,
    ME_URL,
    ImitatedClients,
    freshbooks_client,
    make_client,
)
from tests.providers.support import recording

CLIENTS = recording("clients__three_states")


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
