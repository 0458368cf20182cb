"""The client list of FreshBooks over rows that a test may change at any call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests_mock

from services.providers.contract import AccountingClient, TokenSupplier
from services.providers.freshbooks import FreshBooksClient
from services.providers.transport import Transport
from tests.providers.support import Waits

ACCOUNT_ID = "Xq3kLm"
API_URL = "https://api.freshbooks.com"
CLIENTS_URL = f"{API_URL}/accounting/account/{ACCOUNT_ID}/users/clients"
ME_URL = f"{API_URL}/auth/api/v1/users/me"

Question = dict[str, str]
Before = Callable[[Question], None]


class ImitatedClients:
    """The list over rows in order of their ids. `before` is called with each question."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows
        self.questions: list[Question] = []
        self.page_size_max = 100
        self.total_offset = 0
        self.before: Before = lambda _question: None
        self._lock = Lock()

    def answer(self, request: Any, context: Any) -> dict[str, Any]:
        """Answer one question as FreshBooks does."""
        with self._lock:
            question = dict(parse_qsl(urlsplit(request.url).query))
            self.questions.append(question)
            self.before(question)
            context.headers["Date"] = f"Sun, 22 Nov 2026 12:00:{len(self.questions):02} GMT"
            chosen = [row for row in self.rows if _is_wanted(row, question)]
        page, size = int(question["page"]), min(int(question["per_page"]), self.page_size_max)
        result = {
            "clients": chosen[(page - 1) * size : page * size],
            "page": page,
            "pages": -(-len(chosen) // size),
            "per_page": size,
            "total": len(chosen) + self.total_offset,
        }
        return {"response": {"result": result}}


def _is_wanted(row: Any, question: Question) -> bool:
    if not isinstance(row, dict):
        return True
    is_deleted = row.get("vis_state", 0) == 1
    if is_deleted != (question.get("search[vis_state]") == "1"):
        return False
    return row.get("updated", "9") >= question.get("search[updated_min]", "")


def make_client(number: int, **overrides: Any) -> dict[str, Any]:
    """Make one client, changed `number` seconds after noon of a fixed Eastern day."""
    hours, seconds = divmod(number, 3600)
    client = {
        "id": number,
        "organization": f"Client number {number}",
        "accounting_systemid": ACCOUNT_ID,
        "vis_state": 0,
        "updated": f"2026-06-30 {12 + hours:02}:{seconds // 60:02}:{seconds % 60:02}",
    }
    return client | overrides


@contextmanager
def imitated_clients(count: int) -> Iterator[ImitatedClients]:
    """Answer the client list with `count` clients numbered from 1."""
    books = ImitatedClients([make_client(number) for number in range(1, count + 1)])
    with requests_mock.Mocker() as mocker:
        mocker.get(CLIENTS_URL, json=books.answer)
        yield books


def at_nth_question(number: int, change: Callable[[], object]) -> Before:
    """Make the change at the question of that number, counted from 1."""
    questions: list[Question] = []

    def _before(question: Question) -> None:
        questions.append(question)
        if len(questions) == number:
            change()

    return _before


def freshbooks_client(*, tokens: TokenSupplier = lambda _refused: "token") -> AccountingClient:
    """Make a client whose waits take no time."""
    transport = Transport((API_URL,), sleep=Waits())
    return FreshBooksClient(transport, api_url=API_URL, account_id=ACCOUNT_ID, tokens=tokens)
