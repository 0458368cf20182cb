"""Read customers from QuickBooks Online with as few calls as its API allows.

Every call is a metered "CorePlus" read (blogs.intuit.com, post of 2025-08-11), and an account may
make 500 calls a minute and 10 at a time per company (post of 2016-08-08; both read 2026-11-22).
Statements and limits: developer.intuit.com, "data queries", and the README of
routablehq/python-quickbooks (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event

from services.providers.access_tokens import AccessTokens
from services.providers.cleaning import clean_text
from services.providers.contract import (
    CustomerPage,
    CustomerRecord,
    DeltaNotPossible,
    ListUnsettled,
    Quota,
    RemoteAccount,
    TokenSupplier,
    UnreadableAnswer,
)
from services.providers.page_reading import read_pages
from services.providers.quickbooks_answers import (
    Counted,
    Rows,
    changed,
    listed,
    read_answer,
    total_count,
)
from services.providers.quickbooks_records import changed_record, customer_record
from services.providers.transport import Reply, Transport

#: Older ones are not served since 2025-08-01 (README of python-quickbooks, read 2026-11-22).
MINOR_VERSION = "75"
PAGE_SIZE = 1_000
#: Four fifths of what QuickBooks lets one app do in one company at a time.
CONCURRENT_CALLS = 8
PASSES_MAX = 3
#: The change feed reaches back 30 days and tells 1,000 objects, without a second page
#: (developer.intuit.com, "change data capture", read 2026-11-22). A day is left for the clocks.
CHANGES_MAX_AGE = timedelta(days=29)
CHANGES_MAX = 1_000

# Inactive customers are left out unless asked for by name. Without an order, pages overlap.
_COUNT = "SELECT COUNT(*) FROM Customer WHERE Active IN (true, false)"
_LIST = "SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id"


class QuickBooksClient:
    """The AccountingClient of contract.py for one QuickBooks company.

    Use it from one thread at a time; the token supplier is called in that thread only.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        api_url: str,
        realm_id: str,
        tokens: TokenSupplier,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transport = transport
        self._now = now
        self._realm_id = realm_id
        self._company_url = f"{api_url}/v3/company/{realm_id}"
        self._tokens = AccessTokens(tokens)

    @property
    def call_count(self) -> int:
        """API calls made so far, further tries included."""
        return self._transport.call_count

    @property
    def quota_left(self) -> Quota:
        """Nothing: QuickBooks does not say what is left of its limits."""
        return self._transport.quota_left

    def remote_account(self) -> RemoteAccount:
        """Read the name of the connected company. One call."""
        return self._tokens.spend(self._read_company)

    def customer_pages(self, *, changed_since: datetime | None = None) -> Iterator[CustomerPage]:
        """Yield every customer, or those changed at or after a moment.

        All of them: one call for the count and one per 1,000 customers (at least one), fetched by
        up to eight threads, in the order of arrival. If the ids read are not as many as counted,
        because customers came or went meanwhile, the list is counted and read again, in three
        passes at most. Pages cannot be taken back, so a later pass yields its customers anew and
        the newer record of an id replaces the older one. That leaves one case in which the pages
        yielded would not add up to the list: a customer yielded in an earlier pass and missing
        in the one that adds up. Then, as after three passes without agreement, the reading ends
        with ListUnsettled, which names the ids of the last pass.

        Changed ones: one call of the change feed, deleted ones included. Raises DeltaNotPossible
        without a call for a moment too long ago, and after it for too many changes.
        """
        if changed_since is None:
            return self._everybody()
        if changed_since.tzinfo is None:
            raise ValueError("changed_since must say its zone")
        return self._changed(changed_since.astimezone(UTC).replace(microsecond=0))

    def count_customers(self) -> int:
        """Ask how many customers there are, of every kind, active and inactive. One call."""
        return self._tokens.spend(self._count).number

    def _everybody(self) -> Iterator[CustomerPage]:
        earlier_ids: set[str] = set()
        told_unreadable = 0
        for _ in range(PASSES_MAX):
            counted = self._tokens.spend(self._count)
            ids: set[str] = set()
            unreadable = 0
            for page in self._pages(counted.number):
                unreadable += page.unreadable_count
                yield CustomerPage(
                    tuple(_not_seen(page.records, ids)),
                    expected_count=counted.number,
                    # What an earlier pass told is not told again: nobody can tell them apart.
                    unreadable_count=max(unreadable - told_unreadable, 0),
                    # A customer may change after its page was read, but not before the count.
                    as_of=counted.as_of,
                )
                told_unreadable = max(told_unreadable, unreadable)
            if len(ids) + unreadable == counted.number:
                if earlier_ids <= ids:
                    return
                break
            earlier_ids |= ids
        raise ListUnsettled(
            "The list of customers kept changing while it was read.", remote_ids=ids
        )

    def _pages(self, count: int) -> Iterator[CustomerPage]:
        # The first page is read even of an empty list: only rows that are not there prove it.
        return read_pages(
            range(1, max(count, 1) + 1, PAGE_SIZE),
            self._list_page,
            tokens=self._tokens,
            concurrent_calls=CONCURRENT_CALLS,
        )

    def _changed(self, since: datetime) -> Iterator[CustomerPage]:
        if since < self._now() - CHANGES_MAX_AGE:
            raise DeltaNotPossible("QuickBooks tells the changes of the last days only.")
        found = self._tokens.spend(partial(self._changes, since))
        if len(found.rows) >= CHANGES_MAX:
            raise DeltaNotPossible("More has changed than QuickBooks tells at once.")
        page = _page(found, changed_record)
        yield replace(page, records=tuple(_not_seen(page.records, set())))

    def _read_company(self, token: str) -> RemoteAccount:
        reply = self._get(f"companyinfo/{self._realm_id}", {}, token=token)
        company = read_answer(reply, token=token).get("CompanyInfo")
        if not isinstance(company, dict):
            raise reply.unreadable("The answer names no company.")
        name = clean_text(company.get("CompanyName")) or clean_text(company.get("LegalName"))
        return RemoteAccount(self._realm_id, name or f"Company {self._realm_id}")

    def _count(self, token: str) -> Counted:
        return total_count(self._query(_COUNT, token=token), token=token)

    def _list_page(self, position: int, token: str, *, stop: Event) -> CustomerPage:
        statement = f"{_LIST} STARTPOSITION {position} MAXRESULTS {PAGE_SIZE}"
        found = listed(self._query(statement, token=token, stop=stop), token=token)
        return _page(found, customer_record)

    def _changes(self, since: datetime, token: str) -> Rows:
        # QuickBooks writes Pacific time, whose offset moves with the season; it reads any.
        params = {"entities": "Customer", "changedSince": since.isoformat(timespec="seconds")}
        return changed(self._get("cdc", params, token=token), token=token)

    def _query(self, statement: str, *, token: str, stop: Event | None = None) -> Reply:
        return self._get("query", {"query": statement}, token=token, stop=stop)

    def _get(
        self, path: str, params: dict[str, str], *, token: str, stop: Event | None = None
    ) -> Reply:
        return self._transport.get(
            f"{self._company_url}/{path}",
            params=params | {"minorversion": MINOR_VERSION},
            # Without Accept the answer may be XML.
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            stop=stop,
        )


def _page(found: Rows, read: Callable[[object], CustomerRecord]) -> CustomerPage:
    """Read the rows of an answer; what is no object or has no id is counted only."""
    records = []
    for row in found.rows:
        try:
            records.append(read(row))
        except UnreadableAnswer:
            continue
    unreadable_count = len(found.rows) - len(records)
    return CustomerPage(tuple(records), unreadable_count=unreadable_count, as_of=found.as_of)


def _not_seen(records: Iterable[CustomerRecord], seen_ids: set[str]) -> Iterator[CustomerRecord]:
    for record in records:
        if record.remote_id not in seen_ids:
            seen_ids.add(record.remote_id)
            yield record
