"""What every AccountingClient must do, checked on the real ones and on their fake alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, timedelta

from services.providers.contract import (
    AccountingClient,
    CustomerPage,
    CustomerRecord,
    Quota,
    RemoteKind,
    RemoteStatus,
)


def check_accounting_client(
    make_client: Callable[[], AccountingClient], *, remote_ids: Collection[str]
) -> None:
    """Assert the contract on a client over an account of exactly these customers, at rest.

    At least one of them must carry a time of its last change.
    """
    check_remote_account(make_client())
    records = check_full_reading(make_client(), remote_ids=remote_ids)
    check_changed_reading(make_client, records=records)


def check_remote_account(client: AccountingClient) -> None:
    """Assert that the account has an id and a name and costs one call."""
    assert client.call_count == 0, "making a client calls nobody"
    assert client.quota_left == Quota(), "before the first answer nothing is known"

    account = client.remote_account()

    assert account.remote_account_id and account.name
    assert client.call_count == 1, "reading the name is one call"


def check_full_reading(
    client: AccountingClient, *, remote_ids: Collection[str]
) -> list[CustomerRecord]:
    """Assert that all pages hold every customer once, cleaned; return the records."""
    pages_to_come = client.customer_pages()
    assert client.call_count == 0, "nobody is called before the first page is asked for"

    pages = list(pages_to_come)

    records = _records(pages)
    assert sorted(record.remote_id for record in records) == sorted(remote_ids)
    assert {page.expected_count for page in pages} <= {len(records), None}
    assert sum(page.unreadable_count for page in pages) == 0
    assert all(page.as_of is None or page.as_of.tzinfo is UTC for page in pages)
    for record in records:
        _check_record(record)
    assert client.call_count >= 1, "calls are counted"
    return records


def check_changed_reading(
    make_client: Callable[[], AccountingClient], *, records: list[CustomerRecord]
) -> None:
    """Assert that a moment belongs to the changes since it, and that the future has none."""
    changed_at = {r.remote_id: r.remote_updated_at for r in records if r.remote_updated_at}
    moments = sorted(changed_at.values())
    since = moments[len(moments) // 2]

    changed = _records(make_client().customer_pages(changed_since=since))
    later = _records(make_client().customer_pages(changed_since=max(moments) + timedelta(days=1)))

    expected = {remote_id for remote_id, moment in changed_at.items() if moment >= since}
    assert {record.remote_id for record in changed} == expected
    assert later == []


def _records(pages: Iterable[CustomerPage]) -> list[CustomerRecord]:
    return [record for page in pages for record in page.records]


def _check_record(record: CustomerRecord) -> None:
    texts = (record.name, record.company_name, record.person_name, record.emails_text)
    texts += (record.phone, *record.other_phones, record.address, *record.other_addresses)
    assert isinstance(record.remote_id, str) and record.remote_id
    assert record.name.strip(), "everybody has a name to be shown by"
    assert all("\x00" not in text and "\n" not in text for text in texts)
    assert all(record.other_phones) and all(record.other_addresses), "nothing empty is kept"
    assert isinstance(record.status, RemoteStatus) and isinstance(record.kind, RemoteKind)
    assert record.remote_updated_at is None or record.remote_updated_at.tzinfo is UTC
    assert record.balance_cents is None or isinstance(record.balance_cents, int)
