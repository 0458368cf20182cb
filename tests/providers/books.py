"""Query endpoint and change feed of QuickBooks over a list that a test may change at any call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests_mock

from tests.providers.support import CDC_URL, QUERY_URL

#: The time of every answer, as QuickBooks writes it.
ANSWERED = "2026-06-30T17:30:00.123-07:00"

Change = Callable[[], object]
Before = Callable[[str], None]


def statement_of(request: Any) -> str:
    """Return the query statement of a request."""
    return parse_qs(urlsplit(request.url).query)["query"][0]


class ImitatedBooks:
    """Query endpoint and change feed over a list of customers which a test may change at any call.

    `before` is called with the statement before it is answered. `asked_since` are the moments
    that the change feed was asked for, as they were written.
    """

    def __init__(self, customers: list[dict[str, Any]]) -> None:
        self.customers = customers
        self.statements: list[str] = []
        self.asked_since: list[str] = []
        self.count_offset = 0
        self.before: Callable[[str], None] = lambda _statement: None
        self._lock = Lock()

    def answer(self, request: Any, _context: Any) -> dict[str, Any]:
        with self._lock:
            statement = statement_of(request)
            self.statements.append(statement)
            self.before(statement)
            if "COUNT(*)" in statement:
                count = len(self.customers) + self.count_offset
                return {"QueryResponse": {"totalCount": count}, "time": ANSWERED}
            page = self._page(statement)
        return {"QueryResponse": _result(page), "time": ANSWERED}

    def changes(self, request: Any, _context: Any) -> dict[str, Any]:
        """Answer the change feed, which cuts itself short without a word."""
        self.asked_since.append(parse_qs(urlsplit(request.url).query)["changedSince"][0])
        since = datetime.fromisoformat(self.asked_since[-1])
        rows = [row for row in self.customers if changed_at(row) >= since][:1_000]
        return {"CDCResponse": [{"QueryResponse": [_result(rows)]}], "time": ANSWERED}

    def _page(self, statement: str) -> list[dict[str, Any]]:
        start, size = map(
            int, re.search(r"STARTPOSITION (\d+) MAXRESULTS (\d+)$", statement).groups()
        )
        return self.customers[start - 1 : start - 1 + size]


def _result(rows: list[Any]) -> dict[str, Any]:
    return {"Customer": rows, "maxResults": len(rows)} if rows else {}


def changed_at(customer: dict[str, Any]) -> datetime:
    """Return the moment of a customer's last change."""
    return datetime.fromisoformat(customer["MetaData"]["LastUpdatedTime"])


def make_customer(number: int, **overrides: Any) -> dict[str, Any]:
    """Make one customer of the books, changed `number` seconds after noon of a fixed day."""
    hours, seconds = divmod(number, 3600)
    updated = f"2026-06-30T{12 + hours:02}:{seconds // 60:02}:{seconds % 60:02}+00:00"
    customer = {
        "Id": str(number),
        "DisplayName": f"Customer number {number}",
        "Active": True,
        "MetaData": {"LastUpdatedTime": updated},
    }
    return customer | overrides


@contextmanager
def imitated_books(count: int) -> Iterator[ImitatedBooks]:
    """Answer the query endpoint with `count` customers numbered from 1."""
    books = ImitatedBooks([make_customer(number) for number in range(1, count + 1)])
    with requests_mock.Mocker() as mocker:
        mocker.get(QUERY_URL, json=books.answer)
        mocker.get(CDC_URL, json=books.changes)
        yield books


def once(words: str, change: Change) -> Before:
    """Make the change at the first statement that holds the words."""
    changes = [change]

    def _before(statement: str) -> None:
        if words in statement and changes:
            changes.pop()()

    return _before


def at_second_count(change: Change) -> Before:
    """Make the change at the second COUNT."""
    counts: list[str] = []

    def _before(statement: str) -> None:
        if "COUNT" in statement:
            counts.append(statement)
            if len(counts) == 2:
                change()

    return _before
