"""Reading contacts from Xero: how many calls, and what adds up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.providers.contract import (
    AccountGone,
    ListUnsettled,
    Quota,
    UnreadableAnswer,
)
from tests.providers.contract_checks import check_accounting_client
from tests.providers.support import recording, remote_ids_of_last_pass
from tests.providers.xero_books import (
    CONNECTIONS_URL,
    CONTACTS_URL,
    TENANT_ID,
    ImitatedContacts,
    contact_id,
    imitated_contacts,
    make_contact,
    once_at,
    xero_client,
)

TENANTS = recording("xero_connections__two_and_a_practice")


def test_the_contract_is_kept(server):
    contacts = recording("xero_contacts__four_kinds")["Contacts"]
    server.get(CONTACTS_URL, json=ImitatedContacts(contacts).answer)
    server.get(CONNECTIONS_URL, json=TENANTS)

    check_accounting_client(xero_client, remote_ids=[row["ContactID"] for row in contacts])


@pytest.mark.parametrize(
    ("count", "calls"), [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (1_294, 2), (12_000, 12)]
)
def test_lists_of_every_length_are_read_whole(count, calls):
    with imitated_contacts(count):
        client = xero_client()

        pages = list(client.customer_pages())

    assert len(_ids(pages)) == len(set(_ids(pages))) == count
    assert {page.expected_count for page in pages} == {count}
    assert client.call_count == calls


def test_a_question_says_who_asks_and_for_what(server):
    server.get(CONTACTS_URL, json=recording("xero_contacts__four_kinds"))

    list(xero_client().customer_pages())

    sent = server.last_request
    assert sent.headers["Authorization"] == "Bearer token"
    assert sent.headers["Xero-tenant-id"] == TENANT_ID
    assert sent.headers["Accept"] == "application/json"
    assert "If-Modified-Since" not in sent.headers
    assert sent.qs == {
        "page": ["1"],
        "pagesize": ["1000"],
        "order": ["contactid asc"],
        "includearchived": ["true"],
    }


def test_the_clock_of_xero_comes_with_the_page(server):
    server.get(CONTACTS_URL, json=recording("xero_contacts__four_kinds"))

    (page,) = xero_client().customer_pages()

    assert page.as_of == datetime(2026, 11, 22, 8, 0, 0, 123_000, tzinfo=UTC)


def test_contacts_who_come_during_the_reading_are_read_in_a_second_pass():
    with imitated_contacts(1_500) as books:
        books.before = once_at(2, lambda: books.contacts.append(make_contact(1_501)))
        client = xero_client()

        pages = list(client.customer_pages())

    assert set(_ids(pages)) == {contact_id(number) for number in range(1, 1_502)}
    assert pages[-1].expected_count == 1_501
    assert client.call_count == 4


def test_a_contact_who_shifts_the_pages_to_come_doubles_nobody_in_a_pass():
    with imitated_contacts(2_500) as books:
        books.before = once_at(2, lambda: books.contacts.insert(0, make_contact(0)))

        pages = list(xero_client().customer_pages())

    last_pass = [page for page in pages if page.expected_count == 2_501][-3:]
    assert len(_ids(last_pass)) == len(set(_ids(last_pass))) == 2_501


def test_a_later_pass_yields_the_newer_record():
    def _rename() -> None:
        books.contacts[0] = make_contact(1, Name="New name")
        books.contacts.append(make_contact(1_002))

    with imitated_contacts(1_001) as books:
        books.before = once_at(2, _rename)

        pages = list(xero_client().customer_pages())

    names = [r.name for page in pages for r in page.records if r.remote_id == contact_id(1)]
    assert names == ["Contact number 1", "New name"]


def test_a_contact_who_was_yielded_and_is_gone_does_not_count():
    with imitated_contacts(1_500) as books:
        books.before = once_at(2, lambda: books.contacts.pop(0))

        pages = list(xero_client().customer_pages())

    assert remote_ids_of_last_pass(pages) == {contact_id(number) for number in range(2, 1_501)}


@pytest.mark.parametrize("count_offset", [1, -1, 700])
def test_a_count_that_never_agrees_ends_after_three_passes(count_offset):
    with imitated_contacts(1_500) as books:
        books.count_offset = count_offset

        with pytest.raises(ListUnsettled, match="kept changing"):
            list(xero_client().customer_pages())

    assert [asked["page"] for asked in books.asked].count("1") == 3


def test_a_row_nobody_can_read_costs_only_itself():
    with imitated_contacts(1_500) as books:
        books.contacts[3] = {"Name": "Nobody"}
        books.contacts[1_200] = 7
        client = xero_client()

        pages = list(client.customer_pages())

    assert len(_ids(pages)) == 1_498
    assert sum(page.unreadable_count for page in pages) == 2
    assert client.call_count == 2


def test_a_second_pass_tells_of_no_unreadable_row_again():
    with imitated_contacts(1_500) as books:
        books.contacts[3] = {"Name": "Nobody"}
        books.before = once_at(2, lambda: books.contacts.append(make_contact(1_501)))
        client = xero_client()

        pages = list(client.customer_pages())

    assert client.call_count == 4
    assert sum(page.unreadable_count for page in pages) == 1


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (1, 2), (99, 2), (100, 2), (250, 3)])
def test_a_list_without_a_count_is_read_to_its_end(count, calls):
    with imitated_contacts(count) as books:
        books.has_pagination = False
        client = xero_client()

        pages = list(client.customer_pages())

    assert len(_ids(pages)) == count
    assert {page.expected_count for page in pages} == {None}
    assert client.call_count == calls


def test_a_list_without_a_count_that_shifts_is_read_again():
    with imitated_contacts(250) as books:
        books.has_pagination = False
        books.before = once_at(2, lambda: books.contacts.insert(0, make_contact(0)))

        pages = list(xero_client().customer_pages())

    assert set(_ids(pages)) == {contact_id(number) for number in range(251)}


def test_a_server_that_repeats_itself_is_not_read_for_ever(server):
    page = recording("xero_contacts__four_kinds") | {"pagination": None}
    server.get(CONTACTS_URL, json=page)
    client = xero_client()

    with pytest.raises(ListUnsettled):
        list(client.customer_pages())

    assert client.call_count == 6


@pytest.mark.parametrize(
    "pagination",
    [
        [],
        "1",
        {},
        {"itemCount": "4", "pageCount": 1},
        {"itemCount": True, "pageCount": 1},
        {"itemCount": 4},
        {"itemCount": -1, "pageCount": 0},
        {"itemCount": 4, "pageCount": 5},
        {"itemCount": 10**12, "pageCount": 10**9},
    ],
)
def test_a_count_that_cannot_be_is_unreadable(server, pagination):
    page = recording("xero_contacts__four_kinds") | {"pagination": pagination}
    server.get(CONTACTS_URL, json=page)
    client = xero_client()

    with pytest.raises(UnreadableAnswer):
        list(client.customer_pages())

    assert client.call_count == 1


def test_counting_costs_one_call():
    with imitated_contacts(640) as books:
        client = xero_client()

        count = client.count_customers()

    assert (count, client.call_count) == (640, 1)
    (asked,) = books.asked
    assert (asked["pageSize"], asked["summaryOnly"], asked["includeArchived"]) == (
        "1",
        "true",
        "true",
    )


def test_counting_without_a_count_is_unreadable(server):
    server.get(CONTACTS_URL, json={"Status": "OK", "Contacts": []})

    with pytest.raises(UnreadableAnswer):
        xero_client().count_customers()


def test_the_organisation_is_found_among_those_shared(server):
    server.get(CONNECTIONS_URL, json=TENANTS)
    client = xero_client()

    account = client.remote_account()

    assert (account.remote_account_id, account.name) == (TENANT_ID, "Harbor Heating & Air")
    assert "Xero-tenant-id" not in server.last_request.headers
    assert client.call_count == 1


@pytest.mark.parametrize("tenants", [[], TENANTS[1:], [TENANTS[0] | {"tenantType": "PRACTICE"}]])
def test_an_organisation_not_shared_any_more_is_gone(server, tenants):
    server.get(CONNECTIONS_URL, json=tenants, headers={"Xero-Correlation-Id": "a-1"})

    with pytest.raises(AccountGone) as raised:
        xero_client().remote_account()

    assert raised.value.reference == "a-1"


def test_what_is_left_of_the_limits_is_what_the_last_answer_told(server):
    page = recording("xero_contacts__four_kinds")
    headers = {"X-MinLimit-Remaining": "58", "X-DayLimit-Remaining": "4981"}
    server.get(CONTACTS_URL, json=page, headers=headers)
    client = xero_client()

    assert client.quota_left == Quota()
    list(client.customer_pages())

    assert client.quota_left == Quota(minute_left=58, day_left=4_981)


def _ids(pages):
    return [record.remote_id for page in pages for record in page.records]
