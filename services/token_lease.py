"""Keep one connection's access token fresh; one process at a time may renew it."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from models import Connection, ConnectionState
from services.providers import registry
from services.providers.contract import (
    ProviderError,
    ProviderKey,
    ProviderUnavailable,
    ReconnectRequired,
    TokenSet,
)
from services.runtime import Runtime
from services.token_vault import TokenVault, UndecryptableToken

logger = logging.getLogger(__name__)

RENEW_BEFORE = timedelta(minutes=5)
LEASE = timedelta(seconds=30)
WAIT_LIMIT_S = 25.0
WAIT_STEP_S = 0.05
TOKEN_COLUMNS = (
    "access_token",
    "refresh_token",
    "previous_refresh_token",
    "access_expires_at",
    "refresh_expires_at",
)


@dataclass(frozen=True, slots=True)
class HeldTokens:
    """The stored tokens, decrypted, with the version they were read at."""

    version: int
    access_token: str
    refresh_token: str
    previous_refresh_token: str | None
    access_expires_at: datetime


def seal_tokens(vault: TokenVault, connection: Connection, tokens: TokenSet) -> dict[str, Any]:
    """Return the column values that store the tokens in this connection's row."""

    def seal(token: str, field: str) -> bytes:
        return vault.seal(
            token, company_id=connection.company_id, connection=connection.public_id, field=field
        )

    return {
        "access_token": seal(tokens.access_token, "access_token"),
        "refresh_token": seal(tokens.refresh_token, "refresh_token"),
        "access_expires_at": tokens.access_expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "scope": tokens.scope[:500],
    }


def open_refresh_token(vault: TokenVault, connection: Connection) -> str | None:
    """Return the refresh token, or None if there is none or no key opens it."""
    try:
        return _open(vault, connection, connection.refresh_token, field="refresh_token")
    except UndecryptableToken:
        return None


