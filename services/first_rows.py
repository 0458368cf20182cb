"""The rows of an account's first reading, worked out while further pages are on the wire."""

from __future__ import annotations

from services.database import in_batches
from services.prepared_rows import PreparedDifference
from services.providers.contract import CustomerPage


class FirstRows:
    """What the pages taken so far will add to an account of which nothing is stored.

    Working out a customer needs nobody else then, so it need not wait for the last page.
    """

    def __init__(self) -> None:
        self._taken_count = 0
        self._prepared = PreparedDifference()

    def take(self, page: CustomerPage) -> None:
        """Work out a page, and forget those before it if the list is read anew from there."""
        if page.restarts:
            self._taken_count = 0
            self._prepared = PreparedDifference()
        for records in in_batches(page.records):
            self._prepared.compare(records, {})
        self._taken_count += len(page.records)

    def of_all(self, count: int) -> PreparedDifference | None:
        """Return the whole, or None if it is not that of so many customers.

        A customer told twice is worked out twice, and only the newest telling counts.
        """
        return self._prepared if self._taken_count == count else None
