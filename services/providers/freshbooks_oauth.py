"""What FreshBooks adds to OAuth: the businesses of the person who gave the permission."""

from __future__ import annotations

from services.providers.access_tokens import AccessTokens, only_token
from services.providers.contract import RemoteAccount
from services.providers.freshbooks import read_businesses
from services.providers.oauth import OAuthAuthorization
from services.providers.transport import Transport


class FreshBooksAuthorization(OAuthAuthorization):
    """The ProviderAuthorization of contract.py for FreshBooks.

    freshbooks-sdk 1.3.0 sends the redirect address with a renewal as well; that the token
    endpoint does without is a guess (2026-11-22).
    """

    def shared_accounts(
        self, access_token: str, *, named_account_id: str
    ) -> tuple[RemoteAccount, ...]:
        """Return the businesses of the person who gave the permission, by name. One call.

        FreshBooks names none in its callback, so the admin chooses.
        """
        api_url = self._facts.api_url
        tokens = AccessTokens(only_token(access_token))
        transport = Transport((api_url,), on_call=self._transport.on_call)
        return read_businesses(transport, tokens, api_url=api_url)
