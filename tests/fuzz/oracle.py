"""Say whether the right thing came out of a payload."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC
from functools import lru_cache
from operator import attrgetter

from services.customer_diff import Stored, compare, fingerprint
from services.prepared_rows import columns_of
from services.providers.contract import (
    CustomerRecord,
    DeltaNotPossible,
    ListUnsettled,
    RemoteKind,
    RemoteStatus,
    UnreadableAnswer,
)
from tests.fuzz.payloads import Fate, Payload, Row
from tests.fuzz.reading import Outcome, read
from tests.fuzz.shapes import EVERYTHING, Shape

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ID = re.compile(r"[!-~]{1,64}")
_CURRENCY = re.compile(r"(?:[A-Z]{3})?")
_TEXTS = {"name": 500, "company_name": 500, "person_name": 500, "emails_text": 1_000} | {
    "phone": 100,
    "address": 500,
}
_LISTS = {"other_phones": 100, "other_addresses": 500}
_CENTS_MAX = 10**17


def check_payload(shape: Shape, payload: Payload) -> tuple[Outcome, Outcome]:
    """Read a payload whole and as changes, check both, and return them. Raises AssertionError."""
    whole = read(shape, payload.answers, since=None)
    changed = read(shape, payload.answers, since=shape.since)
    _check_whole(shape, payload, whole)
    _check_changed(shape, payload, changed)
    if payload.fate is Fate.READ:
        _check_difference(whole, changed)
    return whole, changed


def _check_whole(shape: Shape, payload: Payload, outcome: Outcome) -> None:
    if payload.fate is Fate.REFUSED:
        assert isinstance(outcome.error, UnreadableAnswer), outcome.error
    elif payload.fate is Fate.UNSETTLED:
        assert isinstance(outcome.error, ListUnsettled), outcome.error
        assert outcome.error.remote_ids == {row.remote_id for row in payload.unique}
    elif payload.fate is Fate.OPEN:
        _check_open(outcome)
    else:
        assert outcome.error is None, repr(outcome.error)
        assert outcome.unreadable_count == payload.unreadable_count, "unreadable rows are counted"
        _check_records(payload.unique, outcome.records, is_whole=True)


def _check_changed(shape: Shape, payload: Payload, outcome: Outcome) -> None:
    if payload.fate is Fate.REFUSED:
        assert isinstance(outcome.error, UnreadableAnswer), outcome.error
        return
    if payload.fate is Fate.UNSETTLED and shape.counts_changes:
        assert isinstance(outcome.error, DeltaNotPossible), outcome.error
        return
    if payload.fate is Fate.OPEN:
        for record in outcome.records:
            check_clean(record)
        return
    assert outcome.error is None, repr(outcome.error)
    assert outcome.unreadable_count == payload.unreadable_count, "unreadable rows are counted"
    told = {row.remote_id for row in payload.unique}
    records = [record for record in outcome.records if record.remote_id in told]
    came = {record.remote_id for record in records}
    for record in records:
        assert shape.is_told_as_changed(record, shape.since), "an old record is no change"
    for row in payload.unique:
        assert row.remote_id in came or not row.is_untouched, "every good row is kept"
    rows = [row for row in payload.unique if row.remote_id in came]
    _check_left_out(shape, payload, came)
    _check_records(rows, records, is_whole=False)


def _check_left_out(shape: Shape, payload: Payload, came: set[str]) -> None:
    """Check that only rows whose own time was tampered with are missing among the changes."""
    for row in payload.unique:
        if row.remote_id not in came:
            assert "remote_updated_at" in row.may_differ, "only an old row is left out"


def _check_open(outcome: Outcome) -> None:
    for record in outcome.records:
        check_clean(record)
    if outcome.error is None:
        ids = {record.remote_id for record in outcome.records}
        told = outcome.pages[-1].expected_count
        assert told in (None, len(ids) + outcome.unreadable_count), "a count that lies is noticed"


def _check_records(
    rows: tuple[Row, ...] | list[Row], records: list[CustomerRecord], *, is_whole: bool
) -> None:
    assert [r.remote_id for r in records] == [row.remote_id for row in rows], "every row is kept"
    for row, record in zip(rows, records, strict=True):
        alone = row.whole if is_whole else row.changed
        if row.is_untouched:
            assert record == alone, "a good row comes out as it does alone"
            continue
        check_clean(record)
        _check_storable(record)
        kept = _untouched_fields(row.may_differ)
        assert kept(record) == kept(alone), "an odd field costs no other"


@lru_cache(maxsize=4096)
def _untouched_fields(may_differ: frozenset[str]) -> attrgetter:
    # Every record has a remote_id, so that there is always something to get.
    return attrgetter("__class__", *sorted(EVERYTHING - may_differ))


def check_clean(record: CustomerRecord) -> None:
    """Assert that whatever stands in the record can be stored and shown."""
    texts = [(getattr(record, name), size) for name, size in _TEXTS.items()]
    for name, size in _LISTS.items():
        texts += [(text, size) for text in getattr(record, name)]
        assert all(getattr(record, name)) and len(getattr(record, name)) <= 10
    for text, size in texts:
        assert len(text) <= size and text == text.strip(), "texts are capped and trimmed"
        assert text.isprintable() or not _UNFIT.search(text), "texts are one clean line"
    assert record.name, "everybody has a name"
    for remote_id in (record.remote_id, record.parent_remote_id, record.merged_into_remote_id):
        assert remote_id is None or _ID.fullmatch(remote_id), "ids are plain text"
    assert isinstance(record.status, RemoteStatus) and isinstance(record.kind, RemoteKind)
    cents = record.balance_cents
    assert cents is None or (type(cents) is int and abs(cents) <= _CENTS_MAX)
    assert _CURRENCY.fullmatch(record.currency)
    assert record.remote_updated_at is None or record.remote_updated_at.tzinfo is UTC


def _check_storable(record: CustomerRecord) -> None:
    columns = columns_of(record)
    for value in columns.values():
        if isinstance(value, str):
            value.encode()
            assert "\x00" not in value
    email = columns["email"]
    assert email is None or (len(email) <= 320 and not re.search(r"[\s<>,;]", email)), email
    assert len(columns["sort_key"]) <= 200


def _check_difference(whole: Outcome, changed: Outcome) -> None:
    """Check that a change feed after a whole reading of the same rows changes nothing."""
    listed = {record.remote_id: record for record in whole.records}
    first = compare(whole.records, {}, is_whole=True)
    assert Counter(first.added) == Counter(listed.values()), "everybody listed is added"
    stored = {remote_id: Stored(fingerprint(record)) for remote_id, record in listed.items()}
    told = [record for record in changed.records if record.remote_id in listed]
    again = compare(told, stored, is_whole=False)
    deleted = {r.remote_id for r in told if r.status is RemoteStatus.DELETED}
    assert set(again.vanished) == deleted, "the deleted are gone"
    odd = [
        r
        for r in again.changed
        if replace(r, status=listed[r.remote_id].status) != listed[r.remote_id]
    ]
    assert not odd, "what was not changed is not changed"
