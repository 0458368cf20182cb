"""What there is to know about each provider, and the one place where adapters are opened.

Pages need only labels, so the adapters and the HTTP library are imported when one is opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from services.providers.contract import (
    AccountingClient,
    ProviderAuthorization,
    ProviderKey,
    TokenSupplier,
)

if TYPE_CHECKING:
    from services.providers.oauth import AuthorizationFacts


class InvalidRemoteAccount(ValueError):
    """The text cannot be the id of an account at this provider."""


class ProviderNotAvailable(LookupError):
    """This release cannot connect to the provider yet."""


@dataclass(frozen=True, slots=True)
class ProviderProfile:
    """A provider in words. `consent_facts` are sentences to show before permission is asked."""

    key: ProviderKey
    label: str
    short_name: str
    customers_noun: str
    status_page_url: str
    consent_facts: tuple[str, ...] = ()
    is_available: bool = False


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """Our app at a provider. With `sandbox_url` the local sandbox stands in for the provider."""

    client_id: str
    client_secret: str = field(repr=False)
    environment: str = "production"
    sandbox_url: str | None = None


PROVIDERS: Mapping[ProviderKey, ProviderProfile] = MappingProxyType(
    {
        profile.key: profile
        for profile in (
            ProviderProfile(
                key=ProviderKey.QUICKBOOKS,
                label="QuickBooks Online",
                short_name="QuickBooks",
                customers_noun="customers",
                status_page_url="https://status.quickbooks.intuit.com",
                consent_facts=(
                    "BlueClerk reads your customers: names, e-mail addresses, phone numbers, "
                    "addresses and open balances.",
                    "QuickBooks offers no read-only permission, so its page speaks of full access "
                    "to your books. BlueClerk never changes anything in them.",
                    "You can end the permission here or in QuickBooks at any time.",
                ),
                is_available=True,
            ),
            ProviderProfile(
                key=ProviderKey.XERO,
                label="Xero",
                short_name="Xero",
                customers_noun="contacts",
                status_page_url="https://status.xero.com",
            ),
            ProviderProfile(
                key=ProviderKey.FRESHBOOKS,
                label="FreshBooks",
                short_name="FreshBooks",
                customers_noun="clients",
                status_page_url="https://status.freshbooks.com",
            ),
        )
    }
)

#: Addresses of intuit/oauth-jsclient 2685393 and of intuit-oauth 1.2.6 (read 2026-11-22). Both
#: environments share all but the API; their client ids and tokens are not interchangeable.
QUICKBOOKS_CONSENT_URL = "https://appcenter.intuit.com"
QUICKBOOKS_TOKEN_URL = "https://oauth.platform.intuit.com"  # noqa: S105
QUICKBOOKS_REVOKE_URL = "https://developer.api.intuit.com"
QUICKBOOKS_API_URLS = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
}
#: There is no narrower scope that covers customers.
QUICKBOOKS_SCOPE = ("com.intuit.quickbooks.accounting",)

# The pattern by which NangoHQ/nango checks realm ids (read 2026-11-22).
_REMOTE_ACCOUNT_IDS = {ProviderKey.QUICKBOOKS: re.compile(r"[0-9]{10,19}")}


def provider_profile(provider: ProviderKey) -> ProviderProfile:
    """Return what is known about a provider, available or not."""
    return PROVIDERS[provider]


def check_remote_account_id(provider: ProviderKey, text: str) -> str:
    """Return the id if it can be one, because it becomes part of addresses.

    Raises InvalidRemoteAccount.
    """
    _require_available(provider)
    if not _REMOTE_ACCOUNT_IDS[provider].fullmatch(text):
        raise InvalidRemoteAccount(f"This is not the id of a {PROVIDERS[provider].label} account.")
    return text


def open_authorization(provider: ProviderKey, access: ProviderAccess) -> ProviderAuthorization:
    """Make the OAuth side of a provider. No network. Raises ProviderNotAvailable."""
    _require_available(provider)
    from services.providers.oauth import ClientCredentials, OAuthAuthorization
    from services.providers.transport import Transport

    facts = _quickbooks_authorization(access)
    return OAuthAuthorization(
        facts,
        ClientCredentials(access.client_id, access.client_secret),
        transport=Transport((facts.token_url, facts.revoke_url)),
    )


def open_accounting_client(
    provider: ProviderKey,
    access: ProviderAccess,
    *,
    remote_account_id: str,
    tokens: TokenSupplier,
    patience_s: float | None = None,
) -> AccountingClient:
    """Make a client of one remote account. No network.

    With `patience_s`, waits up to that length that the provider asks for are slept. Raises
    InvalidRemoteAccount and ProviderNotAvailable.
    """
    realm_id = check_remote_account_id(provider, remote_account_id)
    from services.providers.quickbooks import QuickBooksClient
    from services.providers.transport import PATIENCE_S, Transport

    api_url = _base_url(access, QUICKBOOKS_API_URLS[access.environment])
    transport = Transport((api_url,), patience_s=PATIENCE_S if patience_s is None else patience_s)
    return QuickBooksClient(transport, api_url=api_url, realm_id=realm_id, tokens=tokens)


def _quickbooks_authorization(access: ProviderAccess) -> AuthorizationFacts:
    from services.providers.oauth import AuthorizationFacts, ClientAuth, RevokeBody

    return AuthorizationFacts(
        authorize_url=_base_url(access, QUICKBOOKS_CONSENT_URL) + "/connect/oauth2",
        token_url=_base_url(access, QUICKBOOKS_TOKEN_URL) + "/oauth2/v1/tokens/bearer",
        revoke_url=_base_url(access, QUICKBOOKS_REVOKE_URL) + "/v2/oauth2/tokens/revoke",
        scope=QUICKBOOKS_SCOPE,
        client_auth=ClientAuth.BASIC_HEADER,
        revoke_body=RevokeBody.JSON,
    )


def _base_url(access: ProviderAccess, official_url: str) -> str:
    if access.sandbox_url is None:
        return official_url
    return f"{access.sandbox_url.rstrip('/')}/{ProviderKey.QUICKBOOKS}"


def _require_available(provider: ProviderKey) -> None:
    if not PROVIDERS[provider].is_available:
        raise ProviderNotAvailable(f"BlueClerk cannot connect to {PROVIDERS[provider].label} yet.")
