"""Reading every client from FreshBooks: how many calls, and what adds up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from threading import Barrier, Lock
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from services.providers.contract import (
    AccountGone,
    ListUnsettled,
    ProviderKey,
    Quota,
    RemoteAccount,
    RemoteStatus,
)
from services.providers.freshbooks import CONCURRENT_CALLS, FreshBooksClient
from services.providers.registry import provider_profile
from services.providers.replies import Reply
from tests.providers.contract_checks import check_accounting_client
from tests.providers.freshbooks_books import (
    ACCOUNT_ID,
    API_URL,
    CLIENTS_URL,
    ME_URL,
    ImitatedClients,
    at_nth_question,
    freshbooks_client,
    imitated_clients,
    make_client,
)
from tests.providers.support import recording, remote_ids_of_last_pass


def test_the_contract_is_kept(server):
    books = ImitatedClients(recording("clients__three_states")["response"]["result"]["clients"])
    server.get(CLIENTS_URL, json=books.answer)
    server.get(ME_URL, json=recording("me__three_businesses"))

    check_accounting_client(freshbooks_client, remote_ids=["700123", "700130", "700131"])


def test_214_clients_cost_three_calls_and_one_for_the_deleted():
    with imitated_clients(214) as books:
        client = freshbooks_client()

        records = _records(client.customer_pages())

    assert len({record.remote_id for record in records}) == len(records) == 214
    assert client.call_count == len(books.questions) == 4
    order = {"sort": "id_asc", "per_page": "100", "include[]": "outstanding_balance"}
    asked = sorted(books.questions[:3], key=lambda question: question["page"])
    assert asked == [order | {"page": page} for page in ("1", "2", "3")]
    assert books.questions[3]["search[vis_state]"] == "1"


@pytest.mark.parametrize(
    ("count", "calls"), [(0, 1), (1, 1), (100, 1), (101, 3), (1_204, 14), (5_000, 51)]
)
def test_lists_of_every_length_are_read_whole(count, calls):
    with imitated_clients(count):
        client = freshbooks_client()

        pages = list(client.customer_pages())

    assert len({record.remote_id for record in _records(pages)}) == count
    assert {page.expected_count for page in pages} == {count}
    assert client.call_count == calls


def test_a_smaller_page_than_asked_for_is_believed():
    with imitated_clients(214) as books:
        books.page_size_max = 30
        client = freshbooks_client()

        records = _records(client.customer_pages())

    assert len({record.remote_id for record in records}) == 214
    assert client.call_count == 9


def test_two_pages_are_fetched_at_a_time():
    transport = _MeetingTransport(ImitatedClients([make_client(n) for n in range(1, 1_101)]))
    client = FreshBooksClient(
        transport, api_url=API_URL, account_id=ACCOUNT_ID, tokens=lambda _refused: "token"
    )

    records = _records(client.customer_pages())

    assert len(records) == 1_100
    assert transport.most_at_once == 2


def test_no_more_is_asked_at_a_time_than_the_table_of_providers_says():
    assert provider_profile(ProviderKey.FRESHBOOKS).limits.concurrent == CONCURRENT_CALLS


def test_every_page_tells_the_clock_of_the_first_answer():
    with imitated_clients(214):
        pages = list(freshbooks_client().customer_pages())

    assert {page.as_of for page in pages} == {datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Sun, 99 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 12:00:00"]
)
def test_a_clock_that_cannot_be_read_is_unknown(server, date):
    server.get(CLIENTS_URL, json=recording("clients__three_states"), headers={"Date": date})

    pages = list(freshbooks_client().customer_pages())

    assert [page.as_of for page in pages] == [None]


def test_counting_is_one_call():
    with imitated_clients(214) as books:
        client = freshbooks_client()

        count = client.count_customers()

    assert (count, client.call_count) == (214, 1)
    assert books.questions == [{"per_page": "1", "page": "1"}]


def test_a_question_carries_token_and_format(server):
    server.get(ME_URL, json=recording("me__three_businesses"))

    freshbooks_client().remote_account()

    assert server.last_request.headers["Authorization"] == "Bearer token"
    assert server.last_request.headers["Accept"] == "application/json"


def test_rows_without_an_id_are_counted_and_cost_nobody_else():
    with imitated_clients(150) as books:
        books.rows[3:5] = [make_client(4, id=None), "4"]
        client = freshbooks_client()

        pages = list(client.customer_pages())

    assert len(_records(pages)) == 148
    assert sum(page.unreadable_count for page in pages) == 2
    assert client.call_count == 3


def test_clients_who_come_during_the_reading_are_read_in_a_second_pass():
    with imitated_clients(250) as books:
        books.before = at_nth_question(2, lambda: books.rows.append(make_client(251)))
        client = freshbooks_client()

        pages = list(client.customer_pages())

    assert {record.remote_id for record in _records(pages)} == {str(n) for n in range(1, 252)}
    assert pages[-1].expected_count == 251
    assert {page.as_of for page in pages} == {datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)}
    assert client.call_count == 7


def test_unreadable_rows_of_two_passes_are_told_once():
    with imitated_clients(250) as books:
        books.rows[7] = None
        books.before = at_nth_question(2, lambda: books.rows.append(make_client(251)))

        pages = list(freshbooks_client().customer_pages())

    assert sum(page.unreadable_count for page in pages) == 1


def test_the_same_client_on_two_pages_is_yielded_once_in_a_pass():
    with imitated_clients(150) as books:
        books.rows[120] = books.rows[3]
        books.before = at_nth_question(3, lambda: books.rows.__setitem__(120, make_client(121)))

        pages = list(freshbooks_client().customer_pages())

    assert sum(len(page.records) for page in pages) == 149 + 150


def test_a_client_who_was_yielded_and_is_gone_does_not_count():
    with imitated_clients(250) as books:
        books.before = at_nth_question(2, lambda: books.rows.pop(0))

        pages = list(freshbooks_client().customer_pages())

    assert remote_ids_of_last_pass(pages) == {str(number) for number in range(2, 251)}


def test_nobody_is_lost_when_one_is_deleted_and_one_created_meanwhile():
    def _change():
        books.rows[0] |= {"vis_state": 1, "updated": "2026-11-22 07:00:02"}
        books.rows.append(make_client(451))

    with imitated_clients(450) as books:
        books.before = at_nth_question(2, _change)
        client = freshbooks_client()

        pages = list(client.customer_pages())

    assert remote_ids_of_last_pass(pages) == {str(number) for number in range(2, 452)}
    assert client.call_count == 12, "two passes of five, and twice the deleted"


def test_a_count_that_changes_between_two_pages_is_read_again():
    def _count_one_more(question):
        books.total_offset = 1 if len(books.questions) == 2 else 0

    with imitated_clients(150) as books:
        books.before = _count_one_more
        client = freshbooks_client()

        records = _records(client.customer_pages())

    assert len({record.remote_id for record in records}) == 150
    assert client.call_count == 5


@pytest.mark.parametrize("offset", [1, -1, 70])
def test_a_count_that_never_agrees_ends_after_three_passes(offset):
    with imitated_clients(150) as books:
        books.total_offset = offset
        client = freshbooks_client()

        with pytest.raises(ListUnsettled, match="kept changing") as raised:
            _records(client.customer_pages())

    assert client.call_count == 6
    assert len(raised.value.remote_ids) == 150


def test_a_client_listed_although_deleted_counts_as_archived(server):
    server.get(CLIENTS_URL, json=recording("clients__deleted"))

    records = _records(freshbooks_client().customer_pages())

    assert [record.status for record in records] == [RemoteStatus.ARCHIVED]


def test_the_business_of_the_account_is_named(server):
    server.get(ME_URL, json=recording("me__three_businesses"))

    account = freshbooks_client().remote_account()

    assert account == RemoteAccount(ACCOUNT_ID, "Lakeshore Landscaping")


@pytest.mark.parametrize(
    "memberships",
    [[], [None, "Xq3kLm", {}, {"business": None}, {"business": {"account_id": 7}}]],
)
def test_an_account_that_is_not_shared_any_more_is_gone(server, memberships):
    roles = [{"role": "client", "accountid": ACCOUNT_ID}]
    server.get(ME_URL, json={"response": {"business_memberships": memberships, "roles": roles}})

    with pytest.raises(AccountGone):
        freshbooks_client().remote_account()


def test_nothing_is_known_about_limits():
    assert freshbooks_client().quota_left == Quota()


class _MeetingTransport:
    """Answers the first page at once and every other when a second question has arrived."""

    def __init__(self, books: ImitatedClients) -> None:
        self.most_at_once = 0
        self._books = books
        self._at_once = 0
        self._lock = Lock()
        self._meeting = Barrier(2, timeout=30)

    def get(self, url, *, params, headers, stop=None):
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        if params["page"] != "1":
            self._meeting.wait()
        request = SimpleNamespace(url=f"{url}?{urlencode(params)}")
        answer = self._books.answer(request, SimpleNamespace(headers={}))
        with self._lock:
            self._at_once -= 1
        return Reply(200, {}, json.dumps(answer).encode())


def _records(pages):
    return [record for page in pages for record in page.records]
