"""For how many days what is kept: four numbers from the settings; pure, and shared with them."""

from __future__ import annotations

from dataclasses import dataclass

#: A month of re-checks is counted by its readings, an import can be undone for 30 days, and a late
#: report is carried for weeks: nothing of that may be cleared.
FEWEST_DAYS, MOST_DAYS = 31, 36_500


@dataclass(frozen=True, slots=True)
class RetentionDays:
    """Whole days; 0 keeps for ever."""

    readings: int = 90
    imports: int = 365
    deliveries: int = 400
    audit: int = 730


def is_possible(days: int) -> bool:
    """Say whether so many days may be asked for."""
    return days == 0 or FEWEST_DAYS <= days <= MOST_DAYS
