"""The list of contacts of Xero, over rows that a test may change at any call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import requests_mock

from services.providers.contract import ProviderKey, TokenSupplier
from services.providers.transport import Transport
from services.providers.xero import XeroClient
from tests.providers.support import Waits

XERO = ProviderKey.XERO
API_URL = "https://api.xero.com"
CONTACTS_URL = f"{API_URL}/api.xro/2.0/Contacts"
CONNECTIONS_URL = f"{API_URL}/connections"
TENANT_ID = "fe79c8b4-30d2-4e1f-a8c7-15b9d4e06f21"
#: 2026-06-30 12:00 UTC, when contact number 0 would have been changed.
START_S = 1_782_820_800


def xero_client(*, tokens: TokenSupplier = lambda _refused: "token") -> XeroClient:
    """Make a client whose waits take no time."""
    transport = Transport((API_URL,), sleep=Waits())
    return XeroClient(transport, api_url=API_URL, tenant_id=TENANT_ID, tokens=tokens)


def contact_id(number: int) -> str:
    """Return the id of the contact of that number; their order is that of the numbers."""
    return str(UUID(int=number))


def make_contact(number: int, **overrides: Any) -> dict[str, Any]:
    """Make one contact, changed `number` seconds after noon of a fixed day."""
    contact = {
        "ContactID": contact_id(number),
        "ContactStatus": "ACTIVE",
        "Name": f"Contact number {number}",
        "UpdatedDateUTC": f"/Date({(START_S + number) * 1000}+0000)/",
    }
    return contact | overrides


class ImitatedContacts:
    """The endpoint over a list of contacts.

    `before` is called with each page number before that page is answered; `has_pagination` is
    off for servers from before 2024, which serve 100 rows a page.
    """

    def __init__(self, contacts: list[Any]) -> None:
        self.contacts = contacts
        self.asked: list[dict[str, str]] = []
        self.has_pagination = True
        self.count_offset = 0
        self.before: Callable[[int], object] = lambda _page: None
        self._lock = Lock()

    def answer(self, request: Any, _context: Any) -> dict[str, Any]:
        query = parse_qs(urlsplit(request.url).query)
        with self._lock:
            self.asked.append({key: values[0] for key, values in query.items()})
            page = int(query["page"][0])
            self.before(page)
            rows = self._rows(request.headers.get("If-Modified-Since"))
            size = int(query["pageSize"][0]) if self.has_pagination else 100
            answer = {
                "Status": "OK",
                "DateTimeUTC": f"/Date({(START_S + 86_400) * 1000})/",
                "Contacts": rows[(page - 1) * size : page * size],
            }
        if self.has_pagination:
            count = len(rows) + self.count_offset
            pages = {"page": page, "pageSize": size, "pageCount": -(-count // size)}
            answer["pagination"] = pages | {"itemCount": count}
        return answer

    def _rows(self, since: str | None) -> list[Any]:
        if since is None:
            return self.contacts
        moment = datetime.fromisoformat(since).replace(tzinfo=UTC)
        return [row for row in self.contacts if _changed_at(row) >= moment]


def _changed_at(row: dict[str, Any]) -> datetime:
    milliseconds = row["UpdatedDateUTC"].removeprefix("/Date(")[:13]
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


@contextmanager
def imitated_contacts(count: int) -> Iterator[ImitatedContacts]:
    """Answer with `count` contacts numbered from 1."""
    books = ImitatedContacts([make_contact(number) for number in range(1, count + 1)])
    with requests_mock.Mocker() as mocker:
        mocker.get(CONTACTS_URL, json=books.answer)
        yield books


def once_at(page: int, change: Callable[[], object]) -> Callable[[int], None]:
    """Make the change before the first answer with that page."""
    changes = [change]

    def _before(asked: int) -> None:
        if asked == page and changes:
            changes.pop()()

    return _before
