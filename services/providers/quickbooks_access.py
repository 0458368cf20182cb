"""Where QuickBooks is found, what is asked of it, and its adapter put together. No network.

Addresses of intuit/oauth-jsclient 2685393 and of intuit-oauth 1.2.6 (read 2026-11-22). Both
environments share all but the API; their client ids and tokens are not interchangeable.
"""

from __future__ import annotations

import re

from services.providers.access import ProviderAccess, base_url
from services.providers.access_tokens import only_token
from services.providers.contract import (
    CallTurn,
    OnWait,
    ProviderKey,
    RemoteAccount,
    TokenSupplier,
)
from services.providers.oauth import (
    AuthorizationFacts,
    ClientAuth,
    ClientCredentials,
    OAuthAuthorization,
    RevokeBody,
)
from services.providers.quickbooks import QuickBooksClient
from services.providers.transport import Transport

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

# Without it the answer does not tell the end that no renewal moves (CHANGELOG 4.2.4 of
# intuit/oauth-jsclient, read 2026-11-22).
_TELL_HARD_END = {"x-include-refresh-token-hard-expires-in": "true"}


class QuickBooksAuthorization(OAuthAuthorization):
    """Permission at QuickBooks: one per company, which only the callback names."""

    def shared_accounts(
        self, access_token: str, *, named_account_id: str
    ) -> tuple[RemoteAccount, ...]:
        """Return the company of the callback, with its name. One call."""
        api_url = self._facts.api_url
        client = QuickBooksClient(
            Transport((api_url,), on_call=self._transport.on_call),
            api_url=api_url,
            realm_id=named_account_id,
            tokens=only_token(access_token),
        )
        return (client.remote_account(),)


def open_authorization(access: ProviderAccess) -> QuickBooksAuthorization:
    """Make the OAuth side."""
    facts = AuthorizationFacts(
        authorize_url=_url(access, CONSENT_URL) + "/connect/oauth2",
        token_url=_url(access, TOKEN_URL) + "/oauth2/v1/tokens/bearer",
        revoke_url=_url(access, REVOKE_URL) + "/v2/oauth2/tokens/revoke",
        api_url=_api_url(access),
        scope=SCOPE,
        client_auth=ClientAuth.BASIC_HEADER,
        revoke_body=RevokeBody.JSON,
        token_headers=_TELL_HARD_END,
    )
    return QuickBooksAuthorization(
        facts,
        ClientCredentials(access.client_id, access.client_secret),
        transport=Transport((facts.token_url, facts.revoke_url), on_call=access.on_call),
    )


def open_client(
    access: ProviderAccess,
    *,
    remote_account_id: str,
    tokens: TokenSupplier,
    turn: CallTurn | None,
    on_wait: OnWait | None,
) -> QuickBooksClient:
    """Make a client of one company."""
    api_url = _api_url(access)
    transport = Transport((api_url,), turn=turn, on_wait=on_wait, on_call=access.on_call)
    return QuickBooksClient(transport, api_url=api_url, realm_id=remote_account_id, tokens=tokens)


def _api_url(access: ProviderAccess) -> str:
    return _url(access, API_URLS[access.environment])


def _url(access: ProviderAccess, official_url: str) -> str:
    return base_url(ProviderKey.QUICKBOOKS, access, official_url)
