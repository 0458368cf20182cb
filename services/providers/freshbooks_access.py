"""Where FreshBooks is found, what is asked of it, and its adapter put together. No network.

Addresses of freshbooks-sdk 1.3.0 and of docs/authentication.md in InfiniteRoomLabs/freshbooks-tools
(read 2026-11-22). FreshBooks has no sandbox of its own, so there is one environment.
"""

from __future__ import annotations

from services.providers.access import ProviderAccess, base_url
from services.providers.contract import CallTurn, OnWait, ProviderKey, TokenSupplier
from services.providers.freshbooks import FreshBooksClient
from services.providers.freshbooks_answers import ACCOUNT_ID
from services.providers.freshbooks_oauth import FreshBooksAuthorization
from services.providers.oauth import (
    AuthorizationFacts,
    ClientAuth,
    ClientCredentials,
    RevokeBody,
)
from services.providers.transport import Transport

CONSENT_URL = "https://auth.freshbooks.com"
API_URL = "https://api.freshbooks.com"
#: `user:profile:read`, which names the businesses, is always granted beside it.
CLIENTS_SCOPE = "user:clients:read"

REMOTE_ACCOUNT_ID = ACCOUNT_ID


def open_authorization(access: ProviderAccess) -> FreshBooksAuthorization:
    """Make the OAuth side."""
    api_url = base_url(ProviderKey.FRESHBOOKS, access, API_URL)
    facts = AuthorizationFacts(
        authorize_url=base_url(ProviderKey.FRESHBOOKS, access, CONSENT_URL) + "/oauth/authorize",
        token_url=api_url + "/auth/oauth/token",
        revoke_url=api_url + "/auth/oauth/revoke",
        api_url=api_url,
        scope=(CLIENTS_SCOPE,),
        client_auth=ClientAuth.FORM_BODY,
        revoke_body=RevokeBody.FORM,
        needed_scope=CLIENTS_SCOPE,
    )
    return FreshBooksAuthorization(
        facts,
        ClientCredentials(access.client_id, access.client_secret),
        transport=Transport((api_url,), on_call=access.on_call),
    )


def open_client(
    access: ProviderAccess,
    *,
    remote_account_id: str,
    tokens: TokenSupplier,
    turn: CallTurn | None,
    on_wait: OnWait | None,
) -> FreshBooksClient:
    """Make a client of one account."""
    api_url = base_url(ProviderKey.FRESHBOOKS, access, API_URL)
    transport = Transport((api_url,), turn=turn, on_wait=on_wait, on_call=access.on_call)
    return FreshBooksClient(transport, api_url=api_url, account_id=remote_account_id, tokens=tokens)
