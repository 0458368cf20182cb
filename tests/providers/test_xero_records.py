"""One contact of Xero becomes one record, whatever its fields hold."""

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
from services.providers.xero_records import contact_record, dotnet_moment
from tests.providers.support import recording
from tests.providers.test_cleaning import ANYTHING

WALK_IN, TASMAN, KAURI, MERGED = recording("xero_contacts__four_kinds")["Contacts"]
ID = {"ContactID": KAURI["ContactID"]}
MOANA = "Moana Tui"
PART_KEYS = ["PhoneType", "PhoneNumber", "PhoneAreaCode", "PhoneCountryCode", "AddressType", "City"]
PART_VALUES = st.sampled_from(["DEFAULT", "STREET"]) | ANYTHING


def test_a_contact_with_everything_is_read_whole():
    record = contact_record(KAURI)

    assert record == CustomerRecord(
        remote_id="9f2d6a0e-6c1b-4c53-8f1e-0d5d0a4b7c11",
        name="Kauri Electrical Ltd",
        company_name="Kauri Electrical Ltd",
        person_name="Moana Tui",
        emails_text="accounts@kauri.example",
        phone="+64 06 5550123",
        other_phones=("021 555 019",),
        address="PO Box 12, Napier, 4110, New Zealand",
        status=RemoteStatus.ACTIVE,
        kind=RemoteKind.CUSTOMER,
        balance_cents=84_950,
        currency="NZD",
        remote_updated_at=datetime(2026, 10, 26, 7, 33, 20, 123_000, tzinfo=UTC),
    )


def test_a_contact_with_next_to_nothing_is_a_customer():
    record = contact_record(WALK_IN)

    assert (record.name, record.kind, record.status) == (
        "Walk-in",
        RemoteKind.CUSTOMER,
        RemoteStatus.ACTIVE,
    )
    assert (record.phone, record.address, record.emails_text) == ("", "", "")
    assert record.balance_cents is None


def test_a_merged_contact_names_the_one_that_goes_on():
    record = contact_record(MERGED)

    assert record.status is RemoteStatus.ARCHIVED
    assert record.merged_into_remote_id == KAURI["ContactID"]


@pytest.mark.parametrize("successor", [None, "", "elsewhere", 7, KAURI["ContactID"].upper()])
def test_a_successor_is_another_contact_or_nobody(successor):
    record = contact_record(ID | {"MergedToContactID": successor})

    assert record.merged_into_remote_id is None


@pytest.mark.parametrize(
    ("is_supplier", "is_customer", "kind"),
    [
        (True, False, RemoteKind.SUPPLIER),
        ("true", None, RemoteKind.SUPPLIER),
        (True, True, RemoteKind.CUSTOMER),
        (False, True, RemoteKind.CUSTOMER),
        (False, False, RemoteKind.CUSTOMER),
        (None, None, RemoteKind.CUSTOMER),
        (7, [], RemoteKind.CUSTOMER),
    ],
)
def test_who_is_only_paid_is_a_supplier(is_supplier, is_customer, kind):
    record = contact_record(ID | {"IsSupplier": is_supplier, "IsCustomer": is_customer})

    assert record.kind is kind


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("ACTIVE", RemoteStatus.ACTIVE),
        ("Active", RemoteStatus.ACTIVE),
        (None, RemoteStatus.ACTIVE),
        ("", RemoteStatus.ACTIVE),
        ("ARCHIVED", RemoteStatus.ARCHIVED),
        ("GDPRREQUEST", RemoteStatus.ARCHIVED),
        ("A_WORD_TO_COME", RemoteStatus.ARCHIVED),
    ],
)
def test_only_active_contacts_are_active(word, status):
    assert contact_record(ID | {"ContactStatus": word}).status is status


@pytest.mark.parametrize(
    ("fields", "name", "company_name", "person_name"),
    [
        ({"Name": "Kauri Ltd", "FirstName": "Moana"}, "Kauri Ltd", "Kauri Ltd", "Moana"),
        ({"Name": "Moana Tui", "FirstName": "Moana", "LastName": "Tui"}, MOANA, "", MOANA),
        ({"Name": "Kauri Ltd"}, "Kauri Ltd", "", ""),
        ({"Name": "\u200b", "LastName": "Tui"}, "Tui", "", "Tui"),
        ({"Name": None}, f"Contact {ID['ContactID']}", "", ""),
        ({"Name": "", "ContactStatus": "GDPRREQUEST"}, f"Contact {ID['ContactID']}", "", ""),
    ],
)
def test_a_name_is_found_for_everybody(fields, name, company_name, person_name):
    record = contact_record(ID | fields)

    assert (record.name, record.company_name, record.person_name) == (
        name,
        company_name,
        person_name,
    )


