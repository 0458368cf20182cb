"""Times as FreshBooks writes them: no zone at all, Eastern for most, UTC for signup dates.

Source: freshbooks-sdk 1.3.0, models.py, read 2026-11-22.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
FORMAT = "%Y-%m-%d %H:%M:%S"
DAY_LENGTH = len("2026-11-20")


def eastern_text(moment: datetime) -> str:
    """Write a moment as in the column `updated`."""
    return moment.astimezone(EASTERN).strftime(FORMAT)


def utc_text(moment: datetime) -> str:
    """Write a moment as in the column `signup_date`."""
    return moment.astimezone(UTC).strftime(FORMAT)


def read_day(text: str) -> str:
    """Return the day if it is one, as it compares with `updated`. Raises ValueError."""
    if len(text) != DAY_LENGTH:
        raise ValueError("not YYYY-MM-DD")
    return date.fromisoformat(text).isoformat()
