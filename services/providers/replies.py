"""An answer as it was received, and what its status and headers say. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from services.providers.contract import (
    DailyLimitReached,
    ProviderError,
    ProviderUnavailable,
    Quota,
    RateLimited,
    UnreadableAnswer,
)
from services.providers.strict_json import NotStrictJson, read_strictly
from services.providers.waiting import DEFAULT_RETRY_AFTER_S, retry_after_s

Error = TypeVar("Error", bound=ProviderError)

#: Response headers a provider's support asks for; the first one present is kept.
REFERENCE_HEADERS = ("intuit_tid", "xero-correlation-id", "x-request-id")
#: No limit by the minute or the second asks for more; what does is counted by the day.
SHORT_LIMIT_MAX_S = 120.0
#: Only Xero counts by the day, and it says how long to wait; this is a guess for when it does not.
DAY_RETRY_AFTER_S = 3_600.0

_REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,100}")
_CALLS_LEFT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as received: any status but redirects, 408, 429 and 5xx, which are raised.

    304 is no redirect: it answers a question for what changed since a moment.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def reference(self) -> str:
        """The provider's own number of this answer, safe to log; empty if it sent none."""
        found = next((self.headers[n] for n in REFERENCE_HEADERS if n in self.headers), "")
        return found if _REFERENCE.fullmatch(found) else ""

    def json_object(self) -> dict[str, Any]:
        """Return the body as one JSON object. Raises UnreadableAnswer for anything else."""
        try:
            content = read_strictly(self.body)
        except NotStrictJson as error:
            raise self.unreadable("The answer is not JSON.") from error
        if not isinstance(content, dict):
            raise self.unreadable("The answer is not a JSON object.")
        return content

    def unreadable(self, message: str) -> UnreadableAnswer:
        """Make the error for an answer that cannot be what was asked for."""
        return self.error(UnreadableAnswer, message)

    def error(self, kind: type[Error], message: str) -> Error:
        """Make the error that this answer amounts to, with what it may be looked up by."""
        return kind(message, reference=self.reference, status=self.status)

    def asked_to_wait(self, message: str) -> RateLimited:
        """Make the error for an answer that says in its body, without a time, to wait."""
        return RateLimited(
            message,
            retry_after_s=DEFAULT_RETRY_AFTER_S,
            reference=self.reference,
            status=self.status,
        )


def raise_for_trouble(reply: Reply, *, now: datetime) -> None:
    """Raise what 408, 429, 5xx and redirects mean, whoever answered."""
    if reply.status == 429:
        raise rate_limit(reply, now=now)
    if reply.status == 408 or reply.status >= 500:
        raise reply.error(ProviderUnavailable, "The provider could not answer.")
    if 300 <= reply.status < 400 and reply.status != 304:
        # Following one could carry a token to another host.
        raise reply.unreadable("The provider sent us to another address.")


def rate_limit(reply: Reply, *, now: datetime) -> RateLimited:
    """Make the error for an answer that asks to wait, for a moment or until tomorrow.

    Xero says in X-Rate-Limit-Problem which of its limits was met ("day", "DayLimit" …;
    developer.xero.com, "API limits", read 2026-11-22).
    """
    asked = reply.headers.get("Retry-After")
    is_daily = reply.headers.get("X-Rate-Limit-Problem", "").strip().lower().startswith("day")
    wait_s = retry_after_s(asked, now=now)
    if is_daily and asked is None:
        wait_s = DAY_RETRY_AFTER_S
    kind = DailyLimitReached if is_daily or wait_s > SHORT_LIMIT_MAX_S else RateLimited
    return kind(
        "The provider asked us to wait.",
        retry_after_s=wait_s,
        reference=reply.reference,
        status=reply.status,
    )


def quota_told(headers: Mapping[str, str]) -> Quota:
    """Read what Xero sends with every answer; the other providers say nothing."""
    return Quota(
        minute_left=_calls_left(headers.get("X-MinLimit-Remaining", "")),
        day_left=_calls_left(headers.get("X-DayLimit-Remaining", "")),
    )


def _calls_left(text: str) -> int | None:
    return int(text) if _CALLS_LEFT.fullmatch(text.strip()) else None