def test_phones_come_in_the_order_of_use_and_never_the_fax():
    phones = [
        _phone("FAX", number="1"),
        _phone("OFFICE", number="2"),
        _phone("DDI", number="3"),
        _phone("MOBILE", number="4"),
        _phone("DEFAULT", number="5"),
        _phone("DDI", number="3"),
        "6",
    ]

    record = contact_record(ID | {"Phones": phones})

    assert (record.phone, record.other_phones) == ("5", ("4", "3", "2"))


@pytest.mark.parametrize(
    ("country", "area", "number", "phone"),
    [
        ("64", "06", "5550123", "+64 06 5550123"),
        ("+64", "06", "5550123", "+64 06 5550123"),
        ("0064", "", "5550123", "0064 5550123"),
        ("NZ", None, " 5550123 ", "NZ 5550123"),
        ("", "", "call Bob", "call Bob"),
        ("64", "06", "", ""),
        (64, 6, 5550123, ""),
    ],
)
def test_a_phone_is_country_area_and_number(country, area, number, phone):
    record = contact_record(ID | {"Phones": [_phone("DEFAULT", country, area, number=number)]})

    assert record.phone == phone


def test_addresses_come_street_first_and_each_once():
    box = {"AddressType": "POBOX", "AddressLine1": "PO Box 12", "City": "Napier"}
    street = {
        "AddressType": "STREET",
        "AddressLine1": "1 Quay St\nRear",
        "City": "Napier",
        "Region": "HB",
        "PostalCode": "4110",
        "Country": "NZ",
    }
    delivery = box | {"AddressType": "DELIVERY"}

    record = contact_record(ID | {"Addresses": [box, None, delivery, street]})

    assert record.address == "1 Quay St Rear, Napier, HB 4110, NZ"
    assert record.other_addresses == ("PO Box 12, Napier",)


def test_the_addresses_of_people_at_the_firm_stay_out():
    record = contact_record(KAURI | {"EmailAddress": None})

    assert record.emails_text == ""


def test_lists_without_an_end_are_cut():
    phones = [_phone("DEFAULT", number=str(number)) for number in range(500)]
    addresses = [{"AddressType": "STREET", "City": f"Town {number}"} for number in range(500)]

    record = contact_record(ID | {"Phones": phones, "Addresses": addresses})

    assert (len(record.other_phones), len(record.other_addresses)) == (9, 9)


def test_one_id_is_one_text():
    assert contact_record({"ContactID": KAURI["ContactID"].upper()}).remote_id == ID["ContactID"]


@pytest.mark.parametrize(
    "remote_id", [None, "", 58, True, [], {}, "58", ID["ContactID"] + "\n", ID["ContactID"][:-1]]
)
def test_a_contact_without_an_id_is_unreadable(remote_id):
    with pytest.raises(UnreadableAnswer):
        contact_record({"ContactID": remote_id, "Name": "Ana"})


@pytest.mark.parametrize("contact", [None, "58", [], 58])
def test_a_contact_that_is_no_object_is_unreadable(contact):
    with pytest.raises(UnreadableAnswer):
        contact_record(contact)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("/Date(1503348544227+0000)/", datetime(2017, 8, 21, 20, 49, 4, 227_000, tzinfo=UTC)),
        ("/Date(1503348544227)/", datetime(2017, 8, 21, 20, 49, 4, 227_000, tzinfo=UTC)),
        ("/Date(1503348544227+1300)/", datetime(2017, 8, 21, 20, 49, 4, 227_000, tzinfo=UTC)),
        ("/Date(-1000)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("/Date(999999999999999)/", None),
        ("/Date(1503348544227", None),
        ("2026-06-30T12:00:00", None),
        (1503348544227, None),
        (None, None),
    ],
)
def test_a_time_is_milliseconds_in_utc(text, moment):
    assert dotnet_moment(text) == moment


@given(field=st.sampled_from(sorted(KAURI.keys() - {"ContactID"})), value=ANYTHING)
def test_one_odd_field_costs_neither_the_row_nor_the_others(field, value):
    record = contact_record(KAURI | {field: value})

    assert record.remote_id == KAURI["ContactID"]
    assert record.name
    assert record.phone or field == "Phones"
    assert record.address or field == "Addresses"


@given(st.dictionaries(st.sampled_from(sorted(MERGED.keys() | KAURI.keys())), ANYTHING))
def test_only_odd_fields_still_make_a_row(fields):
    record = contact_record(fields | ID)

    assert record.name
    assert all(len(text) <= 500 for text in (record.name, record.company_name, record.address))


@given(st.lists(st.dictionaries(st.sampled_from(PART_KEYS), PART_VALUES) | ANYTHING))
def test_odd_phones_and_addresses_never_raise(parts):
    record = contact_record(ID | {"Phones": parts, "Addresses": parts})

    assert all(len(phone) <= 100 for phone in (record.phone, *record.other_phones))
    assert all(len(text) <= 500 for text in (record.address, *record.other_addresses))


def _phone(phone_type, country="", area="", *, number):
    return {
        "PhoneType": phone_type,
        "PhoneNumber": number,
        "PhoneAreaCode": area,
        "PhoneCountryCode": country,
    }
