"""Read clients from FreshBooks, a hundred to a call.

Paging, filters and the states of a client: freshbooks.com/api, "parameters" and "active_deleted";
freshbooks-sdk 1.3.0 (all read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import Event

from services.providers.access_tokens import AccessTokens
from services.providers.contract import (
    AccountGone,
    CustomerPage,
    CustomerRecord,
    DeltaNotPossible,
    ListUnsettled,
    Quota,
    RemoteAccount,
    RemoteStatus,
    TokenSupplier,
)
from services.providers.freshbooks_answers import ClientsPage, read_accounts, read_clients
from services.providers.freshbooks_records import BALANCE, EASTERN, latest_reading
from services.providers.page_reading import read_pages
from services.providers.transport import Transport

#: More are silently not sent, fewer are sent unless asked for (freshbooks.com/api, "parameters",
#: and docs/authentication.md of InfiniteRoomLabs/freshbooks-tools, read 2026-11-22).
PAGE_SIZE = 100
#: FreshBooks publishes no limits; two at a time is a guess on the careful side.
CONCURRENT_CALLS = 2
PASSES_MAX = 3
#: Ten calls; with more changes everybody is read, which is ordered and counted.
CHANGES_MAX = 1_000

# Without an order no page is promised to begin where the one before ended.
_ORDER = {"sort": "id_asc", "per_page": str(PAGE_SIZE)}
_WITH_BALANCE = {"include[]": BALANCE}
#: One state per question, and deleted clients are in no list but this one.
_DELETED = {"search[vis_state]": "1"}

Question = Mapping[str, str]


class FreshBooksClient:
    """The AccountingClient of contract.py for one FreshBooks account.

    Use it from one thread at a time; the token supplier is called in that thread only.
    """

    def __init__(
        self, transport: Transport, *, api_url: str, account_id: str, tokens: TokenSupplier
    ) -> None:
        self._transport = transport
        self._account_id = account_id
        self._api_url = api_url
        self._clients_url = f"{api_url}/accounting/account/{account_id}/users/clients"
        self._tokens = AccessTokens(tokens)

    @property
    def call_count(self) -> int:
        """API calls made so far, further tries included."""
        return self._transport.call_count

    @property
    def quota_left(self) -> Quota:
        """FreshBooks says nothing about its limits."""
        return Quota()

    def remote_account(self) -> RemoteAccount:
        """Read the name of the connected business. One call.

        Raises AccountGone if the person who gave the permission does not belong to it any more.
        """
        accounts = read_businesses(self._transport, self._tokens, api_url=self._api_url)
        for account in accounts:
            if account.remote_account_id == self._account_id:
                return account
        raise AccountGone("The business is not shared with BlueClerk any more.")

    def customer_pages(self, *, changed_since: datetime | None = None) -> Iterator[CustomerPage]:
        """Yield every client, active and archived, or those changed at or after a moment.

        All of them: one call per 100 (at least one), two at a time, in the order of arrival. If
        the clients read are not as many as FreshBooks counted, because some came or went
        meanwhile, the list is read again, in three passes at most; a later pass yields its
        clients anew and the newer record of an id replaces the older one. ListUnsettled then
        says that nothing of the reading may be used, as it does where a client of an earlier
        pass is missing in the one that adds up. Rows without an id are told with a last page,
        once.

        Changed ones: two calls where there are none, because deleted clients need a question of
        their own; theirs is the last word. Both lists are read like the whole one. Raises
        DeltaNotPossible for more than 1,000 changes, and where a list does not settle.
        """
        if changed_since is None:
            return self._everybody()
        if changed_since.tzinfo is None:
            raise ValueError("changed_since must say its zone")
        return self._changed(changed_since.astimezone(UTC).replace(microsecond=0))

    def count_customers(self) -> int:
        """Ask how many clients there are, active and archived. One call."""
        page = self._tokens.spend(partial(self._read_page, {"per_page": "1"}, 1))
        return page.total

    def _everybody(self) -> Iterator[CustomerPage]:
        for page in self._settled(self._first({}), {}):
            records = tuple(map(_as_listed, page.records))
            yield replace(page, records=records)

    def _changed(self, since: datetime) -> Iterator[CustomerPage]:
        question = {"search[updated_min]": _day_before(since).isoformat()}
        as_of = None
        for page in self._changes(question):
            as_of = page.as_of
            yield _changed_of(page, since)
        for page in self._changes({**question, **_DELETED}):
            # A deleted client nobody can name has no place among those not readable.
            yield replace(_changed_of(page, since), unreadable_count=0, as_of=as_of)

    def _changes(self, question: Question) -> Iterator[CustomerPage]:
        first = self._first(question)
        if first.total > CHANGES_MAX:
            raise DeltaNotPossible("Too many clients changed since that moment.")
        try:
            yield from self._settled(first, question)
        except ListUnsettled as error:
            raise DeltaNotPossible("The changes kept changing while they were read.") from error

    def _settled(self, first: ClientsPage, question: Question) -> Iterator[CustomerPage]:
        """Yield a list pass by pass until one adds up."""
        as_of, earlier_ids = first.as_of, set[str]()
        for number in range(PASSES_MAX):
            if number:
                first = self._first(question)
            ids, totals, unreadable_count = set[str](), set[int](), 0
            for page in self._one_pass(first, question):
                fresh = tuple(_not_seen(page.records, ids))
                totals.add(page.total)
                unreadable_count += page.unreadable_count
                yield CustomerPage(fresh, expected_count=first.total, as_of=as_of)
            if totals == {len(ids) + unreadable_count}:
                if not earlier_ids <= ids:
                    break
                if unreadable_count:
                    yield CustomerPage((), first.total, unreadable_count, as_of)
                return
            earlier_ids |= ids
        raise ListUnsettled("The list of clients kept changing while it was read.", remote_ids=ids)

    def _one_pass(self, first: ClientsPage, question: Question) -> Iterator[ClientsPage]:
        yield first
        if first.pages > 1:
            yield from read_pages(
                range(2, first.pages + 1),
                partial(self._read_page, {**question, **_ORDER, **_WITH_BALANCE}),
                tokens=self._tokens,
                concurrent_calls=CONCURRENT_CALLS,
            )

    def _first(self, question: Question) -> ClientsPage:
        whole = {**question, **_ORDER, **_WITH_BALANCE}
        return self._tokens.spend(partial(self._read_page, whole, 1))

    def _read_page(
        self, question: Question, page: int, token: str, *, stop: Event | None = None
    ) -> ClientsPage:
        params = {**question, "page": str(page)}
        reply = self._transport.get(
            self._clients_url, params=params, headers=_headers(token), stop=stop
        )
        return read_clients(reply, account_id=self._account_id, token=token)


def read_businesses(
    transport: Transport, tokens: AccessTokens, *, api_url: str
) -> tuple[RemoteAccount, ...]:
    """Return the businesses of the person who gave the permission, by name. One call."""

    def read(token: str) -> tuple[RemoteAccount, ...]:
        reply = transport.get(f"{api_url}/auth/api/v1/users/me", headers=_headers(token))
        return read_accounts(reply, token=token)

    return tokens.spend(read)


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def _day_before(since: datetime) -> date:
    """Return the Eastern day before a moment: the filter takes whole days of a naive column.

    (freshbooks.com/api, "parameters"; freshbooks-sdk 1.3.0; read 2026-11-22.)
    """
    return since.astimezone(EASTERN).date() - timedelta(days=1)


def _changed_of(page: CustomerPage, since: datetime) -> CustomerPage:
    """Leave out whoever was surely not changed since; how many rows there were means nothing."""
    records = tuple(record for record in page.records if _may_be_changed(record, since))
    return replace(page, records=records, expected_count=None)


def _may_be_changed(record: CustomerRecord, since: datetime) -> bool:
    moment = record.remote_updated_at
    return moment is None or latest_reading(moment) >= since


def _as_listed(record: CustomerRecord) -> CustomerRecord:
    """Take a client that is listed although deleted for an archived one: neither is counted."""
    if record.status is RemoteStatus.DELETED:
        return replace(record, status=RemoteStatus.ARCHIVED)
    return record


def _not_seen(records: tuple[CustomerRecord, ...], seen_ids: set[str]) -> Iterator[CustomerRecord]:
    for record in records:
        if record.remote_id not in seen_ids:
            seen_ids.add(record.remote_id)
            yield record
