"""Fetch the pages of one list by several threads, with one caller and little memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from threading import Event
from typing import Generic, Protocol, TypeVar

from services.providers.access_tokens import AccessTokens, TokenRefused, refused_again

Page = TypeVar("Page")
PageOut = TypeVar("PageOut", covariant=True)


class FetchPage(Protocol[PageOut]):
    """Fetches the page at a position; `stop` says that nobody waits for it any more."""

    def __call__(self, position: int, token: str, *, stop: Event) -> PageOut:
        """Return the page. Raises TokenRefused or the ProviderError family."""


@dataclass(frozen=True, slots=True)
class _Errand:
    position: int
    token: str
    is_second_try: bool


class _Fetchers(Generic[Page]):
    """The threads at work and what each was sent for."""

    def __init__(self, fetch: FetchPage[Page], *, concurrent_calls: int) -> None:
        self._fetch = fetch
        self._stop = Event()
        self._pool = ThreadPoolExecutor(concurrent_calls, thread_name_prefix="provider-page")
        self._running: dict[Future[Page], _Errand] = {}

    @property
    def count(self) -> int:
        return len(self._running)

    def send(self, errand: _Errand) -> None:
        # Lines that a thread logs are about what its caller works on.
        run = copy_context().run
        task = self._pool.submit(run, self._fetch, errand.position, errand.token, stop=self._stop)
        self._running[task] = errand

    def returned(self) -> list[tuple[_Errand, Future[Page]]]:
        """Wait for the first to come back; those not looked at yet stay counted."""
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        return [(self._running.pop(task), task) for task in list(self._running) if task in done]

    def call_off(self) -> None:
        """Let nobody start; those on the way stop at their next packet or wait, unwaited for."""
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)


def read_pages(
    positions: Iterable[int],
    fetch: FetchPage[Page],
    *,
    tokens: AccessTokens,
    concurrent_calls: int,
) -> Iterator[Page]:
    """Yield the page of every position, as they arrive.

    Never more than `concurrent_calls` pages are fetched or waiting to be taken. The first error
    ends the reading and calls the other threads off. A refused token is renewed here, in the
    caller's thread, once for all threads that used it.
    """
    waiting = deque(positions)
    fetchers = _Fetchers(fetch, concurrent_calls=concurrent_calls)
    try:
        while waiting or fetchers.count:
            while waiting and fetchers.count < concurrent_calls:
                fetchers.send(_Errand(waiting.popleft(), tokens.current(), is_second_try=False))
            for errand, task in fetchers.returned():
                try:
                    page = task.result()
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
