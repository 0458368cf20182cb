"""What the adapters have in common besides the contract: a transport, a token, two readings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime

from services.providers.access_tokens import AccessTokens
from services.providers.contract import CustomerPage, Quota, TokenSupplier
from services.providers.transport import Transport


class ListClient(ABC):
    """The part of contract.py's AccountingClient that is the same at every provider.

    Use it from one thread at a time; the token supplier is called in that thread only.
    """

    def __init__(self, transport: Transport, *, tokens: TokenSupplier) -> None:
        self._transport = transport
        self._tokens = AccessTokens(tokens)

    @property
    def call_count(self) -> int:
        """API calls made so far, further tries included."""
        return self._transport.call_count

    @property
    def quota_left(self) -> Quota:
        """What the last answer told; only Xero tells anything."""
        return self._transport.quota_left

    def customer_pages(self, *, changed_since: datetime | None = None) -> Iterator[CustomerPage]:
        """Yield every customer, or those changed at or after a moment; see the two readings."""
        if changed_since is None:
            return self._everybody()
        if changed_since.tzinfo is None:
            raise ValueError("changed_since must say its zone")
        return self._changed(changed_since.astimezone(UTC).replace(microsecond=0))

    @abstractmethod
    def _everybody(self) -> Iterator[CustomerPage]:
        """Yield all there are, or raise ListUnsettled."""

    @abstractmethod
    def _changed(self, since: datetime) -> Iterator[CustomerPage]:
        """Yield those changed at or after a whole second in UTC, or raise DeltaNotPossible."""
