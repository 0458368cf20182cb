"""Read contacts from Xero with as few calls as its API allows.

An app may make 60 calls a minute, 5 at a time and 5,000 a day in one organisation, or 1,000 a day
with the free plan (developer.xero.com, "API limits"; accountingtoday.com; read 2026-11-22).
Parameters and limits: XeroAPI/Xero-OpenAPI e952d0b, xero_accounting.yaml (read 2026-11-22); pages
of up to 1,000 after the Xero source of Airbyte (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
    TokenSupplier,
    UnreadableAnswer,
)
from services.providers.page_reading import read_pages
from services.providers.replies import Reply
from services.providers.transport import Transport
from services.providers.xero_answers import ContactPage, contact_count, contact_page
from services.providers.xero_connections import CONNECTIONS_PATH, xero_connections

PAGE_SIZE = 1_000
#: What a page holds where the answer has no `pagination`: such a server is from before 2024 and
#: knows no pageSize either.
OLD_PAGE_SIZE = 100
#: Four fifths of what Xero lets one app do in one organisation at a time.
CONCURRENT_CALLS = 4
PASSES_MAX = 3
#: Where nothing tells how long the list is, it is read no further than this.
UNCOUNTED_PAGES_MAX = 1_000

# Archived contacts are left out unless asked for. The order by id does not move when a contact is
# changed, so only a new contact can shift what is still to be read.
_EVERYBODY = {"includeArchived": "true", "order": "ContactID ASC", "pageSize": str(PAGE_SIZE)}
_COUNT = {"includeArchived": "true", "summaryOnly": "true", "page": "1", "pageSize": "1"}


class XeroClient:
    """The AccountingClient of contract.py for one Xero organisation.

    Use it from one thread at a time; the token supplier is called in that thread only.
    """

    def __init__(
        self, transport: Transport, *, api_url: str, tenant_id: str, tokens: TokenSupplier
    ) -> None:
        self._transport = transport
        self._tenant_id = tenant_id
        self._api_url = api_url
        self._tokens = AccessTokens(tokens)

    @property
    def call_count(self) -> int:
        """API calls made so far, further tries included."""
        return self._transport.call_count

    @property
    def quota_left(self) -> Quota:
        """What is left for this minute and day, as the last answer told it."""
        return self._transport.quota_left

    def remote_account(self) -> RemoteAccount:
        """Read the name of the connected organisation. One call.

        Raises AccountGone where the permission does not cover it any more.
        """
        return self._tokens.spend(self._read_tenant)

    def customer_pages(self, *, changed_since: datetime | None = None) -> Iterator[CustomerPage]:
        """Yield every contact, or those changed at or after a moment.

        All of them: one call per 1,000 contacts (at least one), the first of which tells how many
        there are; the others are fetched by up to four threads, in the order of arrival. If the
        rows read are not as many as told, because contacts came meanwhile, the list is read
        again, in three passes at most. Pages cannot be taken back: a later pass yields its
        contacts anew and the newer record of an id replaces the older one, while rows that cannot
        be read are counted once. A contact yielded in an earlier pass and missing in the one that
        adds up ends the reading with ListUnsettled, as three passes without agreement do.

        Changed ones: one call, or DeltaNotPossible where one page does not hold them all; a whole
        reading is surer then. A change of who is a customer or a supplier, or of what is owed, is
        no change in this sense (developer.xero.com, "requests and responses", read 2026-11-22).
        """
        if changed_since is None:
            return self._everybody()
        if changed_since.tzinfo is None:
            raise ValueError("changed_since must say its zone")
        return self._changed(changed_since.astimezone(UTC))

    def count_customers(self) -> int:
        """Ask how many contacts there are, archived ones and suppliers included. One call."""
        return self._tokens.spend(self._count)

    def _everybody(self) -> Iterator[CustomerPage]:
        earlier_ids: set[str] = set()
        unreadable_count = 0
        for _ in range(PASSES_MAX):
            tally = _Tally(unreadable_told=unreadable_count)
            for page in self._pages(tally):
                yield tally.take(page)
            if tally.adds_up and earlier_ids <= tally.ids:
                return
            if tally.adds_up:
                break
            earlier_ids |= tally.ids
            unreadable_count = tally.unreadable_told
        raise ListUnsettled(
            "The list of contacts kept changing while it was read.", remote_ids=tally.ids
        )

    def _pages(self, tally: _Tally) -> Iterator[ContactPage]:
        first = self._tokens.spend(partial(self._page, 1))
        yield first
        if first.page_count is None:
            yield from self._uncounted_pages(first, tally)
            return
        yield from read_pages(
            range(2, first.page_count + 1),
            self._page,
            tokens=self._tokens,
            concurrent_calls=CONCURRENT_CALLS,
        )

    def _uncounted_pages(self, first: ContactPage, tally: _Tally) -> Iterator[ContactPage]:
        """Go on until a page is empty or shorter than the first, or the list has shifted."""
        page = first
        for position in range(2, UNCOUNTED_PAGES_MAX + 1):
            if page.row_count < max(first.row_count, 1) or tally.has_repeats:
                return
            page = self._tokens.spend(partial(self._page, position))
            yield page
        raise UnreadableAnswer("The list of contacts does not end.")

    def _changed(self, since: datetime) -> Iterator[CustomerPage]:
        page = self._tokens.spend(partial(self._changed_page, since))
        tally = _Tally()
        taken = tally.take(page)
        if not tally.adds_up or (page.item_count is None and page.row_count >= OLD_PAGE_SIZE):
            raise DeltaNotPossible("One page does not hold everything that changed.")
        yield taken

    def _read_tenant(self, token: str) -> RemoteAccount:
        reply = self._transport.get(
            f"{self._api_url}{CONNECTIONS_PATH}", headers=_headers(token), params=None
        )
        for connection in xero_connections(reply, token=token):
            if connection.is_organisation and connection.tenant_id == self._tenant_id.lower():
                return connection.account
        raise AccountGone(
            "This organisation is not shared with BlueClerk any more.", reference=reply.reference
        )

    def _count(self, token: str) -> int:
        return contact_count(self._get(_COUNT, token=token), token=token)

    def _page(self, position: int, token: str, *, stop: Event | None = None) -> ContactPage:
        params = _EVERYBODY | {"page": str(position)}
        return contact_page(self._get(params, token=token, stop=stop), token=token)

    def _changed_page(self, since: datetime, token: str) -> ContactPage:
        # Whole seconds, without a zone: UTC is meant.
        moment = since.replace(microsecond=0, tzinfo=None).isoformat()
        reply = self._get(
            _EVERYBODY | {"page": "1"}, token=token, headers={"If-Modified-Since": moment}
        )
        if reply.status == 304:
            return ContactPage((), unreadable_count=0)
        return contact_page(reply, token=token)

    def _get(
        self,
        params: dict[str, str],
        *,
        token: str,
        headers: dict[str, str] | None = None,
        stop: Event | None = None,
    ) -> Reply:
        return self._transport.get(
            f"{self._api_url}/api.xro/2.0/Contacts",
            params=params,
            headers=_headers(token) | {"Xero-tenant-id": self._tenant_id} | (headers or {}),
            stop=stop,
        )


@dataclass(slots=True)
class _Tally:
    """Who was read in one pass, and whether that can be everybody.

    `unreadable_told` are the rows without an id that this pass or an earlier one has told of.
    """

    unreadable_told: int = 0
    ids: set[str] = field(default_factory=set)
    has_repeats: bool = False
    _unreadable: int = 0
    _item_counts: set[int] = field(default_factory=set)

    def take(self, page: ContactPage) -> CustomerPage:
        """Count a page in; return it with what this pass had not yet."""
        fresh: dict[str, CustomerRecord] = {}
        for record in page.records:
            if record.remote_id in self.ids or record.remote_id in fresh:
                self.has_repeats = True
            else:
                fresh[record.remote_id] = record
        self.ids.update(fresh)
        self._unreadable += page.unreadable_count
        untold = max(self._unreadable - self.unreadable_told, 0)
        self.unreadable_told += untold
        if page.item_count is not None:
            self._item_counts.add(page.item_count)
        return CustomerPage(
            tuple(fresh.values()),
            expected_count=page.item_count,
            unreadable_count=untold,
            as_of=page.as_of,
        )

    @property
    def adds_up(self) -> bool:
        """Say whether the rows are as many as every page told.

        Without a count, a list in which nobody stands twice has not shifted: Xero never removes a
        contact, and a new one before the place read last moves the row there to the next page.
        """
        if not self._item_counts:
            return not self.has_repeats
        return self._item_counts == {len(self.ids) + self._unreadable}


def _headers(token: str) -> dict[str, str]:
    # Without Accept the answer is XML.
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}
