"""The tokens of a connection as its row keeps them: sealed one by one, opened together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models import Connection
from services.providers.contract import ProviderKey, ReconnectRequired, TokenSet
from services.token_vault import TokenVault, UndecryptableToken

TOKEN_COLUMNS = (
    "access_token",
    "refresh_token",
    "previous_refresh_token",
    "spare_refresh_token",
    "access_expires_at",
    "refresh_expires_at",
    "hard_expires_at",
    "renewed_at",
    "renewal_failed_at",
)


@dataclass(frozen=True, slots=True)
class HeldTokens:
    """The stored tokens, opened, with the version and the consent they belong to."""

    provider: ProviderKey
    version: int
    connected_at: datetime
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    previous_refresh_token: str | None = field(repr=False)
    spare_refresh_token: str | None = field(repr=False)
    access_expires_at: datetime
    renewal_failed_at: datetime | None

    def is_valid(self, *, now: datetime, refused: str | None) -> bool:
        """Say whether the provider would take the access token now."""
        return self.access_expires_at > now and self.access_token != refused


def seal_token(vault: TokenVault, connection: Connection, token: str, *, column: str) -> bytes:
    """Return what one column of the connection's row holds for the token."""
    return vault.seal(
        token, company_id=connection.company_id, connection=connection.public_id, field=column
    )


def seal_tokens(vault: TokenVault, connection: Connection, tokens: TokenSet) -> dict[str, Any]:
    """Return the column values that store the tokens in this connection's row."""
    return {
        "access_token": seal_token(vault, connection, tokens.access_token, column="access_token"),
        "refresh_token": seal_token(
            vault, connection, tokens.refresh_token, column="refresh_token"
        ),
        "access_expires_at": tokens.access_expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "hard_expires_at": tokens.hard_expires_at,
        "scope": tokens.scope[:500],
    }


def open_tokens(vault: TokenVault, connection: Connection) -> HeldTokens:
    """Open what the row holds. Raises ReconnectRequired if it holds none or no key opens them."""
    try:
        access = _open(vault, connection, "access_token")
        refresh = _open(vault, connection, "refresh_token")
        previous = _open(vault, connection, "previous_refresh_token")
        spare = _open(vault, connection, "spare_refresh_token")
    except UndecryptableToken as error:
        raise ReconnectRequired("the stored permission cannot be opened") from error
    if access is None or refresh is None or connection.access_expires_at is None:
        raise ReconnectRequired("the connection holds no tokens")
    return HeldTokens(
        provider=ProviderKey(connection.provider),
        version=connection.token_version,
        connected_at=connection.connected_at,
        access_token=access,
        refresh_token=refresh,
        previous_refresh_token=previous,
        spare_refresh_token=spare,
        access_expires_at=connection.access_expires_at,
        renewal_failed_at=connection.renewal_failed_at,
    )


def open_refresh_token(vault: TokenVault, connection: Connection) -> str | None:
    """Return the refresh token, or None if there is none or no key opens it."""
    try:
        return _open(vault, connection, "refresh_token")
    except UndecryptableToken:
        return None


def _open(vault: TokenVault, connection: Connection, column: str) -> str | None:
    sealed = getattr(connection, column)
    if sealed is None:
        return None
    return vault.open(
        sealed, company_id=connection.company_id, connection=connection.public_id, field=column
    )
