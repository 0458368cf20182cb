"""Ask for permission at a provider and turn the answer into a connection."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import Connection, ConnectionState, ConsentRequest, RemoteAccount
from models.base import new_public_id
from services.accounts import SignedIn
from services.audit import AuditAction, record_event
from services.connections import find_connection
from services.providers import registry
from services.providers.contract import ProviderKey, TokenSet
from services.reading_queue import interrupt_readings
from services.runtime import Runtime
from services.token_lease import seal_tokens

CONSENT_LIFETIME = timedelta(minutes=10)
VERIFIER_FIELD = "code_verifier"


class ConsentInvalid(Exception):
    """The callback does not belong to a consent this sign-in asked for, or came too late."""


class ConsentUsed(Exception):
    """The callback came a second time (double click, back button)."""


class ConsentRefused(Exception):
    """The person said no on the provider's page."""


class OtherAccount(Exception):
    """The person chose another remote account than the one the links belong to."""

    def __init__(self, expected_name: str) -> None:
        super().__init__("another remote account was chosen")
        self.expected_name = expected_name


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What the provider's redirect carried; every part may be missing or hostile."""

    state: str
    code: str
    remote_account_id: str
    error: str


def begin_consent(
    runtime: Runtime,
    session: Session,
    who: SignedIn,
    *,
    provider: ProviderKey,
    allows_other_account: bool = False,
) -> str:
    """Remember a new consent request and return the provider's address for it. Commits."""
    authorization = registry.open_authorization(provider, runtime.access(provider))
    request = authorization.authorization_request(runtime.redirect_uri(provider))
    state_hash = _state_hash(request.state)
    verifier = runtime.vault.seal(
        request.code_verifier,
        company_id=who.company_id,
        connection=state_hash,
        field=VERIFIER_FIELD,
    )
    session.add(
        ConsentRequest(
            state_hash=state_hash,
            company_id=who.company_id,
            sign_in_id=who.sign_in_id,
            provider=provider.value,
            code_verifier=verifier,
            allows_other_account=allows_other_account,
            created_at=runtime.clock(),
        )
    )
    session.commit()
    return request.url


def complete_consent(
    runtime: Runtime, who: SignedIn, *, provider: ProviderKey, answer: ConsentAnswer
) -> None:
    """Turn the provider's answer into a connection. Commits. Calls the network twice.

    Raises ConsentInvalid, ConsentUsed, ConsentRefused, OtherAccount or a ProviderError; the
    connection that was there before is untouched then.
    """
    request = _use_consent_request(runtime, who, provider=provider, state=answer.state)
    if answer.error:
        raise ConsentRefused
    try:
        account_id = registry.check_remote_account_id(provider, answer.remote_account_id)
    except registry.InvalidRemoteAccount as error:
        raise ConsentInvalid from error
    if not answer.code:
        raise ConsentInvalid
    _refuse_other_account(runtime, request, provider=provider, remote_account_id=account_id)
    tokens = _exchange(runtime, request, provider=provider, code=answer.code)
    client = registry.open_accounting_client(
        provider,
        runtime.access(provider),
        remote_account_id=account_id,
        tokens=lambda _refused: tokens.access_token,
    )
    name = client.remote_account().name
    with runtime.sessions() as session:
        account = _remember_account(
            session, who.company_id, provider=provider, remote_account_id=account_id, name=name
        )
        _store_connection(runtime, session, who, account=account, tokens=tokens)


def _use_consent_request(
    runtime: Runtime, who: SignedIn, *, provider: ProviderKey, state: str
) -> ConsentRequest:
    """Take the request out of circulation: whoever updates the row may go on."""
    now = runtime.clock()
    mine = (
        (ConsentRequest.state_hash == _state_hash(state))
        & (ConsentRequest.sign_in_id == who.sign_in_id)
        & (ConsentRequest.company_id == who.company_id)
        & (ConsentRequest.provider == provider.value)
    )
    with runtime.sessions() as session:
        used = session.execute(
            update(ConsentRequest)
            .where(
                mine,
                ConsentRequest.used_at.is_(None),
                ConsentRequest.created_at > now - CONSENT_LIFETIME,
            )
            .values(used_at=now)
            .returning(ConsentRequest.id)
        ).scalar()
        session.commit()
        request = session.scalar(select(ConsentRequest).where(mine))
    if used is not None and request is not None:
        return request
    if request is not None and request.used_at is not None:
        raise ConsentUsed
    raise ConsentInvalid


def _refuse_other_account(
    runtime: Runtime, request: ConsentRequest, *, provider: ProviderKey, remote_account_id: str
) -> None:
    if request.allows_other_account:
        return
    with runtime.sessions() as session:
        connection = find_connection(session, request.company_id, provider)
        if connection and connection.account.remote_account_id != remote_account_id:
            raise OtherAccount(connection.account.name)


def _exchange(
    runtime: Runtime, request: ConsentRequest, *, provider: ProviderKey, code: str
) -> TokenSet:
    verifier = runtime.vault.open(
        request.code_verifier,
        company_id=request.company_id,
        connection=request.state_hash,
        field=VERIFIER_FIELD,
    )
    authorization = registry.open_authorization(provider, runtime.access(provider))
    return authorization.exchange_code(
        code,
        redirect_uri=runtime.redirect_uri(provider),
        code_verifier=verifier,
        now=runtime.clock(),
    )


def _remember_account(
    session: Session, company_id: int, *, provider: ProviderKey, remote_account_id: str, name: str
) -> RemoteAccount:
    account = session.scalar(
        select(RemoteAccount).where(
            RemoteAccount.company_id == company_id,
            RemoteAccount.provider == provider.value,
            RemoteAccount.remote_account_id == remote_account_id,
        )
    )
    if account is None:
        account = RemoteAccount(
            company_id=company_id, provider=provider.value, remote_account_id=remote_account_id
        )
        session.add(account)
    account.name = name
    session.flush()
    return account


def _store_connection(
    runtime: Runtime,
    session: Session,
    who: SignedIn,
    *,
    account: RemoteAccount,
    tokens: TokenSet,
) -> None:
    now = runtime.clock()
    provider = ProviderKey(account.provider)
    connection = find_connection(session, who.company_id, provider)
    if connection is None:
        connection = Connection(
            company_id=who.company_id, provider=provider.value, public_id=new_public_id()
        )
        session.add(connection)
    else:
        interrupt_readings(session, connection.id, now=now)
    connection.account_id = account.id
    connection.state = ConnectionState.CONNECTED
    connection.connected_at = now
    connection.connected_by_id = who.user_id
    connection.ended_at = None
    connection.previous_refresh_token = None
    connection.lease_owner = connection.lease_until_at = None
    connection.token_version = (connection.token_version or 0) + 1
    for column, value in seal_tokens(runtime.vault, connection, tokens).items():
        setattr(connection, column, value)
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.CONNECTED,
        subject=provider.value,
        now=now,
    )
    session.commit()


def _state_hash(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
