"""Read clients from FreshBooks, a hundred to a call.

Paging, filters and the states of a client: freshbooks.com/api, "parameters" and "active_deleted";
freshbooks-sdk 1.3.0 (all read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from threading import Event

from services.providers.access_tokens import AccessTokens, bearer_headers
from services.providers.contract import (
    AccountGone,
    CustomerPage,
    CustomerRecord,
    DeltaNotPossible,
    ListUnsettled,
    RemoteAccount,
    RemoteStatus,
    TokenSupplier,
)
from services.providers.freshbooks_answers import ClientsPage, read_accounts, read_clients
from services.providers.freshbooks_records import BALANCE, EASTERN, latest_reading
from services.providers.list_client import ListClient
from services.providers.page_reading import read_pages
from services.providers.replies import Reply
from services.providers.settled_list import ListPage, ListPass, read_until_settled
from services.providers.transport import Transport

#: More are silently not sent, fewer are sent unless asked for (freshbooks.com/api, "parameters",
#: and docs/authentication.md of InfiniteRoomLabs/freshbooks-tools, read 2026-11-22).
PAGE_SIZE = 100
#: FreshBooks publishes no limits; two at a time is a guess on the careful side.
CONCURRENT_CALLS = 2
#: Ten calls; with more changes everybody is read, which is ordered and counted.
CHANGES_MAX = 1_000

# Without an order no page is promised to begin where the one before ended.
_ORDER = {"sort": "id_asc", "per_page": str(PAGE_SIZE)}
_WITH_BALANCE = {"include[]": BALANCE}
#: One state per question, and deleted clients are in no list but this one.
_DELETED = {"search[vis_state]": "1"}

Question = Mapping[str, str]


class FreshBooksClient(ListClient):
    """The AccountingClient of contract.py for one FreshBooks account."""

    def __init__(
        self, transport: Transport, *, api_url: str, account_id: str, tokens: TokenSupplier
    ) -> None:
        super().__init__(transport, tokens=tokens)
        self._account_id = account_id
        self._api_url = api_url
        self._clients_url = f"{api_url}/accounting/account/{account_id}/users/clients"

    def remote_account(self) -> RemoteAccount:
        """Read the name of the connected business. One call.

        Raises AccountGone if the person who gave the permission does not belong to it any more.
        """
        accounts = read_businesses(self._transport, self._tokens, api_url=self._api_url)
        for account in accounts:
            if account.remote_account_id == self._account_id:
                return account
        raise AccountGone("The business is not shared with BlueClerk any more.")

    def count_customers(self) -> int:
        """Ask how many clients there are, active and archived. One call."""
        return self._tokens.spend(partial(self._read_page, {"per_page": "1"}, 1)).item_count

    def _everybody(self) -> Iterator[CustomerPage]:
        """Yield active and archived ones pass by pass, in the order of arrival.

        A pass is one call per 100 (at least one), two at a time. Where it was more than one, one
        more asks who was deleted meanwhile: everybody behind moves up one place then and can be
        missed, while somebody created makes the count come out even.
        """
        told: list[ClientsPage] = []
        is_sure = partial(self._is_nobody_deleted, told)
        for page in self._settled(self._first({}), {}, is_sure=is_sure):
            records = tuple(map(_as_listed, page.records))
            yield replace(page, records=records)

    def _changed(self, since: datetime) -> Iterator[CustomerPage]:
        """Yield them from two lists, each read like the whole one.

        Two calls where nobody changed, because deleted clients need a question of their own;
        theirs is the last word. Raises DeltaNotPossible for more than 1,000 changes, and where a
        list does not settle.
        """
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
        if first.item_count > CHANGES_MAX:
            raise DeltaNotPossible("Too many clients changed since that moment.")
        try:
            yield from self._settled(first, question)
        except ListUnsettled as error:
            raise DeltaNotPossible("The changes kept changing while they were read.") from error

    def _settled(
        self,
        first: ClientsPage,
        question: Question,
        *,
        is_sure: Callable[[ListPass, datetime | None], bool] = lambda _pass, _began_at: True,
    ) -> Iterator[CustomerPage]:
        """Yield a list from its first page on; all pages tell the clock of that answer."""
        known, began_at = [first], first.as_of

        def one_pass(_so_far: ListPass) -> Iterator[ListPage]:
            nonlocal began_at
            begins_with = known.pop() if known else self._first(question)
            began_at = begins_with.as_of
            return self._one_pass(begins_with, question)

        pages = read_until_settled(one_pass, is_sure=lambda done: is_sure(done, began_at))
        for page in pages:
            yield replace(page, as_of=first.as_of)

    def _is_nobody_deleted(
        self, told: list[ClientsPage], done: ListPass, began_at: datetime | None
    ) -> bool:
        """Ask whether anybody was deleted while more than one page was read. One call.

        `told` keeps the answer: times are told in seconds, so a deletion in the second in which
        the pass began is doubted once, and is known the next time.
        """
        if done.pages_taken < 2 or began_at is None:
            return True
        updated_min = {"search[updated_min]": _day_before(began_at).isoformat()}
        latest = {**updated_min, **_DELETED, "sort": "updated_desc", "per_page": "1"}
        page = self._tokens.spend(partial(self._read_page, latest, 1))
        is_known = bool(told) and _same_deleted(told[-1], page)
        told.append(page)
        return is_known or not any(_may_be_changed(record, began_at) for record in page.records)

    def _one_pass(self, first: ClientsPage, question: Question) -> Iterator[ListPage]:
        yield first
        if first.page_count > 1:
            yield from read_pages(
                range(2, first.page_count + 1),
                partial(self._fetch_page, {**question, **_ORDER, **_WITH_BALANCE}),
                self._clients,
                tokens=self._tokens,
                concurrent_calls=CONCURRENT_CALLS,
            )

    def _first(self, question: Question) -> ClientsPage:
        whole = {**question, **_ORDER, **_WITH_BALANCE}
        return self._tokens.spend(partial(self._read_page, whole, 1))

    def _read_page(self, question: Question, page: int, token: str) -> ClientsPage:
        return self._clients(self._fetch_page(question, page, token), token=token)

    def _clients(self, reply: Reply, *, token: str) -> ClientsPage:
        return read_clients(reply, account_id=self._account_id, token=token)

    def _fetch_page(
        self, question: Question, page: int, token: str, *, stop: Event | None = None
    ) -> Reply:
        params = {**question, "page": str(page)}
        return self._transport.get(
            self._clients_url, params=params, headers=bearer_headers(token), stop=stop
        )


def read_businesses(
    transport: Transport, tokens: AccessTokens, *, api_url: str
) -> tuple[RemoteAccount, ...]:
    """Return the businesses of the person who gave the permission, by name. One call."""

    def read(token: str) -> tuple[RemoteAccount, ...]:
        reply = transport.get(f"{api_url}/auth/api/v1/users/me", headers=bearer_headers(token))
        return read_accounts(reply, token=token)

    return tokens.spend(read)


def _same_deleted(earlier: ClientsPage, later: ClientsPage) -> bool:
    return (earlier.records, earlier.item_count) == (later.records, later.item_count)


def _day_before(since: datetime) -> date:
    """Return the Eastern day before a moment: the filter takes whole days of a naive column.

    (freshbooks.com/api, "parameters"; freshbooks-sdk 1.3.0; read 2026-11-22.)
    """
    return since.astimezone(EASTERN).date() - timedelta(days=1)


def _changed_of(page: CustomerPage, since: datetime) -> CustomerPage:
    """Leave out whoever was surely not changed since; how many rows there were means nothing.

    A later pass adds to the changes told before: those of the other list stand among them.
    """
    records = tuple(record for record in page.records if _may_be_changed(record, since))
    return replace(page, records=records, expected_count=None, restarts=False)


def _may_be_changed(record: CustomerRecord, since: datetime) -> bool:
    moment = record.remote_updated_at
    return moment is None or latest_reading(moment) >= since


def _as_listed(record: CustomerRecord) -> CustomerRecord:
    """Take a client that is listed although deleted for an archived one: neither is counted."""
    if record.status is RemoteStatus.DELETED:
        return replace(record, status=RemoteStatus.ARCHIVED)
    return record
