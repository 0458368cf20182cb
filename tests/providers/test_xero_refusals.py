"""Refusals of Xero, and answers that make no sense."""

from __future__ import annotations

import json

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from services.providers.access_tokens import TokenRefused
from services.providers.contract import (
    AccountGone,
    DailyLimitReached,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ReconnectRequired,
    ScopeMissing,
    UnreadableAnswer,
)
from services.providers.replies import Reply
from services.providers.xero_answers import contact_page
from tests.providers.support import recording
from tests.providers.xero_books import (
    CONNECTIONS_URL,
    CONTACTS_URL,
    imitated_contacts,
    xero_client,
)

EXPIRED = recording("xero_contacts__token_expired")
FOUR_KINDS = recording("xero_contacts__four_kinds")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ANSWER_KEYS = ["Status", "status", "Detail", "detail", "pagination", "Contacts", "DateTimeUTC"]
STATUSES = st.sampled_from([200, 204, 304, 400, 401, 403, 404, 418])


@pytest.fixture
def server():
    with requests_mock.Mocker() as mocker:
        yield mocker


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, "xero_contacts__scope_missing", ScopeMissing),
        (403, "xero_contacts__scope_missing", ScopeMissing),
        (200, "xero_contacts__scope_missing", ScopeMissing),
        (403, "xero_contacts__not_connected", AccountGone),
        (200, "xero_contacts__not_connected", AccountGone),
        (400, "xero_contacts__wrong_order", UnreadableAnswer),
        (400, "xero_contacts__not_valid", UnreadableAnswer),
        (200, "xero_contacts__not_valid", UnreadableAnswer),
    ],
)
def test_a_refusal_is_told_as_what_it_means(server, status, body, error):
    headers = {"Xero-Correlation-Id": "1-a"}
    server.get(CONTACTS_URL, status_code=status, json=recording(body), headers=headers)
    client = xero_client()

    with pytest.raises(error) as raised:
        list(client.customer_pages())

    assert type(raised.value) is error
    assert (raised.value.reference, raised.value.status) == ("1-a", status)
    assert "canary" not in str(raised.value)
    assert client.call_count == 1


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (403, "", ScopeMissing),
        (403, '{"Status":404}', ScopeMissing),
        (403, '{"Detail":"Forbidden"}', ScopeMissing),
        (403, '{"title":"Forbidden","detail":"AuthenticationUnsuccessful"}', AccountGone),
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
        (200, '{"Status":"OK"}', UnreadableAnswer),
        (200, '{"Status":"ERROR","Contacts":[]}', UnreadableAnswer),
        (200, '{"Status":null,"Contacts":[]}', UnreadableAnswer),
        (200, '{"Status":"OK","Contacts":null}', UnreadableAnswer),
        (200, '{"Status":"OK","Contacts":{}}', UnreadableAnswer),
        (200, '{"Status":404}', AccountGone),
        (200, '{"Status":429}', RateLimited),
        (200, '{"Status":503}', ProviderUnavailable),
        (200, '{"Status":true}', UnreadableAnswer),
        (200, '<Response xmlns="x"><Status>OK</Status></Response>', UnreadableAnswer),
        (200, "<html>Maintenance</html>", UnreadableAnswer),
        (200, '{"Status":"OK","Contacts":[],"Contacts":[]}', UnreadableAnswer),
    ],
)
def test_nonsense_is_told_as_what_it_means(server, status, text, error):
    server.get(CONTACTS_URL, status_code=status, text=text)

    with pytest.raises(error):
        list(xero_client().customer_pages())


@pytest.mark.parametrize(
    ("headers", "error", "wait_s"),
    [
        ({"Retry-After": "66975", "X-Rate-Limit-Problem": "day"}, DailyLimitReached, 66_975),
        ({"Retry-After": "60", "X-Rate-Limit-Problem": "DayLimit"}, DailyLimitReached, 60),
        ({"Retry-After": "66975"}, DailyLimitReached, 66_975),
        ({"Retry-After": "42", "X-Rate-Limit-Problem": "minute"}, RateLimited, 42),
        ({"Retry-After": "42", "X-Rate-Limit-Problem": "AppMinute"}, RateLimited, 42),
        ({"X-Rate-Limit-Problem": "concurrent"}, RateLimited, 60),
    ],
)
def test_a_limit_of_the_day_is_told_apart(server, headers, error, wait_s):
    server.get(CONTACTS_URL, status_code=429, text="Rate limit exceeded", headers=headers)

    with pytest.raises(RateLimited) as raised:
        list(xero_client().customer_pages())

    assert type(raised.value) is error
    assert raised.value.retry_after_s == wait_s


