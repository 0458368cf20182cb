"""Where Xero is found, what is asked of it, and its adapter put together. No network.

Addresses and scopes of XeroAPI/Xero-OpenAPI e952d0b and xero-python 15.2.0 (read 2026-11-22). Xero
has no environment of its own for tests, only demo organisations.
"""

from __future__ import annotations

import re

from services.providers.access import ProviderAccess, base_url
from services.providers.contract import CallTurn, OnWait, ProviderKey, TokenSupplier
from services.providers.oauth import (
    AuthorizationFacts,
    ClientAuth,
    ClientCredentials,
    RevokeBody,
)
from services.providers.transport import Transport
from services.providers.xero import XeroClient
from services.providers.xero_oauth import XeroAuthorization

CONSENT_URL = "https://login.xero.com"
IDENTITY_URL = "https://identity.xero.com"
API_URL = "https://api.xero.com"
CONTACTS_SCOPE = "accounting.contacts.read"
#: Without offline_access there is no refresh token.
SCOPE = ("offline_access", CONTACTS_SCOPE)
#: An unused refresh token lives 60 days by the FAQ on OAuth 2, 30 by two answers of Xero's staff
#: (community.xero.com 105714701 and 127920775, read 2026-11-22). Nothing is refused by this
#: number; it only says when the page begins to warn.
REFRESH_LIFE_S = 60 * 86_400

REMOTE_ACCOUNT_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def open_authorization(access: ProviderAccess) -> XeroAuthorization:
    """Make the OAuth side."""
    api_url = _url(access, API_URL)
    facts = AuthorizationFacts(
        authorize_url=_url(access, CONSENT_URL) + "/identity/connect/authorize",
        token_url=_url(access, IDENTITY_URL) + "/connect/token",
        revoke_url=_url(access, IDENTITY_URL) + "/connect/revocation",
        api_url=api_url,
        scope=SCOPE,
        client_auth=ClientAuth.BASIC_HEADER,
        revoke_body=RevokeBody.FORM,
        needed_scope=CONTACTS_SCOPE,
        refresh_life_s=REFRESH_LIFE_S,
    )
    return XeroAuthorization(
        facts,
        ClientCredentials(access.client_id, access.client_secret),
        transport=Transport((facts.token_url, facts.revoke_url, api_url), on_call=access.on_call),
    )


def open_client(
    access: ProviderAccess,
    *,
    remote_account_id: str,
    tokens: TokenSupplier,
    turn: CallTurn | None,
    on_wait: OnWait | None,
) -> XeroClient:
    """Make a client of one organisation."""
    api_url = _url(access, API_URL)
    transport = Transport((api_url,), turn=turn, on_wait=on_wait, on_call=access.on_call)
    return XeroClient(transport, api_url=api_url, tenant_id=remote_account_id, tokens=tokens)


def _url(access: ProviderAccess, official_url: str) -> str:
    return base_url(ProviderKey.XERO, access, official_url)
