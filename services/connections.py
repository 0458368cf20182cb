"""Connections: find them, open a client that keeps its permission fresh, end them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from models import (
    Connection,
    ConnectionState,
    ReconnectReason,
    RemoteAccount,
)
from services.audit import AuditAction, record_event
from services.call_turns import make_turn
from services.installation import OtherInstallation, is_same_installation
from services.providers import registry
from services.providers.contract import (
    AccountGone,
    AccountingClient,
    OnWait,
    ProviderError,
    ProviderKey,
    ScopeMissing,
)
from services.reading_queue import interrupt_readings
from services.runtime import Runtime
from services.sealed_tokens import TOKEN_COLUMNS, open_refresh_token
from services.sign_ins import SignedIn
from services.token_lease import TokenLease


class NotConnected(Exception):
    """There is no connection to this provider, or it was ended."""


class Revocation(StrEnum):
    """What came of giving a permission back at the provider.

    UNCONFIRMED: a person should remove it there. LEFT_TO_OTHER: it belongs to the installation
    that this database was copied from, so the provider was not told. SHARED: another connection
    here stands to the same remote account, so the provider was not told; nobody learns whose.
    """

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    LEFT_TO_OTHER = "left to other"
    SHARED = "shared"


def open_client(
    runtime: Runtime, connection_id: int, *, on_wait: OnWait | None = None
) -> AccountingClient:
    """Return a client for the connection; it renews its token by itself. No network yet.

    `on_wait` is told before a wait that the provider asked for is slept. Raises NotConnected.
    """
    with runtime.sessions() as session:
        connection = session.get(Connection, connection_id)
        if connection is None or connection.state is ConnectionState.DISCONNECTED:
            raise NotConnected
        provider = ProviderKey(connection.provider)
        remote_account_id = connection.account.remote_account_id
    return registry.open_accounting_client(
        provider,
        runtime.access(provider),
        remote_account_id=remote_account_id,
        tokens=TokenLease(runtime, connection_id).supply,
        turn=make_turn(
            runtime.sessions,
            runtime.clock,
            provider=provider,
            remote_account_id=remote_account_id,
            limits=registry.provider_profile(provider).limits,
        ),
        on_wait=on_wait,
    )


def find_connection(session: Session, company_id: int, provider: ProviderKey) -> Connection | None:
    """Return the company's connection to the provider in whatever state, or None."""
    return session.scalar(
        select(Connection).where(
            Connection.company_id == company_id, Connection.provider == provider.value
        )
    )


def require_connection(session: Session, company_id: int, provider: ProviderKey) -> Connection:
    """Return the connection unless it was never made or was ended. Raises NotConnected."""
    connection = find_connection(session, company_id, provider)
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        raise NotConnected
    return connection


def disconnect(runtime: Runtime, who: SignedIn, provider: ProviderKey) -> Revocation:
    """Delete the tokens, keep links and decisions, give the permission back. Commits.

    Calls the network after the tokens are gone here, and returns what came of it. Raises
    NotConnected.
    """
    return end_connection(runtime, who.company_id, provider, user_id=who.user_id)


def end_connection(
    runtime: Runtime, company_id: int, provider: ProviderKey, *, user_id: int | None = None
) -> Revocation:
    """Disconnect, whoever asked for it; None is the operator. Commits. Calls the network.

    Raises NotConnected.
    """
    now = runtime.clock()
    with runtime.sessions() as session:
        connection = require_connection(session, company_id, provider)
        refresh_token = open_refresh_token(runtime.vault, connection)
        remote_account_id = connection.account.remote_account_id
        is_shared = _is_shared(session, connection)
        is_ours = is_same_installation(connection.installation, runtime.public_base_url)
        for column in TOKEN_COLUMNS:
            setattr(connection, column, None)
        connection.token_version += 1
        connection.state = ConnectionState.DISCONNECTED
        connection.ended_at = now
        interrupt_readings(session, connection.id, now=now)
        record_event(
            session,
            company_id=company_id,
            user_id=user_id,
            action=AuditAction.DISCONNECTED,
            subject=provider.value,
            now=now,
        )
        session.commit()
    if not is_ours:
        return Revocation.LEFT_TO_OTHER
    if is_shared:
        return Revocation.SHARED
    return _give_back(runtime, provider, refresh_token, remote_account_id=remote_account_id)


def _give_back(
    runtime: Runtime, provider: ProviderKey, refresh_token: str | None, *, remote_account_id: str
) -> Revocation:
    if refresh_token is None:
        return Revocation.UNCONFIRMED
    try:
        authorization = registry.open_authorization(provider, runtime.access(provider))
        authorization.revoke(
            refresh_token, remote_account_id=remote_account_id, now=runtime.clock()
        )
    except ProviderError:
        return Revocation.UNCONFIRMED
    return Revocation.CONFIRMED


def _is_shared(session: Session, connection: Connection) -> bool:
    """Say whether another connection here stands to the same remote account.

    What is ended at Xero is the connection of our app to the organisation, the other company's as
    well; that the other two providers keep grants of one account apart is not documented.
    """
    return (
        session.scalar(
            select(
                exists().where(
                    Connection.id != connection.id,
                    Connection.state != ConnectionState.DISCONNECTED,
                    Connection.account_id == RemoteAccount.id,
                    RemoteAccount.provider == connection.provider,
                    RemoteAccount.remote_account_id == connection.account.remote_account_id,
                )
            )
        )
        is True
    )


def require_reconnect(
    session: Session,
    connection_id: int,
    *,
    reason: ReconnectReason,
    now: datetime,
    token_version: int | None = None,
) -> None:
    """Mark the permission as ended in the caller's transaction; nothing else changes.

    With `token_version` only if nobody has stored other tokens since.
    """
    is_meant = [Connection.id == connection_id, Connection.state == ConnectionState.CONNECTED]
    if token_version is not None:
        is_meant.append(Connection.token_version == token_version)
    session.execute(
        update(Connection)
        .where(*is_meant)
        .values(state=ConnectionState.RECONNECT_REQUIRED, reconnect_reason=reason, ended_at=now)
    )


def reason_of(error: Exception) -> ReconnectReason:
    """Return why the error means that only a new consent helps."""
    if isinstance(error, ScopeMissing):
        return ReconnectReason.SCOPE_MISSING
    if isinstance(error, AccountGone):
        return ReconnectReason.ACCOUNT_GONE
    if isinstance(error, OtherInstallation):
        return ReconnectReason.OTHER_INSTALLATION
    return ReconnectReason.ENDED
