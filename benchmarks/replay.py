"""Stands before a sandbox: asks it once for each page, then answers from memory after a latency.

The sandbox makes its answers anew for every call, which takes longer than the slowest reader
measured here. What is replayed is byte for byte what it sent, so nobody is shown easier customers.

`python -m benchmarks.replay SANDBOX_URL` prints its port. `/_replay?latency_s=0.15` sets the
latency, `per_minute=1` lets the limits by the minute hold as well, `forget=1` asks anew, and every
answer of it tells what was counted since the last one. Control calls go through to the sandbox.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

AT_ONCE = {"quickbooks": 10, "xero": 5, "freshbooks": 5}
PER_MINUTE = {"quickbooks": 500, "xero": 60}
MINUTE_S = 60.0
#: Headers that an answer depends on.
ASKED_WITH = ("accept", "if-modified-since", "xero-tenant-id")
#: Written anew for each answer, or for each connection.
NOT_KEPT = frozenset({"content-length", "connection", "date", "server", "transfer-encoding"})

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def provider(self) -> str:
        return self.target.split("/", 2)[1]

    @property
    def is_page(self) -> bool:
        """Say whether it asks for customers; everything else is passed on and not counted."""
        path = urlsplit(self.target).path
        if path.endswith("/query"):
            return True  # of either method
        return self.method == "GET" and path.endswith(("/cdc", "/Contacts", "/users/clients"))

    @property
    def key(self) -> Key:
        parts = urlsplit(self.target)
        question = (f"{name}={value}" for name, value in sorted(parse_qsl(parts.query)))
        asked_with = (self.headers.get(name, "") for name in ASKED_WITH)
        return parts.path, *question, *asked_with, self.body.decode()


@dataclass(slots=True)
class Replay:
    """What is remembered, and how the provider behaves at the moment."""

    sandbox_url: str
    latency_s: float = 0.0
    counts_minutes: bool = False
    kept: dict[Key, bytes] = field(default_factory=dict)
    in_flight: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    begun: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16))

    async def answer(self, asked: Asked) -> bytes:
        """Return the whole answer, once its time has come."""
        if asked.target.startswith("/_replay"):
            return self._set(dict(parse_qsl(urlsplit(asked.target).query)))
        if not asked.is_page:
            return await self._ask(asked)
        if not self._may_begin(asked.provider):
            self.counted["refused"] += 1
            return _written(429, [("Retry-After", "1")], b"{}")
        return await self._page(asked)

    async def _page(self, asked: Asked) -> bytes:
        loop = asyncio.get_running_loop()
        self.in_flight[asked.provider] += 1
        self.counted["calls"] += 1
        answer_at = loop.time() + self.latency_s
        try:
            answer = self.kept.get(asked.key)
            if answer is None:
                answer = await self._ask(asked)
                if answer.startswith(b"HTTP/1.1 200"):
                    self.kept[asked.key] = answer
            await asyncio.sleep(max(0.0, answer_at - loop.time()))
        finally:
            self.in_flight[asked.provider] -= 1
        return answer

    def _may_begin(self, provider: str) -> bool:
        if self.in_flight[provider] >= AT_ONCE[provider]:
            return False
        begun, now = self.begun[provider], asyncio.get_running_loop().time()
        while begun and begun[0] <= now - MINUTE_S:
            begun.popleft()
        limit = PER_MINUTE.get(provider)
        if self.counts_minutes and limit is not None and len(begun) >= limit:
            return False
        begun.append(now)
        return True

    async def _ask(self, asked: Asked) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self.pool, self._passed_on, asked)

    def _passed_on(self, asked: Asked) -> bytes:
        headers = {
            name: value
            for name, value in asked.headers.items()
            if name not in ("host", "connection", "content-length", "accept-encoding")
        }
        request = Request(
            self.sandbox_url + asked.target,
            data=asked.body or None,
            headers=headers,
            method=asked.method,
        )
        try:
            with urlopen(request) as answer:
                return _written(answer.status, answer.headers.items(), answer.read())
        except HTTPError as error:
            return _written(error.code, error.headers.items(), error.read())

    def _set(self, wishes: dict[str, str]) -> bytes:
        self.latency_s = float(wishes.get("latency_s", self.latency_s))
        self.counts_minutes = wishes.get("per_minute", str(int(self.counts_minutes))) == "1"
        if "forget" in wishes:
            self.kept.clear()
        told = {"calls": self.counted["calls"], "refused": self.counted["refused"]}
        self.counted.clear()
        return _written(200, [("Content-Type", "application/json")], json.dumps(told).encode())


class Connection(asyncio.Protocol):
    """Reads requests of one kept connection and writes their answers in order."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._buffer = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        asked = None if self._task else self._next()
        if asked is not None:
            self._task = asyncio.get_running_loop().create_task(self._answer(asked))

    def _next(self) -> Asked | None:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        method, target, _ = first.split(" ", 2)
        return Asked(method, target, headers, rest[:length])

    async def _answer(self, asked: Asked) -> None:
        answer = await self._replay.answer(asked)
        if not self._transport.is_closing():
            date = f"Date: {formatdate(usegmt=True)}\r\n".encode()
            status, _, rest = answer.partition(b"\r\n")
            self._transport.writelines((status, b"\r\n", date, rest))
            if asked.headers.get("connection", "").lower() == "close":
                self._transport.close()
        self._task = None
        self._go_on()


def _written(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} Replayed"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in NOT_KEPT]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


async def _serve(sandbox_url: str) -> None:
    replay = Replay(sandbox_url)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(replay), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
