"""The comparison that the product's number rests on."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer_diff import Difference, Stored, compare, fingerprint, is_counted
from services.providers.contract import CustomerRecord, RemoteKind, RemoteStatus

IDS = st.sampled_from("123456789")
RECORDS = st.lists(
    st.builds(
        CustomerRecord,
        remote_id=IDS,
        name=st.sampled_from(["Ann", "Ben"]),
        balance_cents=st.none() | st.integers(-5, 5),
    )
)


def _stored(*records: CustomerRecord) -> dict[str, Stored]:
    return {record.remote_id: Stored(fingerprint(record)) for record in records}


def _apply(stored: dict[str, Stored], difference: Difference) -> dict[str, Stored]:
    after = stored | _stored(*difference.added, *difference.changed)
    return after | {
        remote_id: replace(after[remote_id], is_vanished=True) for remote_id in difference.vanished
    }


def test_a_new_id_is_added_and_a_known_one_is_not() -> None:
    ann, ben = CustomerRecord("1", "Ann"), CustomerRecord("2", "Ben")

    difference = compare([ann, ben], _stored(ann), is_whole=True)

    assert difference == Difference(added=(ben,), changed=(), vanished=())


def test_the_last_record_of_an_id_wins() -> None:
    old, new = CustomerRecord("1", "Ann"), CustomerRecord("1", "Ann Brandt")

    difference = compare([old, new], {}, is_whole=True)

    assert difference.added == (new,)


def test_only_a_whole_reading_makes_somebody_vanish() -> None:
    stored = _stored(CustomerRecord("1", "Ann"))

    assert compare([], stored, is_whole=True).vanished == ("1",)
    assert compare([], stored, is_whole=False).vanished == ()


def test_who_vanished_and_is_listed_again_counts_as_changed() -> None:
    ann = CustomerRecord("1", "Ann")
    stored = {"1": Stored(fingerprint(ann), is_vanished=True)}

    difference = compare([ann], stored, is_whole=True)

    assert difference == Difference(added=(), changed=(ann,), vanished=())


@pytest.mark.parametrize(
    ("status", "kind", "counted", "counted_with_sub_customers"),
    [
        (RemoteStatus.ACTIVE, RemoteKind.CUSTOMER, True, True),
        (RemoteStatus.ACTIVE, RemoteKind.SUB_CUSTOMER, False, True),
        (RemoteStatus.ACTIVE, RemoteKind.PROJECT, False, False),
        (RemoteStatus.ACTIVE, RemoteKind.SUPPLIER, False, False),
        (RemoteStatus.DELETED, RemoteKind.CUSTOMER, False, False),
        (RemoteStatus.ARCHIVED, RemoteKind.CUSTOMER, False, False),
        (RemoteStatus.ARCHIVED, RemoteKind.SUB_CUSTOMER, False, False),
    ],
)
def test_active_top_level_customers_count(
    status: RemoteStatus, kind: RemoteKind, counted: bool, counted_with_sub_customers: bool
) -> None:
    record = CustomerRecord("1", "Ann", status=status, kind=kind)

    assert is_counted(record, includes_sub_customers=False) is counted
    assert is_counted(record, includes_sub_customers=True) is counted_with_sub_customers


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Anna"},
        {"company_name": "Ann & Co"},
        {"person_name": "Ann"},
        {"emails_text": "ann@example.com"},
        {"phone": "1"},
        {"other_phones": ("1",)},
        {"address": "Pier 1"},
        {"other_addresses": ("Pier 2",)},
        {"status": RemoteStatus.ARCHIVED},
        {"kind": RemoteKind.PROJECT},
        {"parent_remote_id": "2"},
        {"merged_into_remote_id": "3"},
        {"balance_cents": 0},
        {"currency": "USD"},
        {"remote_updated_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_changed_field_changes_the_fingerprint(change: dict[str, Any]) -> None:
    ann = CustomerRecord("1", "Ann")

    assert fingerprint(replace(ann, **change)) != fingerprint(ann)


def test_no_field_is_left_out_of_the_fingerprint_test() -> None:
    tested = 15

    assert len(fields(CustomerRecord)) == tested + 1, "remote_id, and one row above for each other"


def test_a_text_that_moves_to_the_next_field_changes_the_fingerprint() -> None:
    left = CustomerRecord("1", "Ann", company_name="Brandt", person_name="")
    right = CustomerRecord("1", "Ann", company_name="", person_name="Brandt")

    assert fingerprint(left) != fingerprint(right)


def test_whoever_is_told_to_be_deleted_vanishes_once_and_is_never_added() -> None:
    gone = CustomerRecord("1", "Ann", status=RemoteStatus.DELETED)
    ann = CustomerRecord("1", "Ann")

    assert compare([gone], _stored(ann), is_whole=False).vanished == ("1",)
    assert compare([gone], {}, is_whole=False) == Difference((), (), ())
    vanished = {"1": Stored("", is_vanished=True)}
    assert compare([gone], vanished, is_whole=False) == Difference((), (), ())


@given(records=RECORDS, before=RECORDS)
def test_everybody_listed_is_added_changed_or_known_and_only_once(
    records: list[CustomerRecord], before: list[CustomerRecord]
) -> None:
    stored = _stored(*before)

    difference = compare(records, stored, is_whole=True)

    touched = [record.remote_id for record in (*difference.added, *difference.changed)]
    listed = {record.remote_id for record in records}
    assert len(touched) == len(set(touched))
    assert set(touched) <= listed
    assert {record.remote_id for record in difference.added} == listed - set(stored)
    assert set(difference.vanished) == set(stored) - listed


@given(records=RECORDS, before=RECORDS, is_whole=st.booleans())
def test_the_same_reading_twice_changes_nothing_the_second_time(
    records: list[CustomerRecord], before: list[CustomerRecord], is_whole: bool
) -> None:
    stored = _stored(*before)
    after = _apply(stored, compare(records, stored, is_whole=is_whole))

    assert compare(records, after, is_whole=is_whole) == Difference((), (), ())


@given(records=RECORDS, before=RECORDS)
def test_the_order_of_pages_makes_no_difference(
    records: list[CustomerRecord], before: list[CustomerRecord]
) -> None:
    once_each = list({record.remote_id: record for record in records}.values())
    stored = _stored(*before)

    forwards = compare(once_each, stored, is_whole=True)
    backwards = compare(reversed(once_each), stored, is_whole=True)

    assert set(forwards.added) == set(backwards.added)
    assert set(forwards.changed) == set(backwards.changed)
    assert set(forwards.vanished) == set(backwards.vanished)
