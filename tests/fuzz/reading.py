"""Read an imitated provider with the real client and keep what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.providers.contract import (
    CustomerPage,
    CustomerRecord,
    DeltaNotPossible,
    ProviderError,
    Quota,
    RateLimited,
)
from services.providers.replies import Reply, raise_for_trouble
from tests.fuzz.shapes import Shape

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
#: Real providers end a reading that asks too much; a count that lies must end somewhere as well.
CALLS_MAX = 40


class Answering:
    """Stands in for the transport: the same question always gets the same answer."""

    quota_left = Quota()

    def __init__(self, shape: Shape, answers: Mapping[str, Reply]) -> None:
        self._shape = shape
        self._answers = answers
        self.call_count = 0

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        stop: Any = None,
    ) -> Reply:
        """Answer as Transport does, without its further tries."""
        self.call_count += 1
        if self.call_count > CALLS_MAX:
            raise RateLimited("These were too many calls.", retry_after_s=60)
        reply = self._answers[self._shape.question(url, params or {}, headers)]
        if reply.status != 200:
            raise_for_trouble(reply, now=NOW)
        return reply


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one reading gave: pages up to its end, or up to the error."""

    pages: tuple[CustomerPage, ...]
    error: Exception | None

    @property
    def records(self) -> list[CustomerRecord]:
        """All records in the order of arrival."""
        return [record for page in self.pages for record in page.records]

    @property
    def unreadable_count(self) -> int:
        """Rows that could not be told apart."""
        return sum(page.unreadable_count for page in self.pages)


def read(shape: Shape, answers: Mapping[str, Reply], *, since: datetime | None) -> Outcome:
    """Read everybody, or what changed. Only errors of the contract are caught."""
    client = shape.make_client(Answering(shape, answers))
    pages: list[CustomerPage] = []
    try:
        pages.extend(client.customer_pages(changed_since=since))
    except (ProviderError, DeltaNotPossible) as error:
        return Outcome(tuple(pages), error)
    return Outcome(tuple(pages), None)
