"""Where a consent covers several remote accounts: keep its tokens, sealed, until one is chosen.

ChoiceError
├── ChoiceUnknown   not this company's, this sign-in's or this provider's
├── ChoiceExpired   it took too long
├── ChoiceUsed      one was chosen already
└── NotOffered      what was chosen is not among the accounts
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import ConsentRequest
from services.connecting import store_connection
from services.connections import find_connection
from services.database import only_reading
from services.providers.contract import ProviderKey, RemoteAccount, TokenSet
from services.runtime import Runtime
from services.sign_ins import SignedIn
from services.token_vault import TokenVault

CHOICE_LIFETIME = timedelta(minutes=10)
TOKENS_FIELD = "tokens"
ERASED = {"sealed_tokens": None, "offered_accounts": ""}
MOMENTS = ("access_expires_at", "refresh_expires_at", "hard_expires_at")


class ChoiceError(Exception):
    """No connection came of the choice; the one that was there before is untouched."""


class ChoiceUnknown(ChoiceError):
    pass


class ChoiceExpired(ChoiceError):
    pass


class ChoiceUsed(ChoiceError):
    pass


class NotOffered(ChoiceError):
    pass


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """What the page of a choice shows.

    `earlier` is the account that the company's links belong to, if there is one.
    """

    public_id: str
    accounts: tuple[RemoteAccount, ...]
    earlier: RemoteAccount | None

    @property
    def lacks_earlier(self) -> bool:
        """Say whether every account that can be chosen starts with an empty list."""
        offered = {account.remote_account_id for account in self.accounts}
        return self.earlier is not None and self.earlier.remote_account_id not in offered


def earlier_account(
    session: Session, company_id: int, provider: ProviderKey
) -> RemoteAccount | None:
    """Return the account of the company's connection, also of one that was ended."""
    connection = find_connection(session, company_id, provider)
    if connection is None:
        return None
    account = connection.account
    return RemoteAccount(account.remote_account_id, account.name)


def offer_accounts(
    runtime: Runtime,
    request: ConsentRequest,
    *,
    tokens: TokenSet,
    accounts: Sequence[RemoteAccount],
) -> str:
    """Keep the tokens of a used consent until one account is chosen. Commits.

    Returns the public id of the choice.
    """
    sealed = runtime.vault.seal(
        _tokens_text(tokens),
        company_id=request.company_id,
        connection=request.state_hash,
        field=TOKENS_FIELD,
    )
    with runtime.sessions() as session:
        row = session.get_one(ConsentRequest, request.id)
        row.sealed_tokens = sealed
        row.offered_accounts = json.dumps([asdict(account) for account in accounts])
        session.commit()
        return row.public_id or ""


def find_open_choice(
    runtime: Runtime, who: SignedIn, *, provider: ProviderKey, state_hash: str
) -> str | None:
    """Return the public id of the choice that this sign-in's consent still waits for, or None."""
    with only_reading(), runtime.sessions() as session:
        return session.scalar(
            select(ConsentRequest.public_id).where(
                ConsentRequest.state_hash == state_hash,
                ConsentRequest.company_id == who.company_id,
                ConsentRequest.sign_in_id == who.sign_in_id,
                ConsentRequest.provider == provider.value,
                ConsentRequest.sealed_tokens.is_not(None),
                ConsentRequest.used_at > runtime.clock() - CHOICE_LIFETIME,
            )
        )


def view_choice(
    session: Session, who: SignedIn, *, provider: ProviderKey, public_id: str, now: datetime
) -> AccountChoice:
    """Return the choice as its page shows it. Raises ChoiceError."""
    row = _find(session, who, provider=provider, public_id=public_id, now=now)
    return AccountChoice(
        public_id=public_id,
        accounts=_offered(row),
        earlier=earlier_account(session, who.company_id, provider),
    )


def choose_account(
    runtime: Runtime,
    who: SignedIn,
    *,
    provider: ProviderKey,
    public_id: str,
    remote_account_id: str,
) -> None:
    """Connect the chosen account and erase the tokens that were kept. Commits. No network.

    Raises ChoiceError.
    """
    now = runtime.clock()
    with runtime.sessions() as session:
        row = _find(session, who, provider=provider, public_id=public_id, now=now)
        offered = {account.remote_account_id: account for account in _offered(row)}
        if remote_account_id not in offered:
            raise NotOffered
        tokens = _open_tokens(runtime.vault, row)
        # Two clicks at one moment: whoever erases the tokens connects.
        erased = session.execute(
            update(ConsentRequest)
            .where(ConsentRequest.id == row.id, ConsentRequest.sealed_tokens.is_not(None))
            .values(ERASED)
            .returning(ConsentRequest.id)
        )
        if erased.scalar() is None:
            raise ChoiceUsed
        account = offered[remote_account_id]
        store_connection(runtime, session, who, provider=provider, account=account, tokens=tokens)
        session.commit()


def erase_expired_choices(runtime: Runtime) -> None:
    """Erase the tokens of choices that nobody made in time. Commits."""
    is_expired = ConsentRequest.sealed_tokens.is_not(None) & (
        ConsentRequest.used_at <= runtime.clock() - CHOICE_LIFETIME
    )
    with only_reading(), runtime.sessions() as session:
        found = session.scalar(select(ConsentRequest.id).where(is_expired).limit(1))
    if found is None:
        return
    with runtime.sessions() as session:
        session.execute(update(ConsentRequest).where(is_expired).values(ERASED))
        session.commit()


def _find(
    session: Session, who: SignedIn, *, provider: ProviderKey, public_id: str, now: datetime
) -> ConsentRequest:
    row = session.scalar(
        select(ConsentRequest).where(
            ConsentRequest.public_id == public_id,
            ConsentRequest.company_id == who.company_id,
            ConsentRequest.sign_in_id == who.sign_in_id,
            ConsentRequest.provider == provider.value,
        )
    )
    if row is None or row.used_at is None:
        raise ChoiceUnknown
    if row.used_at <= now - CHOICE_LIFETIME:
        raise ChoiceExpired
    if row.sealed_tokens is None:
        raise ChoiceUsed
    return row


def _offered(row: ConsentRequest) -> tuple[RemoteAccount, ...]:
    return tuple(RemoteAccount(**account) for account in json.loads(row.offered_accounts))


def _tokens_text(tokens: TokenSet) -> str:
    values = asdict(tokens)
    return json.dumps(
        values | {name: values[name] and values[name].isoformat() for name in MOMENTS}
    )


def _open_tokens(vault: TokenVault, row: ConsentRequest) -> TokenSet:
    text = vault.open(
        row.sealed_tokens or b"",
        company_id=row.company_id,
        connection=row.state_hash,
        field=TOKENS_FIELD,
    )
    values = json.loads(text)
    moments = {
        name: datetime.fromisoformat(values[name]) if values[name] else None for name in MOMENTS
    }
    return TokenSet(**values | moments)
