"""What one row of the fault matrix says: the trouble, and how each of the three must end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models import ReadingFailure
from services.providers.contract import ProviderKey

QUICKBOOKS, XERO, FRESHBOOKS = ProviderKey.QUICKBOOKS, ProviderKey.XERO, ProviderKey.FRESHBOOKS

#: One switch of the sandbox, as `POST /control/faults` takes it.
Wish = Mapping[str, Any]
Wishes = tuple[Wish, ...]
#: How a reading ends: with a reason, or (None) with the true number.
Ending = ReadingFailure | None


class Server(StrEnum):
    """Who stands at the provider's address in place of the sandbox."""

    NOBODY = "nobody"
    NO_NAME = "no_name"
    NO_TLS = "no_tls"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. What differs at a provider stands in a mapping, with the reason beside it.

    `wishes` of a list say from which page on they strike; a delta has one page, so there they
    strike at once. `extra_calls` is how many more calls than an undisturbed reading needs it may
    cost, `token_calls` how many the token endpoint sees, all told. `limit_s` shortens the
    answer limit of a call. `afterwards` is how the next look ends once the trouble is over.
    `later_days` passes before the delta, so that it is a whole reading.
    """

    number: str
    title: str
    wishes: Wishes | Mapping[ProviderKey, Wishes] = ()
    ends: Ending | Mapping[ProviderKey, Ending] = None
    afterwards: Ending | Mapping[ProviderKey, Ending] = None
    server: Server | None = None
    extra_calls: int = 0
    token_calls: int = 0
    limit_s: float | None = None
    concurrent: int | None = None
    later_days: int = 0
    waits_s: tuple[float, ...] | None = None
    not_when: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.number} {self.title}".replace(" ", "_")

    def wishes_at(self, provider: ProviderKey) -> Wishes:
        return self.wishes[provider] if isinstance(self.wishes, Mapping) else self.wishes

    def ending_at(self, provider: ProviderKey) -> Ending:
        return self.ends[provider] if isinstance(self.ends, Mapping) else self.ends

    def next_ending_at(self, provider: ProviderKey) -> Ending:
        found = self.afterwards
        return found[provider] if isinstance(found, Mapping) else found


def always(fault: str, **more: Any) -> Wishes:
    """Make the wish that every call of the API meets this trouble."""
    return ({"fault": fault, **more},)


def once(fault: str, **more: Any) -> Wishes:
    """Make the wish that one call meets this trouble."""
    return ({"fault": fault, "times": 1, **more},)


def answered(status: int, body: Any, **headers: str) -> Wishes:
    """Make the wish that every call gets exactly this answer."""
    return always("status", status=status, body=body, headers=headers)
