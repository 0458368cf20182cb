"""Xero: the generated contacts."""

import pytest

from sandbox.email_kind import EmailKind
from sandbox.xero.generator import LAST_DAY, generate
from sandbox.xero.times import milliseconds
from tests.sandbox.xero_program import KAURI, census

FIRST = ("d745bb16-b3f7-4bac-8429-4b2c8a206c75", "Jasper Sheldon")


@pytest.fixture(scope="module")
def rows():
    return generate(640, 1, KAURI)


def test_the_default_organisation_has_the_promised_kinds(client):
    assert census(client) == {
        "counted": 640,
        "sub_customers": 0,
        "projects": 0,
        "supplier_only": 58,
        "inactive": 31,
        "without_email": 96,
        "with_unusable_email": 3,
    }


def test_an_unknown_account_is_not_generated_anew(client):
    assert census(client, "no such tenant") == census(client)


def test_the_same_seed_makes_the_same_contacts(rows):
    again, other = generate(640, 1, KAURI), generate(640, 2, KAURI)

    assert [row.body for row in again] == [row.body for row in rows]
    assert not {row.key for row in other} & {row.key for row in rows}


def test_the_first_contact_never_changes_between_machines(rows):
    assert (rows[0].key, rows[0].name) == FIRST


def test_an_exact_share_has_no_email():
    for size in (0, 1, 7, 60, 1000):
        counted = [row for row in generate(size, 3, KAURI) if row.counted]

        without = [row for row in counted if row.email_kind is EmailKind.ABSENT]
        assert (len(counted), len(without)) == (size, round(0.15 * size))


def test_a_missing_email_is_empty_or_left_out(rows):
    missing = {
        row.contact().get("EmailAddress") for row in rows if row.email_kind is EmailKind.ABSENT
    }

    assert missing == {"", None}


def test_every_address_is_in_a_reserved_domain(rows):
    contacts = [row.contact() for row in rows if row.email_kind is EmailKind.USABLE]
    persons = [person for contact in contacts for person in contact["ContactPersons"]]

    addresses = [one["EmailAddress"].lower() for one in (*contacts, *persons)]
    assert persons
    assert all(
        address.endswith((".example.com", ".example.org", ".example.net")) for address in addresses
    )


def test_names_are_unique_among_the_active(rows):
    names = {row.name.casefold() for row in rows if row.active}

    assert len(names) == sum(row.active for row in rows)


def test_numbers_are_spread_over_the_three_fields_and_fictional(rows):
    phones = [phone for row in rows for phone in row.contact()["Phones"] if phone["PhoneNumber"]]

    limits = {"PhoneNumber": 50, "PhoneAreaCode": 10, "PhoneCountryCode": 20}
    assert all(len(phone[name]) <= most for phone in phones for name, most in limits.items())
    assert all("55501" in phone["PhoneNumber"].replace(" ", "") for phone in phones)
    filled = {tuple(bool(phone[name]) for name in limits) for phone in phones}
    assert filled == {(True, False, False), (True, True, False), (True, True, True)}


def test_money_is_owed_by_customers_and_to_suppliers(rows):
    owing = [row for row in rows if "Balances" in row.contact()]

    kinds = {(tuple(row.contact()["Balances"]), row.supplier_only) for row in owing}
    assert kinds == {(("AccountsReceivable",), False), (("AccountsPayable",), True)}
    assert all(row.is_customer or row.supplier_only for row in owing)


def test_there_are_customers_who_supply_and_contacts_who_do_neither(rows):
    kinds = {(row.is_customer, row.is_supplier) for row in rows if row.counted}

    assert kinds == {(True, False), (True, True), (False, False)}


def test_the_gone_are_archived_merged_or_redacted(rows):
    gone = [row.contact() for row in rows if not row.active]

    merged = [one for one in gone if "MergedToContactID" in one]
    redacted = [one for one in gone if one["ContactStatus"] == "GDPRREQUEST"]
    winners = {row.key for row in rows if row.counted}
    assert (len(gone), len(merged), len(redacted)) == (31, 3, 2)
    assert {one["MergedToContactID"] for one in merged} <= winners
    assert all(one["Phones"] == one["Addresses"] == [] for one in redacted)


def test_nothing_is_younger_than_the_last_day(rows):
    assert max(row.updated_ms for row in rows) <= milliseconds(LAST_DAY)
