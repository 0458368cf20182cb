"""Refusals of Xero, and answers that make no sense."""

from __future__ import annotations

import json

import pytest
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
    xero_client,
)

FOUR_KINDS = recording("xero_contacts__four_kinds")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ANSWER_KEYS = ["Status", "status", "Detail", "detail", "pagination", "Contacts", "DateTimeUTC"]
STATUSES = st.sampled_from([200, 204, 304, 400, 401, 403, 404, 418])


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
