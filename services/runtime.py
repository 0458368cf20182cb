"""What varies between a server, a command and a test, handed down instead of looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker

from services.providers.contract import ProviderKey
from services.providers.registry import ProviderAccess
from services.token_vault import TokenVault

Clock = Callable[[], datetime]


class Wake(Protocol):
    """Carries a wake-up to whoever runs jobs; the row it points to is the truth."""

    def __call__(self, job: str, row_id: int) -> None: ...


def utc_now() -> datetime:
    """Return the time, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Runtime:
    """Built once by create_app and passed to whatever needs more than a session."""

    sessions: sessionmaker[Session]
    vault: TokenVault
    access: Callable[[ProviderKey], ProviderAccess]
    public_base_url: str
    wake: Wake
    clock: Clock = utc_now

    def redirect_uri(self, provider: ProviderKey) -> str:
        """Return the callback address; from the settings, never from a request's Host."""
        return f"{self.public_base_url}/settings/integrations/{provider.value}/callback"
