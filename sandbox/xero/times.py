"""Times as Xero writes and reads them: always UTC, in three spellings.

Source: XeroAPI/Xero-OpenAPI e952d0b and xero-python 15.2.0, read 2026-11-22.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def milliseconds(moment: datetime) -> int:
    """Return a moment as whole milliseconds since 1970."""
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def date_text(moment_ms: int, *, has_offset: bool = True) -> str:
    """Write a moment as in JSON; the offset is decoration, the milliseconds are UTC already."""
    return f"/Date({moment_ms}{'+0000' if has_offset else ''})/"


def seven_digit_text(moment: datetime) -> str:
    """Write a moment as /connections does: seven digits of a second, no zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"


def read_modified_since(header: str | None) -> int | None:
    """Return the milliseconds of an If-Modified-Since header, to the second.

    ISO with or without zone, and HTTP dates. What is neither is ignored, as HTTP asks for
    (RFC 9110, 13.1.3); that Xero does the same is a guess.
    """
    if not header:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(header.strip())
        except ValueError:
            continue
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1000
    return None
