"""Write what a consent brought into the company's connection: account, tokens, state."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Connection, ConnectionState
from models import RemoteAccount as RemoteAccountRow
from models.base import new_public_id
from services.audit import AuditAction, record_event
from services.connections import find_connection
from services.providers.contract import ProviderKey, RemoteAccount, TokenSet
from services.reading_queue import interrupt_readings
from services.runtime import Runtime
from services.sealed_tokens import TOKEN_COLUMNS, seal_tokens
from services.sign_ins import SignedIn


def store_connection(
    runtime: Runtime,
    session: Session,
    who: SignedIn,
    *,
    provider: ProviderKey,
    account: RemoteAccount,
    tokens: TokenSet,
) -> None:
    """Connect the company to the account, in the caller's transaction.

    A connection that was there goes on under the same id; nothing of its old tokens stays.
    """
    now = runtime.clock()
    account_id = _remember_account(session, who.company_id, provider, account).id
    connection = find_connection(session, who.company_id, provider)
    if connection is None:
        connection = Connection(
            company_id=who.company_id, provider=provider.value, public_id=new_public_id()
        )
        session.add(connection)
    else:
        interrupt_readings(session, connection.id, now=now)
    if connection.account_id != account_id:
        # Nobody has looked at this account yet, so nobody in it is new.
        connection.looked_at, connection.looked_reading_id = None, 0
    connection.account_id = account_id
    connection.state = ConnectionState.CONNECTED
    connection.connected_at = now
    connection.connected_by_id = who.user_id
    connection.ended_at = connection.reconnect_reason = connection.reconnect_told_at = None
    _replace_tokens(runtime, connection, tokens, now=now)
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.CONNECTED,
        subject=provider.value,
        now=now,
    )


def _replace_tokens(
    runtime: Runtime, connection: Connection, tokens: TokenSet, *, now: datetime
) -> None:
    for column in TOKEN_COLUMNS:
        setattr(connection, column, None)
    for column, value in seal_tokens(runtime.vault, connection, tokens).items():
        setattr(connection, column, value)
    connection.renewed_at = now
    connection.installation = runtime.public_base_url
    connection.lease_owner = connection.lease_until_at = None
    connection.token_version = (connection.token_version or 0) + 1


def _remember_account(
    session: Session, company_id: int, provider: ProviderKey, account: RemoteAccount
) -> RemoteAccountRow:
    row = session.scalar(
        select(RemoteAccountRow).where(
            RemoteAccountRow.company_id == company_id,
            RemoteAccountRow.provider == provider.value,
            RemoteAccountRow.remote_account_id == account.remote_account_id,
        )
    )
    if row is None:
        row = RemoteAccountRow(
            company_id=company_id,
            provider=provider.value,
            remote_account_id=account.remote_account_id,
        )
        session.add(row)
    row.name = account.name[:500]
    session.flush()
    return row
