"""Ask for permission at a provider and turn the answer into a connection."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import ConsentRequest
from services.account_choice import earlier_account, find_open_choice, offer_accounts
from services.connecting import store_connection
from services.database import only_reading
from services.providers import registry
from services.providers.contract import ProviderKey, RemoteAccount, TokenSet
from services.runtime import Runtime
from services.sign_ins import SignedIn

CONSENT_LIFETIME = timedelta(minutes=10)
VERIFIER_FIELD = "code_verifier"


class ConsentInvalid(Exception):
    """The callback does not belong to a consent this sign-in asked for, or came too late."""


class ConsentUsed(Exception):
    """The callback came a second time (double click, back button)."""


class ConsentRefused(Exception):
    """The person said no on the provider's page."""


class NothingShared(Exception):
    """The person agreed, but the permission covers no remote account."""


class OtherAccount(Exception):
    """The person chose another remote account than the one the links belong to.

    `chosen_name` is empty where the provider was not even asked for it.
    """

    def __init__(self, expected_name: str, *, chosen_name: str = "") -> None:
        super().__init__("another remote account was chosen")
        self.expected_name = expected_name
        self.chosen_name = chosen_name


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
) -> str | None:
    """Turn the provider's answer into a connection. Commits. Calls the network.

    Where it covers several accounts and none is surely meant, nothing is connected yet: returns
    the public id of the choice to be made, else None. Raises ConsentInvalid, ConsentUsed,
    ConsentRefused, NothingShared, OtherAccount or a ProviderError; the connection that was there
    before is untouched then.
    """
    try:
        request = _use_consent_request(runtime, who, provider=provider, state=answer.state)
    except ConsentUsed:
        # Back from the choice and allowed once more: the choice of the first time still stands.
        state_hash = _state_hash(answer.state)
        if choice := find_open_choice(runtime, who, provider=provider, state_hash=state_hash):
            return choice
        raise
    if answer.error:
        raise ConsentRefused
    named_account_id = _named_account_id(runtime, request, provider=provider, answer=answer)
    tokens = _exchange(runtime, request, provider=provider, code=answer.code)
    authorization = registry.open_authorization(provider, runtime.access(provider))
    accounts = authorization.shared_accounts(tokens.access_token, named_account_id=named_account_id)
    account = _meant_account(runtime, request, provider=provider, accounts=accounts)
    if account is None:
        return offer_accounts(runtime, request, tokens=tokens, accounts=accounts)
    with runtime.sessions() as session:
        store_connection(runtime, session, who, provider=provider, account=account, tokens=tokens)
        session.commit()
    return None


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


def _named_account_id(
    runtime: Runtime, request: ConsentRequest, *, provider: ProviderKey, answer: ConsentAnswer
) -> str:
    """Check what the callback names before a call is made for it; "" where it names nothing."""
    if not answer.code:
        raise ConsentInvalid
    if not registry.provider_profile(provider).names_account_in_callback:
        return ""
    try:
        named = registry.check_remote_account_id(provider, answer.remote_account_id)
    except registry.InvalidRemoteAccount as error:
        raise ConsentInvalid from error
    earlier = _kept_account(runtime, request, provider=provider)
    if earlier is not None and earlier.remote_account_id != named:
        raise OtherAccount(earlier.name)
    return named


def _meant_account(
    runtime: Runtime,
    request: ConsentRequest,
    *,
    provider: ProviderKey,
    accounts: Sequence[RemoteAccount],
) -> RemoteAccount | None:
    """Return the account to connect, or None where a person has to choose."""
    if not accounts:
        raise NothingShared
    earlier = _kept_account(runtime, request, provider=provider)
    for account in accounts:
        if earlier and account.remote_account_id == earlier.remote_account_id:
            return account
    if len(accounts) > 1:
        return None
    if earlier is not None:
        raise OtherAccount(earlier.name, chosen_name=accounts[0].name)
    return accounts[0]


def _kept_account(
    runtime: Runtime, request: ConsentRequest, *, provider: ProviderKey
) -> RemoteAccount | None:
    """Return the account that the company's links belong to, unless another one was asked for."""
    if request.allows_other_account:
        return None
    with only_reading(), runtime.sessions() as session:
        return earlier_account(session, request.company_id, provider)


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


def _state_hash(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
