"""Read customers from QuickBooks Online with as few calls as its API allows.

Every call is a metered "CorePlus" read (blogs.intuit.com, post of 2025-08-11), and an account may
make 500 calls a minute and 10 at a time per company (post of 2016-08-08; both read 2026-11-22).
Statements and limits: developer.intuit.com, "data queries", and the README of
routablehq/python-quickbooks (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Event

from services.providers.access_tokens import AccessTokens
from services.providers.cleaning import clean_text
from services.providers.contract import (
    CustomerPage,
    CustomerRecord,
    ProviderUnavailable,
    Quota,
    RemoteAccount,
    TokenSupplier,
    UnreadableAnswer,
)
from services.providers.page_reading import read_pages
from services.providers.quickbooks_answers import customers, read_answer, total_count
from services.providers.quickbooks_records import customer_record
from services.providers.transport import Reply, Transport

#: Older ones are not served since 2025-08-01 (README of python-quickbooks, read 2026-11-22).
MINOR_VERSION = "75"
PAGE_SIZE = 1_000
#: Four fifths of what QuickBooks lets one app do in one company at a time.
CONCURRENT_CALLS = 8
PASSES_MAX = 3

# Inactive customers are left out unless asked for by name. Without an order, pages overlap.
_COUNT = "SELECT COUNT(*) FROM Customer WHERE Active IN (true, false)"
_LIST = "SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id"
_CHANGED = (
    "SELECT * FROM Customer WHERE MetaData.LastUpdatedTime >= '{since}' "
    "AND Active IN (true, false) ORDERBY MetaData.LastUpdatedTime ASC"
)


class QuickBooksClient:
    """The AccountingClient of contract.py for one QuickBooks company.

    Use it from one thread at a time; the token supplier is called in that thread only.
    """

    def __init__(
        self, transport: Transport, *, api_url: str, realm_id: str, tokens: TokenSupplier
    ) -> None:
        self._transport = transport
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
        with ProviderUnavailable, and nothing of it may be used.

        Changed ones: one call per 1,000, one after the other, oldest change first; a customer
        who changes during the reading may be yielded twice, the newer record last.
        """
        if changed_since is None:
            return self._everybody()
        if changed_since.tzinfo is None:
            raise ValueError("changed_since must say its zone")
        return self._changed(changed_since.astimezone(UTC).replace(microsecond=0))

    def count_customers(self) -> int:
        """Ask how many customers there are, of every kind, active and inactive. One call."""
        return self._tokens.spend(self._count)

    def _everybody(self) -> Iterator[CustomerPage]:
        earlier_ids: set[str] = set()
        for _ in range(PASSES_MAX):
            count = self._tokens.spend(self._count)
            ids: set[str] = set()
            for records in self._pages(count):
                fresh = tuple(_not_seen(records, ids))
                yield CustomerPage(fresh, expected_count=count)
            if len(ids) == count:
                if earlier_ids <= ids:
                    return
                break
            earlier_ids |= ids
        raise ProviderUnavailable("The list of customers kept changing while it was read.")

    def _pages(self, count: int) -> Iterator[tuple[CustomerRecord, ...]]:
        # The first page is read even of an empty list: only rows that are not there prove it.
        return read_pages(
            range(1, max(count, 1) + 1, PAGE_SIZE),
            self._list_page,
            tokens=self._tokens,
            concurrent_calls=CONCURRENT_CALLS,
        )

    def _changed(self, since: datetime) -> Iterator[CustomerPage]:
        place: _DeltaPlace | None = _DeltaPlace(since)
        seen: set[tuple[str, datetime | None]] = set()
        fruitless_pages = 0
        while place is not None:
            records = self._tokens.spend(partial(self._changed_page, place))
            states = {(record.remote_id, record.remote_updated_at): record for record in records}
            fresh = tuple(record for state, record in states.items() if state not in seen)
            seen.update(states)
            yield CustomerPage(fresh)
            fruitless_pages = 0 if fresh else fruitless_pages + 1
            place = place.behind(records)
            if place and fruitless_pages > 1:
                raise UnreadableAnswer("QuickBooks answers with the same customers again.")

    def _read_company(self, token: str) -> RemoteAccount:
        reply = self._get(f"companyinfo/{self._realm_id}", {}, token=token)
        company = read_answer(reply, token=token).get("CompanyInfo")
        if not isinstance(company, dict):
            raise reply.unreadable("The answer names no company.")
        name = clean_text(company.get("CompanyName")) or clean_text(company.get("LegalName"))
        return RemoteAccount(self._realm_id, name or f"Company {self._realm_id}")

    def _count(self, token: str) -> int:
        return total_count(self._query(_COUNT, token=token), token=token)

    def _list_page(self, position: int, token: str, *, stop: Event) -> tuple[CustomerRecord, ...]:
        statement = f"{_LIST} STARTPOSITION {position} MAXRESULTS {PAGE_SIZE}"
        return _records(self._query(statement, token=token, stop=stop), token)

    def _changed_page(self, place: _DeltaPlace, token: str) -> tuple[CustomerRecord, ...]:
        return _records(self._query(place.statement(), token=token), token)

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


@dataclass(frozen=True, slots=True)
class _DeltaPlace:
    """Where the next page of changes begins: at a moment, and only within one by position.

    A customer changed between two pages moves to the end of the list, and everybody behind moves
    up one position; asking by position would skip one of them. Asking from the last moment seen
    repeats a few instead. The position counts only while a whole page shares one moment.
    """

    since: datetime
    position: int = 1

    def statement(self) -> str:
        order = _CHANGED.format(since=self.since.isoformat(timespec="seconds"))
        return f"{order} STARTPOSITION {self.position} MAXRESULTS {PAGE_SIZE}"

    def behind(self, records: tuple[CustomerRecord, ...]) -> _DeltaPlace | None:
        """Return the place behind a page, None behind the last one."""
        if len(records) < PAGE_SIZE:
            return None
        last_at = records[-1].remote_updated_at
        if last_at is not None and last_at.replace(microsecond=0) > self.since:
            return _DeltaPlace(last_at.replace(microsecond=0))
        return _DeltaPlace(self.since, self.position + PAGE_SIZE)


def _records(reply: Reply, token: str) -> tuple[CustomerRecord, ...]:
    rows = customers(reply, token=token)
    try:
        return tuple(map(customer_record, rows))
    except UnreadableAnswer as error:
        raise reply.unreadable(str(error)) from error


def _not_seen(records: tuple[CustomerRecord, ...], seen_ids: set[str]) -> Iterator[CustomerRecord]:
    for record in records:
        if record.remote_id not in seen_ids:
            seen_ids.add(record.remote_id)
            yield record
