"""What the provider tests share: recordings, an imitated QuickBooks, a server of raw bytes."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests_mock

from services.providers.contract import AccountingClient, ProviderKey, TokenSupplier
from services.providers.quickbooks import QuickBooksClient
from services.providers.registry import ProviderAccess
from services.providers.transport import Transport

RECORDINGS = Path(__file__).parent / "recordings"
QUICKBOOKS = ProviderKey.QUICKBOOKS
REALM_ID = "9341453108205441"
API_URL = "https://quickbooks.api.intuit.com"
COMPANY_URL = f"{API_URL}/v3/company/{REALM_ID}"
QUERY_URL = f"{COMPANY_URL}/query"
ACCESS = ProviderAccess("our-id", "our-secret")

#: One connection of the raw server, scripted: it gets the socket after the request was read.
Script = Callable[[socket.socket], None]


def recording(name: str) -> Any:
    """Return a recorded answer by its file name without the ending."""
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))


class Waits:
    """Stands in for sleeping and keeps what was asked for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, wait_s: float, _stop: Event) -> None:
        self.seconds.append(wait_s)


def quickbooks_client(
    *, tokens: TokenSupplier = lambda _refused: "token", sleep: Any = None, patience_s: float = 10
) -> AccountingClient:
    """Make a client whose waits take no time."""
    transport = Transport((API_URL,), sleep=sleep or Waits(), patience_s=patience_s)
    return QuickBooksClient(transport, api_url=API_URL, realm_id=REALM_ID, tokens=tokens)


def statement_of(request: Any) -> str:
    """Return the query statement of a request."""
    return parse_qs(urlsplit(request.url).query)["query"][0]


class ImitatedBooks:
    """The query endpoint over a list of customers which a test may change at any call.

    `before` is called with the statement before it is answered.
    """

    def __init__(self, customers: list[dict[str, Any]]) -> None:
        self.customers = customers
        self.statements: list[str] = []
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
                return {"QueryResponse": {"totalCount": count}}
            page = self._page(statement)
        return {"QueryResponse": {"Customer": page, "maxResults": len(page)} if page else {}}

    def _page(self, statement: str) -> list[dict[str, Any]]:
        start, size = map(
            int, re.search(r"STARTPOSITION (\d+) MAXRESULTS (\d+)$", statement).groups()
        )
        rows = self.customers
        since = re.search(r"LastUpdatedTime >= '([^']+)'", statement)
        if since:
            rows = sorted((r for r in rows if changed_at(r) >= since[1]), key=changed_at)
        return rows[start - 1 : start - 1 + size]


def changed_at(customer: dict[str, Any]) -> str:
    """Return the moment of a customer's last change as the books wrote it."""
    return customer["MetaData"]["LastUpdatedTime"]


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
        yield books


class RawServer:
    """A loopback server that answers each connection by its script, the last one repeated."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._connections = 0
        self._threads = [Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> RawServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self._connections, len(self._scripts) - 1)]
            self._connections += 1
            thread = Thread(target=self._serve, args=(connected, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connected: socket.socket, script: Script) -> None:
        with connected:
            connected.settimeout(5)
            try:
                self.requests.append(read_request(connected))
                script(connected)
            except OSError:
                return


def read_request(connected: socket.socket) -> bytes:
    """Read one request with its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connected)
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head, re.IGNORECASE)
    while length and len(body) < int(length[1]):
        body += _more(connected)
    return head + b"\r\n\r\n" + body


def _more(connected: socket.socket) -> bytes:
    chunk = connected.recv(65_536)
    if not chunk:
        raise OSError("the client hung up")
    return chunk


def answering(
    body: bytes, *, headers: str = "", length: int | None = None, status: str = "200 OK"
) -> Script:
    """Make a script that sends one answer and hangs up; `length` may lie."""
    declared = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Length: {declared}\r\n{headers}\r\n".encode()
    return lambda connected: connected.sendall(head + body)


def sending(content: bytes) -> Script:
    """Make a script that sends bytes as they are and hangs up."""
    return lambda connected: connected.sendall(content)


def dripping(start: bytes, *, every_s: float = 0.02) -> Script:
    """Make a script that sends one more byte now and then, for ever."""

    def drip(connected: socket.socket) -> None:
        connected.sendall(start)
        pause = Event()
        while not pause.wait(every_s):
            connected.sendall(b"x")

    return drip


def resetting(start: bytes) -> Script:
    """Make a script that sends something and then resets the connection."""

    def reset(connected: socket.socket) -> None:
        connected.sendall(start)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return reset
