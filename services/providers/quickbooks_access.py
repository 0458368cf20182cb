"""Where QuickBooks is found, what is asked of it, and its adapter put together. No network.

Addresses of intuit/oauth-jsclient 2685393 and of intuit-oauth 1.2.6 (read 2026-11-22). Both
environments share all but the API; their client ids and tokens are not interchangeable.
"""

from __future__ import annotations

import re

from services.providers.access import ProviderAccess, base_url
from services.providers.contract import CallTurn, ProviderKey, TokenSupplier
from services.providers.oauth import (
    AuthorizationFacts,
    ClientAuth,
    ClientCredentials,
    OAuthAuthorization,
    RevokeBody,
)
from services.providers.quickbooks import QuickBooksClient
from services.providers.transport import PATIENCE_S, Transport

CONSENT_URL = "https://appcenter.intuit.com"
TOKEN_URL = "https://oauth.platform.intuit.com"  # noqa: S105
REVOKE_URL = "https://developer.api.intuit.com"
API_URLS = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
}
#: There is no narrower scope that covers customers.
SCOPE = ("com.intuit.quickbooks.accounting",)

# The pattern by which NangoHQ/nango checks realm ids (read 2026-11-22).
REMOTE_ACCOUNT_ID = re.compile(r"[0-9]{10,19}")


def open_authorization(access: ProviderAccess) -> OAuthAuthorization:
    """Make the OAuth side."""
    facts = AuthorizationFacts(
        authorize_url=_url(access, CONSENT_URL) + "/connect/oauth2",
        token_url=_url(access, TOKEN_URL) + "/oauth2/v1/tokens/bearer",
        revoke_url=_url(access, REVOKE_URL) + "/v2/oauth2/tokens/revoke",
        scope=SCOPE,
        client_auth=ClientAuth.BASIC_HEADER,
        revoke_body=RevokeBody.JSON,
    )
    return OAuthAuthorization(
        facts,
        ClientCredentials(access.client_id, access.client_secret),
        transport=Transport((facts.token_url, facts.revoke_url)),
    )


def open_client(
    access: ProviderAccess,
    *,
    remote_account_id: str,
    tokens: TokenSupplier,
    patience_s: float | None,
    turn: CallTurn | None,
) -> QuickBooksClient:
    """Make a client of one company."""
    api_url = _url(access, API_URLS[access.environment])
    transport = Transport((api_url,), patience_s=PATIENCE_S if patience_s is None else patience_s)
    return QuickBooksClient(transport, api_url=api_url, realm_id=remote_account_id, tokens=tokens)


def _url(access: ProviderAccess, official_url: str) -> str:
    return base_url(ProviderKey.QUICKBOOKS, access, official_url)
