"""Which companies had nothing to be mailed when this process last looked, so that it can rest."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Whoever confirms, comes back, or is put on the list waits so long at most for days that are due.
RESTS_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DueEnds:
    """Up to where a company's recipients are to be mailed by now: days, and whole weeks."""

    end_at: datetime
    week_end_at: datetime


class DueMemory:
    """Remembers, for each company, the ends at which all was found made, and when."""

    def __init__(self) -> None:
        self._rests: dict[int, tuple[DueEnds, datetime]] = {}

    def rests(self, company_id: int, ends: DueEnds, *, now: datetime) -> bool:
        """Say whether nothing was left to be mailed up to these ends a moment ago."""
        known_ends, looked_at = self._rests.get(company_id, (None, now))
        return known_ends == ends and timedelta(0) <= now - looked_at < RESTS_FOR

    def let_rest(self, company_id: int, ends: DueEnds, *, now: datetime) -> None:
        """Remember that nothing is left to be mailed up to these ends."""
        self._rests[company_id] = (ends, now)

    def keep_only(self, company_ids: Container[int]) -> None:
        """Forget every other company."""
        self._rests = {key: rest for key, rest in self._rests.items() if key in company_ids}
