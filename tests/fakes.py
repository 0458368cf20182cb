"""Stand-ins that pass the same contract tests as the real thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.providers.contract import (
    CustomerPage,
    CustomerRecord,
    ProviderError,
    RemoteAccount,
)


class FakeAccountingClient:
    """An AccountingClient over a list; `error` is raised after `fail_after` pages."""

    def __init__(
        self,
        records: Sequence[CustomerRecord] = (),
        *,
        page_size: int = 1000,
        error: ProviderError | None = None,
        fail_after: int = 0,
        name: str = "Harbor Heating & Air LLC",
    ) -> None:
        self.records = list(records)
        self.page_size = page_size
        self.error = error
        self.fail_after = fail_after
        self.name = name
        self.asked_since: list[datetime | None] = []
        self._calls = 0

    @property
    def call_count(self) -> int:
        return self._calls

    def remote_account(self) -> RemoteAccount:
        self._calls += 1
        return RemoteAccount("9341450000000001", self.name)

    def customer_pages(self, *, changed_since: datetime | None = None) -> Iterator[CustomerPage]:
        self.asked_since.append(changed_since)
        records = [record for record in self.records if _changed(record, changed_since)]
        starts = range(0, max(len(records), 1), self.page_size)
        for number, start in enumerate(starts):
            if self.error is not None and number >= self.fail_after:
                raise self.error
            self._calls += 1
            page = tuple(records[start : start + self.page_size])
            yield CustomerPage(page, expected_count=len(records))


def _changed(record: CustomerRecord, since: datetime | None) -> bool:
    if since is None:
        return True
    return record.remote_updated_at is not None and record.remote_updated_at >= since
