"""Times as QuickBooks writes them: Pacific, with the offset of the season.

Source: metadata in the recorded answers of ruckus/quickbooks-ruby 21e7715.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")


def pacific_text(moment: datetime) -> str:
    """Write a moment to the second, as in MetaData."""
    return moment.astimezone(PACIFIC).isoformat(timespec="seconds")


def answer_time(moment: datetime) -> str:
    """Write a moment to the millisecond, as at the end of an answer."""
    return moment.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def read_time(text: str) -> datetime:
    """Read a day or a moment; without an offset it is Pacific. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=PACIFIC)
