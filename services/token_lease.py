"""Keep one connection's access token fresh; one process at a time may renew it."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Connection, ConnectionState
from services.database import only_reading, retry_while_busy
from services.installation import OtherInstallation, is_same_installation
from services.providers import registry
from services.providers.contract import (
    ProviderError,
    ProviderUnavailable,
    ReconnectRequired,
    TokenSet,
    WrongCredentials,
)
from services.runtime import Runtime
from services.sealed_tokens import HeldTokens, open_tokens, seal_token, seal_tokens

logger = logging.getLogger(__name__)

RENEW_BEFORE = timedelta(minutes=5)
#: Longer than the deadline of one call; a second call prolongs it first.
LEASE = timedelta(seconds=30)
COOL_DOWN = timedelta(seconds=30)
WAIT_LIMIT_S = 25.0
WAIT_STEP_S = 0.05


class _Overtaken(ProviderUnavailable):
    """Somebody else has stored tokens or taken the lease; the row says how it stands."""


class TokenLease:
    """A TokenSupplier for one connection, safe for many threads and many processes.

    The lease is a row with a version. Whoever takes it renews the token while nobody holds a
    transaction; a holder that comes back too late meets another version and stores nothing but
    a spare.
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
        self._lease_ends_at = 0.0

    def supply(self, refused: str | None = None) -> str:
        """Return a usable access token; renews it at the network when it must.

        `refused` is a token the provider has just answered 401 to. A token that is about to end
        is used to its end while renewing meets trouble. Raises the ProviderError family;
        ReconnectRequired means that the permission really ended.
        """
        with self._threads:
            give_up_at = self._monotonic() + WAIT_LIMIT_S
            while True:
                held = self._read()
                if self._is_fresh(held, refused):
                    return held.access_token
                if self._is_cooling_down(held):
                    trouble = ProviderUnavailable("renewing the token failed a moment ago")
                    return self._make_do(held, refused, trouble)
                if self._take_lease(held.version):
                    token = self._renew(held, refused)
                    if token is not None:
                        return token
                if self._monotonic() > give_up_at:
                    trouble = ProviderUnavailable("another process did not finish renewing")
                    return self._make_do(held, refused, trouble)
                self._sleep(WAIT_STEP_S * random.uniform(1, 2))  # noqa: S311  (jitter)

    def _is_fresh(self, held: HeldTokens, refused: str | None) -> bool:
        return held.is_valid(now=self._runtime.clock() + RENEW_BEFORE, refused=refused)

    def _is_cooling_down(self, held: HeldTokens) -> bool:
        failed_at = held.renewal_failed_at
        return failed_at is not None and self._runtime.clock() < failed_at + COOL_DOWN

    def _make_do(self, held: HeldTokens, refused: str | None, error: ProviderError) -> str:
        if held.is_valid(now=self._runtime.clock(), refused=refused):
            return held.access_token
        raise error

    def _read(self) -> HeldTokens:
        with only_reading(), self._runtime.sessions() as session:
            connection = session.get(Connection, self._connection_id)
            if connection is None or connection.state is ConnectionState.DISCONNECTED:
                raise ReconnectRequired("the connection was ended")
            if not is_same_installation(connection.installation, self._runtime.public_base_url):
                # A copy of the database: spending the tokens would end the original's permission.
                raise OtherInstallation("the permission was given to another installation")
            return open_tokens(self._runtime.vault, connection)

    def _take_lease(self, version: int) -> bool:
        now = self._runtime.clock()
        is_free = or_(Connection.lease_until_at.is_(None), Connection.lease_until_at < now)
        values = {"lease_owner": self._owner, "lease_until_at": now + LEASE}
        self._lease_ends_at = self._monotonic() + LEASE.total_seconds()
        return self._change(version, is_free, values=values)

    def _renew(self, held: HeldTokens, refused: str | None) -> str | None:
        """Return the token to use, or None where the row has to be read again."""
        try:
            tokens, spent = self._refresh(held)
        except _Overtaken:
            return None
        except ReconnectRequired:
            self._release(held.version)
            raise
        except WrongCredentials as error:
            # Not cooled down: the sentence about our own settings must not turn into another.
            self._release(held.version)
            return self._make_do(held, refused, error)
        except ProviderError as error:
            self._release(held.version, renewal_failed_at=self._runtime.clock())
            return self._make_do(held, refused, error)
        return self._store_patiently(held, tokens, spent=spent)

    def _refresh(self, held: HeldTokens) -> tuple[TokenSet, str]:
        """Spend the refresh token; return what it brought, and the token that was spent.

        A refusal can mean that an earlier answer was lost: Xero and Intuit accept the previous
        token for a while, and a spare is newer than the row's. Only when each was refused once
        did the permission end. Raises _Overtaken as soon as the row is in other hands.
        """
        access = self._runtime.access(held.provider)
        authorization = registry.open_authorization(held.provider, access)
        tried = [held.refresh_token]
        while True:
            try:
                tokens = authorization.refresh(tried[-1], now=self._runtime.clock())
            except ReconnectRequired:
                following = self._next_token(held.version, tried)
                if following is None:
                    raise
                tried.append(following)
            else:
                return tokens, tried[-1]

    def _next_token(self, version: int, tried: Sequence[str]) -> str | None:
        """Return a stored refresh token that was not tried yet, with the lease prolonged for it."""
        held = self._read()
        if held.version != version:
            raise _Overtaken("the row is in other hands")
        for token in (held.previous_refresh_token, held.spare_refresh_token):
            if token is not None and token not in tried:
                self._prolong(version)
                return token
        return None

    def _prolong(self, version: int) -> None:
        values = {"lease_until_at": self._runtime.clock() + LEASE}
        if not self._change(version, Connection.lease_owner == self._owner, values=values):
            raise _Overtaken("the row is in other hands")
        self._lease_ends_at = self._monotonic() + LEASE.total_seconds()

    def _store_patiently(self, held: HeldTokens, tokens: TokenSet, *, spent: str) -> str:
        """Store for as long as the lease runs: the token that was spent may never work again."""
        try:
            return retry_while_busy(
                lambda: self._store(held, tokens, spent=spent),
                until=self._lease_ends_at,
                sleep=self._sleep,
                monotonic=self._monotonic,
            )
        except SQLAlchemyError:
            logger.error(
                "new tokens could not be stored and are lost, connection %s", self._connection_id
            )
            raise

    def _store(self, held: HeldTokens, tokens: TokenSet, *, spent: str) -> str:
        with self._runtime.sessions() as session:
            connection = session.get_one(Connection, self._connection_id)
            values = self._values(connection, tokens, spent=spent)
            values |= {"token_version": held.version + 1}
            is_mine = Connection.lease_owner == self._owner
            stored = self._update(session, held.version, is_mine, values=values)
            if not stored:
                self._keep_spare(session, connection, held, tokens)
            session.commit()
        if stored:
            return tokens.access_token
        logger.warning("a token was renewed by two processes; the later answer is kept as spare")
        current = self._read()
        return tokens.access_token if current.version == held.version else current.access_token

    def _values(self, connection: Connection, tokens: TokenSet, *, spent: str) -> dict[str, Any]:
        vault = self._runtime.vault
        values = seal_tokens(vault, connection, tokens) | {
            "spare_refresh_token": None,
            "renewed_at": self._runtime.clock(),
            "renewal_failed_at": None,
            "installation": self._runtime.public_base_url,
            "lease_owner": None,
            "lease_until_at": None,
        }
        if tokens.hard_expires_at is None:
            # It does not move, so an answer that does not repeat it changes nothing.
            del values["hard_expires_at"]
        if tokens.refresh_token != spent:
            values["previous_refresh_token"] = seal_token(
                vault, connection, spent, column="previous_refresh_token"
            )
        return values

    def _keep_spare(
        self, session: Session, connection: Connection, held: HeldTokens, tokens: TokenSet
    ) -> None:
        """Keep a token that came too late, unless it belongs to a consent that is over."""
        spare = seal_token(
            self._runtime.vault, connection, tokens.refresh_token, column="spare_refresh_token"
        )
        session.execute(
            update(Connection)
            .where(
                Connection.id == self._connection_id,
                Connection.connected_at == held.connected_at,
                Connection.state != ConnectionState.DISCONNECTED,
            )
            .values(spare_refresh_token=spare)
            .execution_options(synchronize_session=False)
        )

    def _release(self, version: int, **values: Any) -> None:
        free = {"lease_owner": None, "lease_until_at": None}
        self._change(version, Connection.lease_owner == self._owner, values=free | values)

    def _change(self, version: int, condition: Any, *, values: dict[str, Any]) -> bool:
        with self._runtime.sessions() as session:
            changed = self._update(session, version, condition, values=values)
            session.commit()
        return changed

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
