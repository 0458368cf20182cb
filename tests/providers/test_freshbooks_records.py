"""One client of FreshBooks becomes one record, whatever its fields hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests_mock
from hypothesis import given
from hypothesis import strategies as st

from services.providers.contract import CustomerRecord, RemoteKind, RemoteStatus, UnreadableAnswer
from services.providers.freshbooks_records import (
    customer_record,
    eastern_moment,
    latest_reading,
)
from tests.providers.freshbooks_books import CLIENTS_URL, freshbooks_client
from tests.providers.support import recording
from tests.providers.test_cleaning import ANYTHING

PRIYA, TOMAS, INLET = recording("clients__three_states")["response"]["result"]["clients"]


def test_a_client_with_everything_is_read_whole():
    record = customer_record(PRIYA)

    assert record == CustomerRecord(
        remote_id="700123",
        name="Lakeshore Landscaping",
        company_name="Lakeshore Landscaping",
        person_name="Priya Raman",
        emails_text="priya@lakeshore.example.com",
        phone="416-555-0170",
        other_phones=("416-555-0171",),
        address="9 Queens Quay, Unit 4, Toronto, ON M5V 2T6, Canada",
        other_addresses=("2 King St, Kingston, ON, Canada",),
        status=RemoteStatus.ACTIVE,
        kind=RemoteKind.CUSTOMER,
        balance_cents=12_050,
        currency="CAD",
        remote_updated_at=datetime(2026, 8, 22, 21, 21, 32, tzinfo=UTC),
    )


def test_a_client_with_little_is_read_as_well():
    record = customer_record(TOMAS)

    assert record == CustomerRecord(
        remote_id="700130",
        name="Tomas Vey",
        person_name="Tomas Vey",
        phone="416-555-0172",
        status=RemoteStatus.ARCHIVED,
        balance_cents=0,
        currency="CAD",
        remote_updated_at=datetime(2026, 1, 5, 15, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"organization": "O", "fname": "F", "lname": "L"}, "O"),
        ({"organization": "\u200b", "fname": "F", "lname": "L"}, "F L"),
        ({"organization": None, "fname": "", "lname": "L"}, "L"),
        ({"organization": 7, "fname": [], "lname": {}}, "Client 1"),
        ({}, "Client 1"),
    ],
)
def test_a_name_is_found_for_everybody(fields, name):
    assert customer_record({"id": 1} | fields).name == name


@pytest.mark.parametrize(
    ("vis_state", "status"),
    [
        (0, RemoteStatus.ACTIVE),
        (1, RemoteStatus.DELETED),
        (2, RemoteStatus.ARCHIVED),
        ("0", RemoteStatus.ACTIVE),
        ("1", RemoteStatus.DELETED),
        (" 2 ", RemoteStatus.ARCHIVED),
        (None, RemoteStatus.ACTIVE),
        (True, RemoteStatus.ACTIVE),
        (1.0, RemoteStatus.ACTIVE),
        (3, RemoteStatus.ACTIVE),
        ([1], RemoteStatus.ACTIVE),
    ],
)
def test_the_state_is_a_number_or_its_text(vis_state, status):
    assert customer_record({"id": 1, "vis_state": vis_state}).status is status


@pytest.mark.parametrize(
    ("phones", "given_first", "others"),
    [
        ({"home_phone": "3", "mob_phone": "2", "bus_phone": "1"}, "1", ("2", "3")),
        ({"bus_phone": None, "mob_phone": " ", "home_phone": "3"}, "3", ()),
        ({"bus_phone": "1", "mob_phone": "1", "home_phone": "3"}, "1", ("3",)),
        ({"bus_phone": "9" * 200}, "9" * 99 + "…", ()),
        ({"fax": "4"}, "", ()),
    ],
)
def test_phones_follow_each_other_without_the_fax(phones, given_first, others):
    record = customer_record({"id": 1} | phones)

    assert (record.phone, record.other_phones) == (given_first, others)


@pytest.mark.parametrize(
    ("fields", "address", "others"),
    [
        ({"s_city": "Kingston"}, "Kingston", ()),
        ({"p_city": "Toronto", "s_city": "Toronto"}, "Toronto", ()),
        ({"p_street": "9 Quay\nRear", "p_code": "M5V"}, "9 Quay Rear, M5V", ()),
        ({"p_street": 9, "s_street": None}, "", ()),
    ],
)
def test_addresses_are_one_line_each(fields, address, others):
    record = customer_record({"id": 1} | fields)

    assert (record.address, record.other_addresses) == (address, others)


def _sum(amount, code):
    return {"amount": {"amount": amount, "code": code}}


@pytest.mark.parametrize(
    ("balance", "cents", "currency"),
    [
        ([_sum("12.34", "CAD")], 1_234, "CAD"),
        ([_sum("-3", "CAD")], -300, "CAD"),
        ([_sum("5.00", "USD"), _sum("12.34", "CAD")], 1_234, "CAD"),
        ([_sum("5.00", "USD")], 500, "USD"),
        ([_sum("5.00", "USD"), _sum("6.00", "EUR")], None, "CAD"),
        ([_sum("5.00", "CAD"), _sum("6.00", "CAD")], None, "CAD"),
        ([_sum("five", "CAD")], None, "CAD"),
        ([_sum("5.00", None)], None, "CAD"),
        (["5.00"], None, "CAD"),
        ([{"amount": "5.00"}], None, "CAD"),
        ([], 0, "CAD"),
        (None, None, "CAD"),
        ({}, None, "CAD"),
        ("5.00", None, "CAD"),
    ],
)
def test_the_balance_never_takes_one_currency_for_another(balance, cents, currency):
    record = customer_record({"id": 1, "currency_code": "CAD", "outstanding_balance": balance})

    assert (record.balance_cents, record.currency) == (cents, currency)


def test_a_balance_not_told_is_unknown():
    assert customer_record(INLET).balance_cents is None


@pytest.mark.parametrize(
    ("updated", "moment"),
    [
        ("2026-08-22 17:21:32", "2026-08-22T21:21:32Z"),
        ("2026-01-22T17:21:32", "2026-01-22T22:21:32Z"),
        # In spring the hour from two to three is left out …
        ("2026-03-08 01:59:59", "2026-03-08T06:59:59Z"),
        ("2026-03-08 03:00:00", "2026-03-08T07:00:00Z"),
        # … and in autumn the one from one to two happens twice: the earlier is taken.
        ("2026-11-01 00:59:59", "2026-11-01T04:59:59Z"),
        ("2026-11-01 01:00:00", "2026-11-01T05:00:00Z"),
        ("2026-11-01 01:59:59", "2026-11-01T05:59:59Z"),
        ("2026-11-01 02:00:00", "2026-11-01T07:00:00Z"),
    ],
)
def test_times_are_those_of_the_eastern_zone(updated, moment):
    assert eastern_moment(updated) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("updated", "moment"),
    [
        ("2026-08-22 17:21:32", "2026-08-22T21:21:32Z"),
        ("2026-11-01 01:00:00", "2026-11-01T06:00:00Z"),
        ("2026-11-01 01:59:59", "2026-11-01T06:59:59Z"),
        ("2026-11-01 02:00:00", "2026-11-01T07:00:00Z"),
    ],
)
def test_the_latest_reading_of_an_hour_that_happens_twice_is_the_second(updated, moment):
    assert latest_reading(eastern_moment(updated)) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "value",
    [
        None,
        1_795_348_800,
        "",
        "2026-08-22",
        "2026-08-22 17:21",
        "2026-08-22 17:21:32Z",
        "2026-13-22 17:21:32",
        "0000-00-00 00:00:00",
        "9999-12-31 23:59:59",
        "٢٠٢٦-08-22 17:21:32",
    ],
)
def test_what_is_no_eastern_time_is_unknown(value):
    assert eastern_moment(value) is None


@pytest.mark.parametrize("remote_id", [1, 0, "007", 2**60])
def test_an_id_becomes_text(remote_id):
    assert customer_record({"id": remote_id}).remote_id == str(remote_id)


@pytest.mark.parametrize(
    "remote_id", [None, "", -1, 1.5, True, [], {}, "a1", "1 2", "9" * 21, "1\x00"]
)
def test_a_client_without_an_id_has_no_record(remote_id):
    assert customer_record({"id": remote_id, "organization": "Inlet Pools"}) is None


@pytest.mark.parametrize("client", [None, "700123", [], 700123])
def test_a_row_that_is_no_object_has_no_record(client):
    assert customer_record(client) is None


@pytest.mark.parametrize("named", ["BV3Wm9", "xq3klm", " BV3Wm9"])
def test_clients_of_another_account_are_refused_all_together(named):
    rows = [PRIYA, TOMAS | {"accounting_systemid": named}]

    with pytest.raises(UnreadableAnswer, match="another account"):
        _pages(rows)


@pytest.mark.parametrize("named", [None, "", 7, [], "Xq3kLm"])
def test_a_row_that_names_no_other_account_is_taken(named):
    pages = _pages([PRIYA, TOMAS | {"accounting_systemid": named}])

    assert [record.remote_id for record in pages[0].records] == ["700123", "700130"]


@given(field=st.sampled_from(sorted(PRIYA.keys() - {"id"})), value=ANYTHING)
def test_one_odd_field_costs_neither_the_row_nor_the_others(field, value):
    record = customer_record(PRIYA | {field: value})

    assert record.remote_id == "700123"
    assert record.name
    assert record.phone or field == "bus_phone"


@given(st.dictionaries(st.sampled_from(sorted(PRIYA.keys() - {"id"})), ANYTHING))
def test_only_odd_fields_still_make_a_row(fields):
    record = customer_record(fields | {"id": 1})

    assert record.name
    assert all(len(text) <= 500 for text in (record.name, record.company_name, record.address))


@given(ANYTHING)
def test_no_row_is_too_odd_to_be_told_apart(row):
    record = customer_record(row)

    assert record is None or record.name


def _pages(rows):
    result = {"clients": rows, "page": 1, "pages": 1, "per_page": 100, "total": len(rows)}
    with requests_mock.Mocker() as server:
        server.get(CLIENTS_URL, json={"response": {"result": result}})
        return list(freshbooks_client().customer_pages())
