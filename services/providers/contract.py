"""What every provider adapter gives and raises, in words that no provider owns.

ProviderError
├── ReconnectRequired       the permission ended or was revoked
│   ├── ScopeMissing        it stands, but does not cover customers
│   └── AccountGone         the remote account is not shared with us any more
├── RateLimited             asked to wait; carries retry_after_s
│   └── DailyLimitReached   the wait is until the provider's day is over
├── ProviderUnavailable     no answer, or an answer that says "not now"
│   └── ListUnsettled       the list kept changing while it was read
├── UnreadableAnswer        an answer that cannot be what we asked for
└── WrongCredentials        our own client id or secret was refused: the operator's task

One record that cannot be read is no error: it is counted on its page (CustomerPage).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from threading import Event
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


class ScopeMissing(ReconnectRequired):
    """The permission stands but does not cover reading customers."""


class AccountGone(ReconnectRequired):
    """The remote account is not shared with BlueClerk any more, or does not exist."""


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


class DailyLimitReached(RateLimited):
    """The provider answers no more questions about this account today."""


class ProviderUnavailable(ProviderError):
    """Trying again later can help."""


class ListUnsettled(ProviderUnavailable):
    """The list kept changing while it was read.

    `remote_ids` are those listed the last time: not everybody, but at least these.
    """

    def __init__(self, message: str, *, remote_ids: Collection[str]) -> None:
        super().__init__(message)
        self.remote_ids = frozenset(remote_ids)


class UnreadableAnswer(ProviderError):
    """The answer is not what was asked for; no number may come from it."""


class WrongCredentials(ProviderError):
    """The provider refused BlueClerk's own client id or secret; no connection is at fault."""


class RemoteStatus(StrEnum):
    """DELETED comes only from a delta, of a provider that tells who was removed."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DELETED = "deleted"


class RemoteKind(StrEnum):
    """Top-level customers count by themselves; the others by the rule of the glossary."""

    CUSTOMER = "customer"
    SUB_CUSTOMER = "sub_customer"
    PROJECT = "project"
    SUPPLIER = "supplier"


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """One customer as the provider holds it, cleaned and capped, never with its raw answer.

    `emails_text` is the provider's e-mail field as written: none, one or several addresses, or
    rubbish; services.email_addresses chooses. `phone` and `address` are those to use first, the
    others follow in the provider's order. Empty text means "not given"; `balance_cents` is the
    open balance, None where it is unknown. `merged_into_remote_id` names the customer that goes
    on in place of this one.
    """

    remote_id: str
    name: str
    company_name: str = ""
    person_name: str = ""
    emails_text: str = ""
    phone: str = ""
    other_phones: tuple[str, ...] = ()
    address: str = ""
    other_addresses: tuple[str, ...] = ()
    status: RemoteStatus = RemoteStatus.ACTIVE
    kind: RemoteKind = RemoteKind.CUSTOMER
    parent_remote_id: str | None = None
    merged_into_remote_id: str | None = None
    balance_cents: int | None = None
    currency: str = ""
    remote_updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Some customers of one reading. Pages may arrive in any order.

    `expected_count` is the provider's own count of all rows of this reading, when known.
    `unreadable_count` are rows that cannot be told from others: no object, or without an id.
    `as_of` is the provider's own clock when it answered; the next delta starts from there.
    `restarts` says that the list is read anew from this page on: earlier pages do not count.
    """

    records: tuple[CustomerRecord, ...]
    expected_count: int | None = None
    unreadable_count: int = 0
    as_of: datetime | None = None
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How BlueClerk lets itself ask about one remote account: four fifths of what is allowed."""

    concurrent: int
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """What the provider says is left of its limits, in calls; None where it says nothing."""

    minute_left: int | None = None
    day_left: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteAccount:
    """A company in the accounting software (a QuickBooks realm, a Xero tenant …)."""

    remote_account_id: str
    name: str


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token endpoint gave us. Datetimes are aware UTC; secrets stay out of repr().

    `refresh_expires_at` moves on with every renewal, `hard_expires_at` does not.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime | None = None
    hard_expires_at: datetime | None = None
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

    @property
    def quota_left(self) -> Quota:
        """What the last answer said about the provider's limits. No network."""

    def remote_account(self) -> RemoteAccount:
        """Read the name of the connected company. One call."""

    def customer_pages(self, *, changed_since: datetime | None = None) -> Iterator[CustomerPage]:
        """Yield every customer (active, archived, sub-customers, suppliers …) page by page.

        With `changed_since`, only those changed at or after it, deleted ones included where the
        provider tells. Either all pages are yielded or an error is raised: a generator that ends
        normally has read everything. Raises DeltaNotPossible for a `changed_since` that the
        provider cannot answer from, or that too many have changed since; read everybody then.
        """

    def count_customers(self) -> int:
        """Ask how many customers a whole `customer_pages` would yield. One call."""


class DeltaNotPossible(Exception):
    """The provider cannot tell everything that changed since that moment."""


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

    def shared_accounts(
        self, access_token: str, *, named_account_id: str
    ) -> tuple[RemoteAccount, ...]:
        """Return the remote accounts that the permission covers, by name.

        `named_account_id` is what the callback named; only QuickBooks names one. One call.
        """

    def revoke(self, refresh_token: str, *, remote_account_id: str, now: datetime) -> None:
        """Give the permission for one remote account back; other accounts of the same person,
        shared with another company, stay connected. One call, or more where that needs them.
        """


#: Returns an access token to use now. With `refused`, the token just refused with 401: the
#: supplier renews it (or hands out a newer one). Raises the ProviderError family.
TokenSupplier = Callable[[str | None], str]

#: Held round each API call, so that all processes together keep to the limits of one remote
#: account. Entering waits for a turn, but not after the event is set.
CallTurn = Callable[[Event], AbstractContextManager[None]]

#: Told the seconds before a wait that the provider asked for; may be called in any thread.
OnWait = Callable[[float], None]

#: Told after each call its status, None where no answer came, and the seconds from the connection
#: to the end of the body; called in the thread that made it.
OnCall = Callable[[int | None, float], None]