@pytest.mark.parametrize(
    "refusal",
    [
        {"status_code": 401, "json": EXPIRED},
        {"status_code": 200, "json": EXPIRED},
        {"status_code": 401, "json": {"status": 401, "detail": "AuthenticationUnsuccessful"}},
        {"status_code": 401, "text": ""},
    ],
)
def test_a_refused_token_is_renewed_once(server, refusal):
    server.get(CONTACTS_URL, [refusal, {"json": FOUR_KINDS}])
    asked: list[str | None] = []

    def _supply(refused: str | None) -> str:
        asked.append(refused)
        return "new" if refused else "old"

    (page,) = xero_client(tokens=_supply).customer_pages()

    assert len(page.records) == 4
    assert asked == [None, "old"]
    sent = [request.headers["Authorization"] for request in server.request_history]
    assert sent == ["Bearer old", "Bearer new"]


def test_a_token_refused_for_ever_costs_two_calls(server):
    server.get(CONTACTS_URL, status_code=401, json=EXPIRED)
    client = xero_client()

    with pytest.raises(ReconnectRequired):
        list(client.customer_pages())

    assert client.call_count == 2


def test_a_failed_page_ends_the_reading_with_an_error():
    def _fail(page: int) -> None:
        if page == 3:
            raise ConnectionResetError

    with imitated_contacts(12_000) as books:
        books.before = _fail

        with pytest.raises(ProviderUnavailable):
            list(xero_client().customer_pages())

    assert len(books.asked) < 20


def test_a_permission_that_ends_in_the_middle_yields_no_whole_list():
    with imitated_contacts(1_500) as books, requests_mock.Mocker() as server:
        server.get(CONTACTS_URL, json=books.answer)
        server.get(
            f"{CONTACTS_URL}?page=2",
            status_code=403,
            json=recording("xero_contacts__not_connected"),
        )

        with pytest.raises(AccountGone):
            list(xero_client().customer_pages())


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (200, "{}", UnreadableAnswer),
        (200, "null", UnreadableAnswer),
        (200, "<html>", UnreadableAnswer),
        (200, "[7]", UnreadableAnswer),
        (200, '[{"tenantType":"ORGANISATION"}]', UnreadableAnswer),
        (404, "", UnreadableAnswer),
        (403, "", ScopeMissing),
        (401, "", ReconnectRequired),
        (503, "", ProviderUnavailable),
    ],
)
def test_a_list_of_organisations_that_cannot_be_read_loses_no_connection(
    server, status, text, error
):
    server.get(CONNECTIONS_URL, status_code=status, text=text)

    with pytest.raises(error) as raised:
        xero_client().remote_account()

    assert not isinstance(raised.value, AccountGone)


@given(st.lists(st.integers() | st.text() | st.dictionaries(st.text(), st.text())))
def test_rows_that_are_no_contacts_cost_none_of_the_good_ones(rows):
    mixed = [row for pair in zip(rows, FOUR_KINDS["Contacts"], strict=False) for row in pair]
    answer = {"Contacts": mixed + rows}

    page = contact_page(_reply(200, answer), token="token")

    assert len(page.records) == min(len(rows), 4)
    assert page.row_count == len(answer["Contacts"])


@given(STATUSES, st.dictionaries(st.sampled_from(ANSWER_KEYS), JSON) | JSON)
def test_whatever_is_answered_is_a_page_or_an_error_of_ours(status, answer):
    try:
        page = contact_page(_reply(status, answer), token="token")
    except (ProviderError, TokenRefused):
        return

    assert page.row_count == len(answer["Contacts"])


def _reply(status, answer):
    return Reply(status, {}, json.dumps(answer).encode())
