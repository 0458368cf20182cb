"""What there is to know about each provider, and the one place where adapters are opened.

Pages need only labels, so the adapters and the HTTP library are imported when one is opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote

from services.providers.access import ProviderAccess, base_url
from services.providers.contract import (
    AccountingClient,
    CallLimits,
    CallTurn,
    OnWait,
    ProviderAuthorization,
    ProviderKey,
    TokenSupplier,
)

__all__ = [
    "PROVIDERS",
    "InvalidRemoteAccount",
    "ProviderAccess",
    "ProviderProfile",
    "check_remote_account_id",
    "customer_page_url",
    "open_accounting_client",
    "open_authorization",
    "provider_profile",
]


class InvalidRemoteAccount(ValueError):
    """The text cannot be the id of an account at this provider."""


@dataclass(frozen=True, slots=True)
class ProviderProfile:
    """A provider in words and numbers.

    `counting_rule` says who is counted, `consent_facts` are sentences to show before permission
    is asked. `limits` are four fifths of what the provider allows per remote account. After
    `full_every` a delta is not trusted any more; `delta_calls` is what one costs that finds
    nothing. `account_noun` is the provider's word for a remote account. With `needs_https`, people
    are sent back to https addresses only. A customer's page is at `site_url` and `customer_path`;
    `test_site_url` is the site of the provider's own test environment, where it has one.
    """

    key: ProviderKey
    label: str
    short_name: str
    customers_noun: str
    account_noun: str
    status_page_url: str
    counting_rule: str
    consent_facts: tuple[str, ...]
    limits: CallLimits
    site_url: str
    customer_path: str
    test_site_url: str = ""
    full_every: timedelta = timedelta(days=7)
    delta_calls: int = 1
    has_sub_customers: bool = False
    names_account_in_callback: bool = False
    needs_https: bool = False


PROVIDERS: Mapping[ProviderKey, ProviderProfile] = MappingProxyType(
    {
        profile.key: profile
        for profile in (
            ProviderProfile(
                key=ProviderKey.QUICKBOOKS,
                label="QuickBooks Online",
                short_name="QuickBooks",
                customers_noun="customers",
                account_noun="company",
                status_page_url="https://status.quickbooks.intuit.com",
                counting_rule="Counted are active, top-level customers.",
                consent_facts=(
                    "BlueClerk reads your customers: names, e-mail addresses, phone numbers, "
                    "addresses and open balances.",
                    "QuickBooks offers no read-only permission, so its page speaks of full access "
                    "to your books. BlueClerk never changes anything in them.",
                    "You can end the permission here or in QuickBooks at any time.",
                ),
                # 10 at a time and 500 a minute per company (blogs.intuit.com, post of
                # 2016-08-08, read 2026-11-22).
                limits=CallLimits(concurrent=8, per_minute=400),
                # Intuit documents no such address; several public programs open it like this, and
                # in a sandbox company at the other site (read 2026-11-22).
                site_url="https://app.qbo.intuit.com",
                test_site_url="https://app.sandbox.qbo.intuit.com",
                customer_path="/app/customerdetail?nameId={}",
                has_sub_customers=True,
                names_account_in_callback=True,
            ),
            ProviderProfile(
                key=ProviderKey.XERO,
                label="Xero",
                short_name="Xero",
                customers_noun="contacts",
                account_noun="organisation",
                status_page_url="https://status.xero.com",
                counting_rule="Counted are active contacts that are not suppliers only.",
                consent_facts=(
                    "BlueClerk reads your contacts: names, e-mail addresses, phone numbers, "
                    "addresses and what they owe you. The permission is read-only.",
                    "If you share several organisations, you choose one of them here afterwards.",
                    "You can end the permission here or in Xero at any time.",
                ),
                # 5 at a time and 60 a minute per organisation (developer.xero.com, "API limits",
                # read 2026-11-22).
                limits=CallLimits(concurrent=4, per_minute=48),
                # XeroAPI/xero-mcp-server, deeplinks.ts, puts the organisation's short code between,
                # which we are not told; without it the organisation used last opens (public
                # programs do so; read 2026-11-22).
                site_url="https://go.xero.com",
                customer_path="/app/contacts/contact/{}",
                # Becoming a customer leaves no trace in a contact's date (developer.xero.com,
                # "requests and responses", read 2026-11-22).
                full_every=timedelta(hours=24),
            ),
            ProviderProfile(
                key=ProviderKey.FRESHBOOKS,
                label="FreshBooks",
                short_name="FreshBooks",
                customers_noun="clients",
                account_noun="business",
                status_page_url="https://status.freshbooks.com",
                counting_rule="Counted are active clients.",
                consent_facts=(
                    "BlueClerk reads your clients: names, e-mail addresses, phone numbers, "
                    "addresses and open balances. The permission is read-only.",
                    "If you belong to several businesses, you choose one of them here afterwards.",
                    "You can end the permission here or in FreshBooks at any time.",
                ),
                # FreshBooks publishes no limits; two at a time is a guess on the careful side.
                limits=CallLimits(concurrent=2),
                # Undocumented; the address its own pages have (read in public programs 2026-11-22).
                site_url="https://my.freshbooks.com",
                customer_path="/#/client/{}",
                delta_calls=2,
                # Its portal refuses http redirect addresses, even of this machine (docs of
                # InfiniteRoomLabs/freshbooks-tools, read 2026-11-22).
                needs_https=True,
            ),
        )
    }
)


class Entrance(Protocol):
    """What the module of each provider offers; see quickbooks_access."""

    @property
    def REMOTE_ACCOUNT_ID(self) -> re.Pattern[str]: ...

    def open_authorization(self, access: ProviderAccess) -> ProviderAuthorization: ...

    def open_client(
        self,
        access: ProviderAccess,
        *,
        remote_account_id: str,
        tokens: TokenSupplier,
        turn: CallTurn | None,
        on_wait: OnWait | None,
    ) -> AccountingClient: ...


def provider_profile(provider: ProviderKey) -> ProviderProfile:
    """Return what is known about a provider."""
    return PROVIDERS[provider]


def customer_page_url(provider: ProviderKey, access: ProviderAccess, remote_id: str) -> str:
    """Return where a person sees the customer in the accounting software itself."""
    profile = PROVIDERS[provider]
    is_test = access.environment != "production" and profile.test_site_url
    site_url = profile.test_site_url if is_test else profile.site_url
    path = profile.customer_path.format(quote(remote_id, safe=""))
    if access.sandbox_url is not None:
        # What stands behind "#" never reaches a server, and the sandbox has no scripts.
        path = path.replace("/#/", "/")
    return base_url(provider, access, site_url) + path


def check_remote_account_id(provider: ProviderKey, text: str) -> str:
    """Return the id if it can be one, because it becomes part of addresses.

    Raises InvalidRemoteAccount.
    """
    if not _entrance(provider).REMOTE_ACCOUNT_ID.fullmatch(text):
        raise InvalidRemoteAccount(f"This is not the id of a {PROVIDERS[provider].label} account.")
    return text


def open_authorization(provider: ProviderKey, access: ProviderAccess) -> ProviderAuthorization:
    """Make the OAuth side of a provider. No network."""
    return _entrance(provider).open_authorization(access)


def open_accounting_client(
    provider: ProviderKey,
    access: ProviderAccess,
    *,
    remote_account_id: str,
    tokens: TokenSupplier,
    turn: CallTurn | None = None,
    on_wait: OnWait | None = None,
) -> AccountingClient:
    """Make a client of one remote account. No network.

    `turn` is held round each call; `on_wait` is told, in any thread, before a wait that the
    provider asked for is slept. Raises InvalidRemoteAccount.
    """
    return _entrance(provider).open_client(
        access,
        remote_account_id=check_remote_account_id(provider, remote_account_id),
        tokens=tokens,
        turn=turn,
        on_wait=on_wait,
    )


def _entrance(provider: ProviderKey) -> Entrance:
    # Pages need only labels: an adapter and the HTTP library are imported when one is opened.
    match provider:
        case ProviderKey.QUICKBOOKS:
            from services.providers import quickbooks_access

            return quickbooks_access
        case ProviderKey.XERO:
            from services.providers import xero_access

            return xero_access
        case ProviderKey.FRESHBOOKS:
            from services.providers import freshbooks_access

            return freshbooks_access
