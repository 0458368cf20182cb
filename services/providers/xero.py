"""Read contacts from Xero with as few calls as its API allows.

An app may make 60 calls a minute, 5 at a time and 5,000 a day in one organisation, or 1,000 a day
with the free plan (developer.xero.com, "API limits"; accountingtoday.com; read 2026-11-22).
Parameters and limits: XeroAPI/Xero-OpenAPI e952d0b, xero_accounting.yaml (read 2026-11-22); pages
of up to 1,000 after the Xero source of Airbyte (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from threading import Event

from services.providers.access_tokens import bearer_headers
from services.providers.contract import (
    AccountGone,
    CustomerPage,
    DeltaNotPossible,
    RemoteAccount,
    TokenSupplier,
    UnreadableAnswer,
)
from services.providers.list_client import ListClient
from services.providers.page_reading import read_pages
from services.providers.replies import Reply
from services.providers.settled_list import ListPage, ListPass, read_until_settled
from services.providers.transport import Transport
from services.providers.xero_answers import contact_count, contact_page
from services.providers.xero_connections import CONNECTIONS_PATH, xero_connections

PAGE_SIZE = 1_000
#: What a page holds where the answer has no `pagination`: such a server is from before 2024 and
#: knows no pageSize either.
OLD_PAGE_SIZE = 100
#: Four fifths of what Xero lets one app do in one organisation at a time.
CONCURRENT_CALLS = 4
#: Where nothing tells how long the list is, it is read no further than this.
UNCOUNTED_PAGES_MAX = 1_000

# Archived contacts are left out unless asked for. The order by id does not move when a contact is
# changed, so only a new contact can shift what is still to be read.
_EVERYBODY = {"includeArchived": "true", "order": "ContactID ASC", "pageSize": str(PAGE_SIZE)}
_COUNT = {"includeArchived": "true", "summaryOnly": "true", "page": "1", "pageSize": "1"}


class XeroClient(ListClient):
    """The AccountingClient of contract.py for one Xero organisation."""

    def __init__(
        self, transport: Transport, *, api_url: str, tenant_id: str, tokens: TokenSupplier
    ) -> None:
        super().__init__(transport, tokens=tokens)
        self._tenant_id = tenant_id
        self._api_url = api_url

    def remote_account(self) -> RemoteAccount:
        """Read the name of the connected organisation. One call.

        Raises AccountGone where the permission does not cover it any more.
        """
        return self._tokens.spend(self._read_tenant)

    def count_customers(self) -> int:
        """Ask how many contacts there are, archived ones and suppliers included. One call."""
        return self._tokens.spend(self._count)

    def _everybody(self) -> Iterator[CustomerPage]:
        """Yield them pass by pass, in the order of arrival.

        A pass is one call per 1,000 contacts (at least one), the first of which tells how many
        there are; the others are fetched by up to four threads. Without a count, a list in which
        nobody stands twice has not shifted: Xero never removes a contact, and a new one before
        the place read last moves the row there to the next page.
        """
        return read_until_settled(self._one_pass)

    def _one_pass(self, so_far: ListPass) -> Iterator[ListPage]:
        first = self._tokens.spend(partial(self._page, 1))
        yield first
        if first.page_count is None:
            yield from self._uncounted_pages(first, so_far)
            return
        yield from read_pages(
            range(2, first.page_count + 1),
            self._fetch_page,
            contact_page,
            tokens=self._tokens,
            concurrent_calls=CONCURRENT_CALLS,
        )

    def _uncounted_pages(self, first: ListPage, so_far: ListPass) -> Iterator[ListPage]:
        """Go on until a page is empty or shorter than the first, or the list has shifted."""
        page = first
        for position in range(2, UNCOUNTED_PAGES_MAX + 1):
            if page.row_count < max(first.row_count, 1) or so_far.has_repeats:
                return
            page = self._tokens.spend(partial(self._page, position))
            yield page
        raise UnreadableAnswer("The list of contacts does not end.")

    def _changed(self, since: datetime) -> Iterator[CustomerPage]:
        """Yield them in one call, or raise DeltaNotPossible where one page does not hold them all.

        A change of who is a customer or a supplier, or of what is owed, is no change in this
        sense (developer.xero.com, "requests and responses", read 2026-11-22).
        """
        page = self._tokens.spend(partial(self._changed_page, since))
        only_pass = ListPass()
        taken = only_pass.take(page)
        if not only_pass.adds_up or (page.item_count is None and page.row_count >= OLD_PAGE_SIZE):
            raise DeltaNotPossible("One page does not hold everything that changed.")
        yield taken

    def _read_tenant(self, token: str) -> RemoteAccount:
        reply = self._transport.get(
            f"{self._api_url}{CONNECTIONS_PATH}", headers=bearer_headers(token), params=None
        )
        for connection in xero_connections(reply, token=token):
            if connection.is_organisation and connection.tenant_id == self._tenant_id.lower():
                return connection.account
        raise AccountGone(
            "This organisation is not shared with BlueClerk any more.", reference=reply.reference
        )

    def _count(self, token: str) -> int:
        return contact_count(self._get(_COUNT, token=token), token=token)

    def _page(self, position: int, token: str) -> ListPage:
        return contact_page(self._fetch_page(position, token), token=token)

    def _fetch_page(self, position: int, token: str, *, stop: Event | None = None) -> Reply:
        return self._get(_EVERYBODY | {"page": str(position)}, token=token, stop=stop)

    def _changed_page(self, since: datetime, token: str) -> ListPage:
        # Whole seconds, without a zone: UTC is meant.
        moment = since.replace(tzinfo=None).isoformat()
        reply = self._get(
            _EVERYBODY | {"page": "1"}, token=token, headers={"If-Modified-Since": moment}
        )
        if reply.status == 304:
            return ListPage(())
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
            headers=bearer_headers(token) | {"Xero-tenant-id": self._tenant_id} | (headers or {}),
            stop=stop,
        )
