"""Read customers from QuickBooks Online with as few calls as its API allows.

Every call is a metered "CorePlus" read (blogs.intuit.com, post of 2025-08-11), and an account may
make 500 calls a minute and 10 at a time per company (post of 2016-08-08; both read 2026-11-22).
Statements and limits: developer.intuit.com, "data queries", and the README of
routablehq/python-quickbooks (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event

from services.providers.access_tokens import bearer_headers
from services.providers.cleaning import clean_text
from services.providers.contract import (
    CustomerPage,
    CustomerRecord,
    DeltaNotPossible,
    RemoteAccount,
    TokenSupplier,
    UnreadableAnswer,
)
from services.providers.list_client import ListClient
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
from services.providers.settled_list import ListPage, ListPass, read_until_settled
from services.providers.transport import Reply, Transport

#: Older ones are not served since 2025-08-01 (README of python-quickbooks, read 2026-11-22).
MINOR_VERSION = "75"
PAGE_SIZE = 1_000
#: Four fifths of what QuickBooks lets one app do in one company at a time.
CONCURRENT_CALLS = 8
#: The change feed reaches back 30 days and tells 1,000 objects, without a second page
#: (developer.intuit.com, "change data capture", read 2026-11-22). A day is left for the clocks.
CHANGES_MAX_AGE = timedelta(days=29)
CHANGES_MAX = 1_000

# Inactive customers are left out unless asked for by name. Without an order, pages overlap.
_COUNT = "SELECT COUNT(*) FROM Customer WHERE Active IN (true, false)"
_LIST = "SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id"


class QuickBooksClient(ListClient):
    """The AccountingClient of contract.py for one QuickBooks company."""

    def __init__(
        self,
        transport: Transport,
        *,
        api_url: str,
        realm_id: str,
        tokens: TokenSupplier,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(transport, tokens=tokens)
        self._now = now
        self._realm_id = realm_id
        self._company_url = f"{api_url}/v3/company/{realm_id}"

    def remote_account(self) -> RemoteAccount:
        """Read the name of the connected company. One call."""
        return self._tokens.spend(self._read_company)

    def count_customers(self) -> int:
        """Ask how many customers there are, of every kind, active and inactive. One call."""
        return self._tokens.spend(self._count).number

    def _everybody(self) -> Iterator[CustomerPage]:
        """Yield them pass by pass, in the order of arrival.

        A pass is one call for the count and one per 1,000 customers (at least one), fetched by up
        to eight threads.
        """
        return read_until_settled(self._one_pass)

    def _one_pass(self, _so_far: ListPass) -> Iterator[ListPage]:
        counted = self._tokens.spend(self._count)
        # The first page is read even of an empty list: only rows that are not there prove it.
        for page in read_pages(
            range(1, max(counted.number, 1) + 1, PAGE_SIZE),
            self._fetch_page,
            _read_page,
            tokens=self._tokens,
            concurrent_calls=CONCURRENT_CALLS,
        ):
            # A customer may change after its page was read, but not before the count.
            yield replace(page, item_count=counted.number, as_of=counted.as_of)

    def _changed(self, since: datetime) -> Iterator[CustomerPage]:
        """Yield them in one call of the change feed, deleted ones included.

        Raises DeltaNotPossible without a call for a moment too long ago, and after it for too
        many changes.
        """
        if since < self._now() - CHANGES_MAX_AGE:
            raise DeltaNotPossible("QuickBooks tells the changes of the last days only.")
        found = self._tokens.spend(partial(self._changes, since))
        if len(found.rows) >= CHANGES_MAX:
            raise DeltaNotPossible("More has changed than QuickBooks tells at once.")
        yield ListPass().take(_page(found, changed_record))

    def _read_company(self, token: str) -> RemoteAccount:
        reply = self._get(f"companyinfo/{self._realm_id}", {}, token=token)
        company = read_answer(reply, token=token).get("CompanyInfo")
        if not isinstance(company, dict):
            raise reply.unreadable("The answer names no company.")
        name = clean_text(company.get("CompanyName")) or clean_text(company.get("LegalName"))
        return RemoteAccount(self._realm_id, name or f"Company {self._realm_id}")

    def _count(self, token: str) -> Counted:
        return total_count(self._query(_COUNT, token=token), token=token)

    def _fetch_page(self, position: int, token: str, *, stop: Event) -> Reply:
        statement = f"{_LIST} STARTPOSITION {position} MAXRESULTS {PAGE_SIZE}"
        return self._query(statement, token=token, stop=stop)

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
            headers=bearer_headers(token),
            stop=stop,
        )


def _read_page(reply: Reply, *, token: str) -> ListPage:
    return _page(listed(reply, token=token), customer_record)


def _page(found: Rows, read: Callable[[object], CustomerRecord]) -> ListPage:
    """Read the rows of an answer; what is no object or has no id is counted only."""
    records = []
    for row in found.rows:
        try:
            records.append(read(row))
        except UnreadableAnswer:
            continue
    unreadable_count = len(found.rows) - len(records)
    return ListPage(tuple(records), unreadable_count, as_of=found.as_of)
