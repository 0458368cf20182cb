"""What else reads a list of customers: the vendors' libraries, and the same calls thrown away.

`python -m benchmarks.other_ways WAY PROVIDER URL` reads once, in a process of its own. A library
is used as its own documentation shows it, unmodified but for the addresses; its objects are kept in
a list, and nothing is stored or compared. Imports and signing in are not measured.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

import urllib3

from benchmarks.reading import ACCOUNTS, Grant, Meter, Took, new_grant
from services.providers.contract import ProviderKey
from services.providers.registry import PROVIDERS

EVERYBODY = "Active IN (true, false)"
Read = Callable[[], int]


def drain(provider: ProviderKey, url: str, grant: Grant) -> Read:
    """The calls of our own check, as many at once, with every body thrown away."""
    at_once = PROVIDERS[provider].limits.concurrent
    pool = urllib3.PoolManager(maxsize=at_once)
    headers = {"Authorization": f"Bearer {grant['access_token']}", "Accept": "application/json"}
    headers |= {"Xero-tenant-id": ACCOUNTS[provider][0]} if provider is ProviderKey.XERO else {}

    def ask(address: str) -> bytes:
        answer = pool.request("GET", url + address, headers=headers)
        assert answer.status == 200, answer.status
        return answer.data

    def read() -> int:
        first = json.loads(ask(_address(provider, 0)))
        rows = _rows(provider, first)
        pages = range(1, -(-rows // _page_rows(provider)) + 1)
        with ThreadPoolExecutor(at_once) as threads:
            rest = pages if provider is ProviderKey.QUICKBOOKS else pages[1:]
            list(threads.map(lambda page: len(ask(_address(provider, page))), rest))
        return rows

    return read


def _page_rows(provider: ProviderKey) -> int:
    return 100 if provider is ProviderKey.FRESHBOOKS else 1000


def _address(provider: ProviderKey, page: int) -> str:
    """Return what is asked; page 0 is the first call, which tells how many there are."""
    account_id = ACCOUNTS[provider][0]
    if provider is ProviderKey.QUICKBOOKS:
        what = "COUNT(*)" if page == 0 else "*"
        place = f" ORDERBY Id STARTPOSITION {(page - 1) * 1000 + 1} MAXRESULTS 1000"
        query = f"SELECT {what} FROM Customer WHERE {EVERYBODY}{place if page else ''}"
        asked = {"query": query, "minorversion": "75"}
        return f"/quickbooks/v3/company/{account_id}/query?{urlencode(asked)}"
    if provider is ProviderKey.XERO:
        wishes = {"includeArchived": "true", "order": "ContactID ASC", "pageSize": "1000"}
        return f"/xero/api.xro/2.0/Contacts?{urlencode(wishes | {'page': str(max(page, 1))})}"
    wishes = {"sort": "id_asc", "per_page": "100", "include[]": "outstanding_balance"}
    clients = f"/freshbooks/accounting/account/{account_id}/users/clients"
    return f"{clients}?{urlencode(wishes | {'page': str(max(page, 1))})}"


def _rows(provider: ProviderKey, first: Any) -> int:
    if provider is ProviderKey.QUICKBOOKS:
        return int(first["QueryResponse"]["totalCount"])
    if provider is ProviderKey.XERO:
        return int(first["pagination"]["itemCount"])
    return int(first["response"]["result"]["total"])


def quickbooks_sdk(url: str, grant: Grant, page_rows: int | None) -> Read:
    """The loop of python-quickbooks, a page of 100 unless told otherwise."""
    from intuitlib.client import AuthClient
    from quickbooks import QuickBooks
    from quickbooks.objects import Customer

    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    base = f"{url}/quickbooks"
    QuickBooks.api_url_v3 = f"{base}/v3"
    authorization = AuthClient(
        client_id=grant["client_id"],
        client_secret=grant["client_secret"],
        redirect_uri=grant["redirect_uri"],
        environment=f"{base}/.well-known/openid_sandbox_configuration/",
        refresh_token=grant["refresh_token"],
        realm_id=grant["realm_id"],
    )
    books = QuickBooks(
        auth_client=authorization,
        refresh_token=grant["refresh_token"],
        company_id=grant["realm_id"],
        minorversion=75,
    )
    rows = page_rows or 100

    def read() -> int:
        found: list[object] = []
        while True:
            page = Customer.where(
                EVERYBODY,
                order_by="Id",
                start_position=len(found) + 1,
                max_results=rows,
                qb=books,
            )
            found += page
            if len(page) < rows:
                return len(found)

    return read


def xero_sdk(url: str, grant: Grant, page_rows: int | None) -> Read:
    """The loop of xero-python, a page of 100 unless told otherwise."""
    from xero_python.accounting import AccountingApi
    from xero_python.api_client import ApiClient
    from xero_python.api_client.configuration import Configuration
    from xero_python.api_client.oauth2 import OAuth2Token

    AccountingApi.base_url = f"{url}/xero/api.xro/2.0"
    kept = {name: grant[name] for name in ("access_token", "refresh_token", "expires_in")}
    kept |= {"token_type": "Bearer", "scope": grant["scope"].split()}
    settings = Configuration(oauth2_token=OAuth2Token(grant["client_id"], grant["client_secret"]))
    api = AccountingApi(ApiClient(settings, oauth2_token_getter=lambda: kept))
    wishes = {} if page_rows is None else {"page_size": page_rows}

    def read() -> int:
        found: list[object] = []
        number, pages = 0, 1
        while number < pages:
            number += 1
            answer = api.get_contacts(
                ACCOUNTS[ProviderKey.XERO][0],
                page=number,
                include_archived=True,
                order="ContactID ASC",
                **wishes,
            )
            found += answer.contacts
            pages = answer.pagination.page_count
        return len(found)

    return read


def freshbooks_sdk(url: str, grant: Grant, _page_rows: int | None) -> Read:
    """The loop of freshbooks-sdk, whose pages hold 100 at most."""
    os.environ["FRESHBOOKS_API_URL"] = os.environ["FRESHBOOKS_AUTH_URL"] = f"{url}/freshbooks"
    from freshbooks import Client, PaginateBuilder, SortBuilder

    keys = ("client_id", "client_secret", "redirect_uri", "access_token", "refresh_token")
    library = Client(*(grant[key] for key in keys))
    order = SortBuilder().ascending("id")

    def read() -> int:
        found: list[object] = []
        number, pages = 0, 1
        while number < pages:
            number += 1
            page = library.clients.list(grant["account_id"], [PaginateBuilder(number, 100), order])
            found += list(page)
            pages = page.pages.pages
        return len(found)

    return read


LIBRARIES: dict[ProviderKey, Callable[[str, Grant, int | None], Read]] = {
    ProviderKey.QUICKBOOKS: quickbooks_sdk,
    ProviderKey.XERO: xero_sdk,
    ProviderKey.FRESHBOOKS: freshbooks_sdk,
}


def main(arguments: Iterable[str]) -> None:
    """Read once and print a JSON object. WAY is drain, sdk, or sdk with the rows of a page."""
    way, name, url = arguments
    provider = ProviderKey(name)
    grant = new_grant(url, provider, ACCOUNTS[provider][0])
    if way == "drain":
        read = drain(provider, url, grant)
    else:
        rows = int(way.removeprefix("sdk") or 0) or None
        read = LIBRARIES[provider](url, grant, rows)
    meter = Meter()
    counted = read()
    print(json.dumps(asdict(Took(counted, *meter.took()))))


if __name__ == "__main__":
    main(sys.argv[1:])
