"""Fetch the pages of one list by several threads, with one caller and little memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from threading import Event
from typing import Protocol, TypeVar

from services.providers.access_tokens import AccessTokens, TokenRefused, refused_again
from services.providers.replies import Reply

Page = TypeVar("Page")
PageOut = TypeVar("PageOut", covariant=True)


class FetchPage(Protocol):
    """Fetches the page at a position; `stop` says that nobody waits for it any more."""

    def __call__(self, position: int, token: str, *, stop: Event) -> Reply:
        """Return the answer as it came. Raises the ProviderError family."""


class ReadPage(Protocol[PageOut]):
    """Makes the page of an answer that was fetched with this token."""

    def __call__(self, reply: Reply, *, token: str) -> PageOut:
        """Return the page. Raises TokenRefused or the ProviderError family."""


@dataclass(frozen=True, slots=True)
class _Errand:
    position: int
    token: str
    is_second_try: bool


class _Fetchers:
    """The threads at work and what each was sent for."""

    def __init__(self, fetch: FetchPage, *, concurrent_calls: int) -> None:
        self._fetch = fetch
        self._stop = Event()
        self._most = concurrent_calls
        self._pool = ThreadPoolExecutor(concurrent_calls, thread_name_prefix="provider-page")
        self._running: dict[Future[Reply], _Errand] = {}

    @property
    def count(self) -> int:
        return len(self._running)

    def fill_up(self, waiting: deque[int], tokens: AccessTokens) -> None:
        """Send as many more as may be under way."""
        while waiting and self.count < self._most:
            self.send(_Errand(waiting.popleft(), tokens.current(), is_second_try=False))

    def send(self, errand: _Errand) -> None:
        # Lines that a thread logs are about what its caller works on.
        run = copy_context().run
        task = self._pool.submit(run, self._fetch, errand.position, errand.token, stop=self._stop)
        self._running[task] = errand

    def returned(self) -> tuple[_Errand, Future[Reply]]:
        """Wait for one to come back; others that are back as well stay counted."""
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        task = next(task for task in self._running if task in done)
        return self._running.pop(task), task

    def call_off(self) -> None:
        """Let nobody start; those on the way stop at their next packet or wait, unwaited for."""
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)


def read_pages(
    positions: Iterable[int],
    fetch: FetchPage,
    read: ReadPage[Page],
    *,
    tokens: AccessTokens,
    concurrent_calls: int,
) -> Iterator[Page]:
    """Yield the page of every position, as they arrive.

    Threads fetch, the caller's own reads: a thread that read its page would keep the next call
    from its turn, and all of them would share one processor anyway. Never more than
    `concurrent_calls` answers are fetched or waiting to be read, besides the one that the caller
    works on while the next call is on its way, and that of a page asked for again. The first
    error ends the reading and calls the other threads off. A refused token is renewed here, once
    for all threads that used it.
    """
    waiting = deque(positions)
    fetchers = _Fetchers(fetch, concurrent_calls=concurrent_calls)
    try:
        while waiting or fetchers.count:
            fetchers.fill_up(waiting, tokens)
            errand, task = fetchers.returned()
            reply = task.result()
            if reply.status == 200:
                # Anything else may say that no further call will be answered with this token.
                fetchers.fill_up(waiting, tokens)
            try:
                page = read(reply, token=errand.token)
            except TokenRefused as refused:
                fetchers.send(_second_errand(errand, refused, tokens))
            else:
                yield page
    finally:
        fetchers.call_off()


def _second_errand(errand: _Errand, refused: TokenRefused, tokens: AccessTokens) -> _Errand:
    if errand.is_second_try:
        raise refused_again(refused) from None
    return _Errand(errand.position, tokens.newer_than(refused), is_second_try=True)
