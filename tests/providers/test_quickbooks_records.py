"""One customer of the books becomes one record, whatever its fields hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.providers.contract import (
    CustomerRecord,
    RemoteKind,
    RemoteStatus,
    UnreadableAnswer,
)
from services.providers.quickbooks_records import customer_record
from tests.providers.support import recording
from tests.providers.test_cleaning import ANYTHING

OKAFOR, DOCK, HANLON = recording("query__three_kinds")["QueryResponse"]["Customer"]


def test_a_customer_with_everything_is_read_whole():
    record = customer_record(OKAFOR)

    assert record == CustomerRecord(
        remote_id="58",
        name="Okafor Marine LLC",
        company_name="Okafor Marine LLC",
        person_name="Nadia Okafor",
        emails_text="nadia@okafor.example, ap@okafor.example",
        phone="(814) 555-0142",
        other_phones=("814.555.0199 x2",),
        address="88 Harbor Rd, Erie, PA 16507",
        status=RemoteStatus.ACTIVE,
        kind=RemoteKind.CUSTOMER,
        parent_remote_id=None,
        balance_cents=31_025,
        currency="USD",
        remote_updated_at=datetime(2026, 6, 30, 23, 4, 10, tzinfo=UTC),
    )


def test_a_sub_customer_knows_its_parent():
    record = customer_record(DOCK)

    assert (record.kind, record.parent_remote_id) == (RemoteKind.SUB_CUSTOMER, "58")
    assert (record.name, record.emails_text, record.address) == ("Dock 7", "", "")


def test_an_archived_customer_loses_the_mark_of_the_books():
    record = customer_record(HANLON)

    assert (record.name, record.status) == ("Hanlon Roofing", RemoteStatus.ARCHIVED)


def test_an_active_customer_may_be_called_deleted():
    record = customer_record({"Id": "1", "DisplayName": "Scenes (deleted)", "Active": True})

    assert record.name == "Scenes (deleted)"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, RemoteKind.CUSTOMER),
        ({"Job": False, "IsProject": False}, RemoteKind.CUSTOMER),
        ({"Job": True}, RemoteKind.SUB_CUSTOMER),
        ({"ParentRef": {"value": "2"}}, RemoteKind.SUB_CUSTOMER),
        ({"ParentRef": "2"}, RemoteKind.SUB_CUSTOMER),
        ({"Job": True, "IsProject": True, "ParentRef": {"value": "2"}}, RemoteKind.PROJECT),
    ],
)
def test_the_kind_follows_job_parent_and_project(fields, kind):
    assert customer_record({"Id": "1"} | fields).kind is kind


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"DisplayName": "D", "CompanyName": "C", "GivenName": "G"}, "D"),
        ({"DisplayName": "\u200b", "CompanyName": "C", "GivenName": "G"}, "C"),
        ({"DisplayName": 7, "GivenName": "G", "MiddleName": "M", "FamilyName": "F"}, "G M F"),
        ({"DisplayName": " (deleted)", "Active": False}, "Customer 1"),
        ({}, "Customer 1"),
    ],
)
def test_a_name_is_found_for_everybody(fields, name):
    assert customer_record({"Id": "1"} | fields).name == name


@pytest.mark.parametrize(
    ("phones", "phone"),
    [
        ({"Mobile": "2", "AlternatePhone": "3"}, "2"),
        ({"PrimaryPhone": " ", "AlternatePhone": "3"}, "3"),
        ({"PrimaryPhone": "9" * 200}, "9" * 99 + "…"),
        ({"Fax": "4"}, ""),
    ],
)
def test_the_first_phone_given_is_taken(phones, phone):
    fields = {name: {"FreeFormNumber": number} for name, number in phones.items()}

    assert customer_record({"Id": "1"} | fields).phone == phone


def test_further_phones_are_kept_in_order_and_a_fax_never_is():
    numbers = {"Fax": "0", "AlternatePhone": "3", "Mobile": "2", "PrimaryPhone": "1"}
    fields = {name: {"FreeFormNumber": number} for name, number in numbers.items()}

    record = customer_record({"Id": "1"} | fields)

    assert (record.phone, record.other_phones) == ("1", ("2", "3"))


def test_a_phone_given_twice_is_kept_once():
    fields = {name: {"FreeFormNumber": "1"} for name in ("PrimaryPhone", "Mobile")}

    record = customer_record({"Id": "1"} | fields)

    assert (record.phone, record.other_phones) == ("1", ())


@pytest.mark.parametrize(
    ("bill", "ship", "address", "others"),
    [
        ({"City": "Erie"}, {"City": "Girard"}, "Erie", ("Girard",)),
        ({"City": "Erie"}, {"City": "Erie"}, "Erie", ()),
        ({"Id": "112"}, {"City": "Girard"}, "Girard", ()),
        ({}, "Girard", "", ()),
    ],
)
def test_the_shipping_address_is_kept_or_stands_in(bill, ship, address, others):
    record = customer_record({"Id": "1", "BillAddr": bill, "ShipAddr": ship})

    assert (record.address, record.other_addresses) == (address, others)


def test_an_address_is_one_line():
    address = {
        "Line1": "Harbor Heating",
        "Line2": "88 Harbor Rd\nRear",
        "City": "Erie",
        "PostalCode": "16507",
        "Country": "USA",
    }

    record = customer_record({"Id": "1", "BillAddr": address})

    assert record.address == "Harbor Heating, 88 Harbor Rd Rear, Erie, 16507, USA"


@pytest.mark.parametrize("fields", [{}, {"Id": "112"}, "Erie", None])
def test_an_address_may_be_a_mere_number_or_missing(fields):
    assert customer_record({"Id": "1", "BillAddr": fields}).address == ""


@pytest.mark.parametrize("remote_id", ["1", "007", str(2**70)])
def test_an_id_is_text_and_stays_as_it_is(remote_id):
    assert customer_record({"Id": remote_id}).remote_id == remote_id


@pytest.mark.parametrize("remote_id", [None, "", 58, 1.0, True, [], {}, "a b", "1\x00", "9" * 65])
def test_a_customer_without_an_id_is_unreadable(remote_id):
    with pytest.raises(UnreadableAnswer):
        customer_record({"Id": remote_id, "DisplayName": "Ana"})


@pytest.mark.parametrize("customer", [None, "58", [], 58])
def test_a_customer_that_is_no_object_is_unreadable(customer):
    with pytest.raises(UnreadableAnswer):
        customer_record(customer)


@given(field=st.sampled_from(sorted(OKAFOR.keys() - {"Id"})), value=ANYTHING)
def test_one_odd_field_costs_neither_the_row_nor_the_others(field, value):
    record = customer_record(OKAFOR | {field: value})

    assert record.remote_id == "58"
    assert record.name
    assert record.phone or field in ("PrimaryPhone", "Mobile")


@given(st.dictionaries(st.sampled_from(sorted(OKAFOR.keys() - {"Id"})), ANYTHING))
def test_only_odd_fields_still_make_a_row(fields):
    record = customer_record(fields | {"Id": "58"})

    assert record.name
    assert all(len(text) <= 500 for text in (record.name, record.company_name, record.address))
