"""Stand-ins that pass the same contract tests as the real thing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from urllib.parse import urlencode

from services.mail import (
    MailError,
    ServerAnswer,
    UncertainOutcome,
    check_envelope,
    nothing,
    wire_bytes,
)
from services.providers.contract import (
    AuthorizationRequest,
    CustomerPage,
    CustomerRecord,
    DeltaNotPossible,
    ProviderError,
    Quota,
    ReconnectRequired,
    RemoteAccount,
    TokenSet,
)


class FakeAccountingClient:
    """An AccountingClient over a list; `error` is raised after `fail_after` pages.

    `meanwhile` runs while a call is on its way. `as_of` is the provider's clock and `unreadable`
    the rows without an id, told with the last page; `oldest_delta` is how far changes reach back.
    """

    def __init__(
        self,
        records: Sequence[CustomerRecord] = (),
        *,
        page_size: int = 1000,
        error: ProviderError | None = None,
        fail_after: int = 0,
        name: str = "Harbor Heating & Air LLC",
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self.meanwhile = meanwhile
        self.records = list(records)
        self.page_size = page_size
        self.error = error
        self.fail_after = fail_after
        self.name = name
        self.asked_since: list[datetime | None] = []
        self.quota_left = Quota()
        self.as_of: datetime | None = None
        self.unreadable = 0
        self.oldest_delta: datetime | None = None
        self._calls = 0

    @property
    def call_count(self) -> int:
        return self._calls

    def remote_account(self) -> RemoteAccount:
        self.meanwhile()
        if self.error is not None:
            raise self.error
        self._calls += 1
        return RemoteAccount("9341450000000001", self.name)

    def count_customers(self) -> int:
        self._calls += 1
        return len({record.remote_id for record in self.records})

    def customer_pages(self, *, changed_since: datetime | None = None) -> Iterator[CustomerPage]:
        self.asked_since.append(changed_since)
        if changed_since and self.oldest_delta and changed_since < self.oldest_delta:
            raise DeltaNotPossible
        records = [record for record in self.records if _changed(record, changed_since)]
        starts = range(0, max(len(records), 1), self.page_size)
        for number, start in enumerate(starts):
            self.meanwhile()
            if self.error is not None and number >= self.fail_after:
                raise self.error
            self._calls += 1
            is_last = number == len(starts) - 1
            yield CustomerPage(
                tuple(records[start : start + self.page_size]),
                expected_count=len(records) + self.unreadable,
                unreadable_count=self.unreadable if is_last else 0,
                as_of=self.as_of,
            )


def _changed(record: CustomerRecord, since: datetime | None) -> bool:
    if since is None:
        return True
    return record.remote_updated_at is not None and record.remote_updated_at >= since


class FakeAuthorization:
    """A ProviderAuthorization whose refresh tokens work once, as the strictest provider's do.

    `accepted` are the refresh tokens that still work; `error` is raised instead of any answer.
    `meanwhile` runs while the call is on its way. `accounts` are the remote accounts shared;
    without them, it is the one that the callback named.
    """

    def __init__(self, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.meanwhile = meanwhile
        self.accounts: tuple[RemoteAccount, ...] | None = None
        self.name = "Harbor Heating & Air LLC"
        self.accepted = {"refresh-0"}
        self.error: ProviderError | None = None
        self.lifetime = timedelta(hours=1)
        self.refreshed: list[str] = []
        self.exchanged: list[tuple[str, str, str]] = []
        self.revoked: list[str] = []
        self.revoked_accounts: list[str] = []
        self._issued = 0

    def authorization_request(self, redirect_uri: str) -> AuthorizationRequest:
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        query = urlencode({"redirect_uri": redirect_uri, "state": state})
        return AuthorizationRequest(f"https://provider.example/consent?{query}", state, verifier)

    def exchange_code(
        self, code: str, *, redirect_uri: str, code_verifier: str, now: datetime
    ) -> TokenSet:
        self._call()
        self.exchanged.append((code, redirect_uri, code_verifier))
        return self.issue(now)

    def refresh(self, refresh_token: str, *, now: datetime) -> TokenSet:
        self.refreshed.append(refresh_token)
        self._call()
        if refresh_token not in self.accepted:
            raise ReconnectRequired("invalid_grant", status=400)
        self.accepted.discard(refresh_token)
        return self.issue(now)

    def shared_accounts(
        self, access_token: str, *, named_account_id: str
    ) -> tuple[RemoteAccount, ...]:
        self._call()
        if self.accounts is not None:
            return self.accounts
        return (RemoteAccount(named_account_id, self.name),)

    def revoke(self, refresh_token: str, *, remote_account_id: str, now: datetime) -> None:
        self._call()
        self.revoked.append(refresh_token)
        self.revoked_accounts.append(remote_account_id)

    def issue(self, now: datetime) -> TokenSet:
        """Make the next pair of tokens, access-1 and refresh-1 at first."""
        self._issued += 1
        self.accepted.add(f"refresh-{self._issued}")
        return TokenSet(
            access_token=f"access-{self._issued}",
            refresh_token=f"refresh-{self._issued}",
            access_expires_at=now + self.lifetime,
        )

    def _call(self) -> None:
        self.meanwhile()
        if self.error is not None:
            raise self.error


class Outbox:
    """A Mailer that keeps the messages as they would go over the line.

    `errors` are what recipients bring, before the final dot; `late_errors` come after it, and an
    UncertainOutcome there means that the message arrived all the same. `meanwhile` runs while a
    message is on its way.
    """

    def __init__(self, *, meanwhile: Callable[[], None] = nothing) -> None:
        self.meanwhile = meanwhile
        self.errors: dict[str, Exception] = {}
        self.late_errors: dict[str, MailError] = {}
        self.received: list[bytes] = []
        self.recipients: list[str] = []

    def send(
        self, message: EmailMessage, *, before_final_dot: Callable[[], None] = nothing
    ) -> ServerAnswer:
        _, recipient = check_envelope(message)
        lines = wire_bytes(message)
        self.meanwhile()
        if recipient in self.errors:
            raise self.errors[recipient]
        before_final_dot()
        late = self.late_errors.get(recipient)
        if late is None or isinstance(late, UncertainOutcome):
            self.received.append(lines)
            self.recipients.append(recipient)
        if late is not None:
            raise late
        return ServerAnswer(250, "kept")
