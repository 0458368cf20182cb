"""What every provider adapter gives and raises, in words that no provider owns.

ProviderError
├── ReconnectRequired    the permission ended, was revoked, or never covered customers
├── RateLimited          asked to wait; carries retry_after_s
├── ProviderUnavailable  no answer, or an answer that says "not now"
├── UnreadableAnswer     an answer that cannot be what we asked for
└── WrongCredentials     our own client id or secret was refused: the operator's task
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ProviderKey(StrEnum):
    """The word used in URLs, rows and settings."""

    QUICKBOOKS = "quickbooks"
    XERO = "xero"
    FRESHBOOKS = "freshbooks"


class ProviderError(Exception):
    """A call to a provider failed. `reference` is safe to show and to log; bodies never are."""

    def __init__(self, message: str, *, reference: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.reference = reference
        self.status = status


class ReconnectRequired(ProviderError):
    """Only a person can help: the admin has to give permission again."""


class RateLimited(ProviderError):
    """The provider asked us to wait."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float,
        reference: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(message, reference=reference, status=status)
        self.retry_after_s = retry_after_s


class ProviderUnavailable(ProviderError):
    """Trying again later can help."""


class UnreadableAnswer(ProviderError):
    """The answer is not what was asked for; no number may come from it."""


class WrongCredentials(ProviderError):
    """The provider refused BlueClerk's own client id or secret; no connection is at fault."""


class RemoteStatus(StrEnum):
    ACTIVE = "active"
    ARCHIVED = "archived"


class RemoteKind(StrEnum):
    """Top-level customers count by themselves; the others by the rule of the glossary."""

    CUSTOMER = "customer"
    SUB_CUSTOMER = "sub_customer"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """One customer as the provider holds it, cleaned and capped, never with its raw answer.

    `emails_text` is the provider's e-mail field as written: none, one or several addresses, or
    rubbish; services.email_addresses chooses. Empty text means "not given"; `balance_cents` is
    None where it is unknown.
    """

    remote_id: str
    name: str
    company_name: str = ""
    person_name: str = ""
    emails_text: str = ""
    phone: str = ""
    address: str = ""
    status: RemoteStatus = RemoteStatus.ACTIVE
    kind: RemoteKind = RemoteKind.CUSTOMER
    parent_remote_id: str | None = None
    balance_cents: int | None = None
    currency: str = ""
    remote_updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Some customers of one reading. Pages may arrive in any order.

    `expected_count` is the provider's own count of all rows of this reading, when known.
    """

    records: tuple[CustomerRecord, ...]
    expected_count: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteAccount:
    """A company in the accounting software (a QuickBooks realm, a Xero tenant …)."""

    remote_account_id: str
    name: str


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token endpoint gave us. Datetimes are aware UTC; secrets stay out of repr()."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime | None = None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """Where to send the browser, and the two secrets the callback must be checked against."""

    url: str
    state: str = field(repr=False)
    code_verifier: str = field(repr=False)


class AccountingClient(Protocol):
    """Reads customers of one remote account. Every method calls the network.

    All methods raise the ProviderError family only.
    """

    @property
    def call_count(self) -> int:
        """API calls made so far, OAuth not included."""

    def remote_account(self) -> RemoteAccount:
        """Read the name of the connected company. One call."""

    def customer_pages(self, *, changed_since: datetime | None = None) -> Iterator[CustomerPage]:
        """Yield every customer (active, archived, sub-customers, projects) page by page.

        With `changed_since`, only those changed at or after it. Either all pages are yielded or
        an error is raised: a generator that ends normally has read everything.
        """

    def count_customers(self) -> int:
        """Ask how many customers a whole `customer_pages` would yield. One call."""


class ProviderAuthorization(Protocol):
    """Permission at one provider: ask for it, exchange it, renew it, give it back."""

    def authorization_request(self, redirect_uri: str) -> AuthorizationRequest:
        """Build the provider's consent address with new state and PKCE. No network."""

    def exchange_code(
        self, code: str, *, redirect_uri: str, code_verifier: str, now: datetime
    ) -> TokenSet:
        """Trade the one-time code for tokens. One call."""

    def refresh(self, refresh_token: str, *, now: datetime) -> TokenSet:
        """Renew the access token. One call, never retried. Spends the refresh token."""

    def revoke(self, refresh_token: str) -> None:
        """Give the permission back. One call."""


#: Returns an access token to use now. With `refused`, the token just refused with 401: the
#: supplier renews it (or hands out a newer one). Raises the ProviderError family.
TokenSupplier = Callable[[str | None], str]
