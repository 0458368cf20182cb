"""The stand-ins of the other tests keep the contract of the real ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.providers.contract import CustomerRecord
from tests.fakes import FakeAccountingClient
from tests.providers.contract_checks import check_accounting_client

START = datetime(2026, 11, 1, tzinfo=UTC)


def test_the_fake_client_keeps_the_contract():
    records = [
        CustomerRecord(str(day), f"Customer {day}", remote_updated_at=START + timedelta(days=day))
        for day in range(1, 6)
    ]

    check_accounting_client(
        lambda: FakeAccountingClient(records, page_size=2),
        remote_ids=[record.remote_id for record in records],
    )