class TokenLease:
    """A TokenSupplier for one connection, safe for many threads and many processes.

    The lease is a row with a version. Whoever takes it renews the token while nobody holds a
    transaction; a holder that comes back too late meets another version and stores nothing.
    """

    def __init__(
        self,
        runtime: Runtime,
        connection_id: int,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runtime = runtime
        self._connection_id = connection_id
        self._owner = secrets.token_hex(8)
        self._threads = threading.Lock()
        self._sleep = sleep
        self._monotonic = monotonic

    def supply(self, refused: str | None = None) -> str:
        """Return a usable access token; renews it at the network when it must.

        `refused` is a token the provider has just answered 401 to. Raises the ProviderError
        family; ReconnectRequired means that the permission really ended.
        """
        with self._threads:
            give_up_at = self._monotonic() + WAIT_LIMIT_S
            while True:
                held = self._read()
                if self._is_usable(held, refused):
                    return held.access_token
                if self._take_lease(held.version):
                    return self._renew(held)
                if self._monotonic() > give_up_at:
                    raise ProviderUnavailable("another process did not finish renewing the token")
                self._sleep(WAIT_STEP_S * random.uniform(1, 2))  # noqa: S311  (jitter)

    def _is_usable(self, held: HeldTokens, refused: str | None) -> bool:
        is_fresh = held.access_expires_at - self._runtime.clock() > RENEW_BEFORE
        return is_fresh and held.access_token != refused

    def _read(self) -> HeldTokens:
        with self._runtime.sessions() as session:
            connection = session.get(Connection, self._connection_id)
            if connection is None or connection.state is ConnectionState.DISCONNECTED:
                raise ReconnectRequired("the connection was ended")
            try:
                return _held(self._runtime.vault, connection)
            except UndecryptableToken as error:
                raise ReconnectRequired("the stored permission cannot be opened") from error

    def _take_lease(self, version: int) -> bool:
        now = self._runtime.clock()
        with self._runtime.sessions() as session:
            taken = self._update(
                session,
                version,
                or_(Connection.lease_until_at.is_(None), Connection.lease_until_at < now),
                values={"lease_owner": self._owner, "lease_until_at": now + LEASE},
            )
            session.commit()
        return taken

    def _renew(self, held: HeldTokens) -> str:
        try:
            tokens = self._refresh(held)
        except ProviderError as error:
            self._release(held.version)
            if isinstance(error, ReconnectRequired) and self._is_outdated(held):
                # Whoever renewed or reconnected meanwhile has spent the token we were refused.
                return self._read().access_token
            raise
        return self._store(held, tokens)

    def _is_outdated(self, held: HeldTokens) -> bool:
        return self._read().version != held.version

    def _refresh(self, held: HeldTokens) -> TokenSet:
        """Spend the refresh token; after a refusal try the one before it once.

        A refusal can mean that an earlier answer was lost: Xero and Intuit accept the previous
        token for a while, and only when both are refused did the permission end.
        """
        provider = self._provider()
        authorization = registry.open_authorization(provider, self._runtime.access(provider))
        try:
            return authorization.refresh(held.refresh_token, now=self._runtime.clock())
        except ReconnectRequired:
            if held.previous_refresh_token is None or self._is_outdated(held):
                raise
        return authorization.refresh(held.previous_refresh_token, now=self._runtime.clock())

    def _provider(self) -> ProviderKey:
        with self._runtime.sessions() as session:
            return ProviderKey(session.get_one(Connection, self._connection_id).provider)

    def _store(self, held: HeldTokens, tokens: TokenSet) -> str:
        with self._runtime.sessions() as session:
            connection = session.get_one(Connection, self._connection_id)
            values = seal_tokens(self._runtime.vault, connection, tokens)
            if tokens.refresh_token != held.refresh_token:
                values["previous_refresh_token"] = _seal_previous(
                    self._runtime.vault, connection, held.refresh_token
                )
            values |= {
                "token_version": held.version + 1,
                "lease_owner": None,
                "lease_until_at": None,
            }
            stored = self._update(
                session, held.version, Connection.lease_owner == self._owner, values=values
            )
            session.commit()
        if stored:
            return tokens.access_token
        logger.warning("a token was renewed by two processes; the newer one is kept")
        return self._read().access_token

    def _release(self, version: int) -> None:
        with self._runtime.sessions() as session:
            self._update(
                session,
                version,
                Connection.lease_owner == self._owner,
                values={"lease_owner": None, "lease_until_at": None},
            )
            session.commit()

    def _update(
        self, session: Session, version: int, condition: Any, *, values: dict[str, Any]
    ) -> bool:
        changed = session.execute(
            update(Connection)
            .where(
                Connection.id == self._connection_id,
                Connection.token_version == version,
                condition,
            )
            .values(**values)
            .returning(Connection.id)
            .execution_options(synchronize_session=False)
        )
        return changed.scalar() is not None


def _held(vault: TokenVault, connection: Connection) -> HeldTokens:
    access = _open(vault, connection, connection.access_token, field="access_token")
    refresh = _open(vault, connection, connection.refresh_token, field="refresh_token")
    if access is None or refresh is None or connection.access_expires_at is None:
        raise ReconnectRequired("the connection holds no tokens")
    return HeldTokens(
        version=connection.token_version,
        access_token=access,
        refresh_token=refresh,
        previous_refresh_token=_open(
            vault,
            connection,
            connection.previous_refresh_token,
            field="previous_refresh_token",
        ),
        access_expires_at=connection.access_expires_at,
    )


def _open(
    vault: TokenVault, connection: Connection, sealed: bytes | None, *, field: str
) -> str | None:
    if sealed is None:
        return None
    return vault.open(
        sealed, company_id=connection.company_id, connection=connection.public_id, field=field
    )


def _seal_previous(vault: TokenVault, connection: Connection, token: str) -> bytes:
    return vault.seal(
        token,
        company_id=connection.company_id,
        connection=connection.public_id,
        field="previous_refresh_token",
    )
