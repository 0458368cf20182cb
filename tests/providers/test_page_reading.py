"""Pages fetched by several threads for one caller."""

from __future__ import annotations

from threading import Barrier, Event, Lock, Thread, current_thread

import pytest

from services.providers.access_tokens import AccessTokens, TokenRefused
from services.providers.contract import ProviderUnavailable, ReconnectRequired
from services.providers.page_reading import read_pages
from services.providers.replies import Reply

PATIENCE_S = 5


class _Traffic:
    """Counts how many fetches are under way or waiting to be taken."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.now = 0
        self.most = 0
        self.begun = 0

    def begin(self) -> None:
        with self._lock:
            self.begun += 1
            self.now += 1
            self.most = max(self.most, self.now)

    def end(self) -> None:
        with self._lock:
            self.now -= 1


def test_every_position_is_read_once():
    pages = _read(range(50), _position)

    assert sorted(pages) == list(range(50))


def test_no_position_means_no_page():
    assert list(_read([], _position)) == []


def test_as_many_as_allowed_are_fetched_at_a_time():
    barrier = Barrier(8)

    def _fetch(position: int, token: str, *, stop: Event) -> Reply:
        barrier.wait(PATIENCE_S)
        return _reply(position)

    pages = list(_read(range(16), _fetch))

    assert len(pages) == 16


def test_one_page_more_is_held_than_calls_allowed_however_slow_the_caller():
    traffic = _Traffic()

    def _fetch(position: int, token: str, *, stop: Event) -> Reply:
        traffic.begin()
        return _reply(position)

    for _ in _read(range(40), _fetch):
        Event().wait(0.002)
        traffic.end()

    assert traffic.most <= 9


def test_the_next_call_is_on_its_way_while_the_caller_works_on_a_page():
    second_begun = Event()

    def _fetch(position: int, token: str, *, stop: Event) -> Reply:
        if position == 1:
            second_begun.set()
        return _reply(position)

    tokens = AccessTokens(lambda _refused: "token")
    pages = read_pages([0, 1], _fetch, _number, tokens=tokens, concurrent_calls=1)
    next(pages)

    assert second_begun.wait(PATIENCE_S)


def test_the_first_error_ends_the_reading_and_calls_the_others_off():
    traffic = _Traffic()
    called_off = Event()

    def _fetch(position: int, token: str, *, stop: Event) -> Reply:
        traffic.begin()
        if position == 3:
            raise ProviderUnavailable("no answer")
        if stop.wait(PATIENCE_S):
            called_off.set()
        return _reply(position)

    with pytest.raises(ProviderUnavailable):
        list(_read(range(100), _fetch))

    assert called_off.wait(PATIENCE_S)
    assert traffic.begun == 8


def test_a_caller_who_leaves_calls_the_others_off():
    stops: list[Event] = []

    def _fetch(position: int, token: str, *, stop: Event) -> Reply:
        stops.append(stop)
        return _reply(position)

    pages = _read(range(100), _fetch)
    next(pages)
    pages.close()

    assert stops[0].is_set()
    assert len(stops) <= 16


def test_a_refused_token_is_renewed_once_for_all_in_the_callers_thread():
    asked: list[tuple[str | None, Thread]] = []

    def _supply(refused: str | None) -> str:
        asked.append((refused, current_thread()))
        return "new" if refused else "old"

    barrier, tokens = Barrier(8), list[str]()

    def _fetch(position: int, token: str, *, stop: Event) -> Reply:
        tokens.append(token)
        if token == "old":
            barrier.wait(PATIENCE_S)
        return _reply(position, status=401 if token == "old" else 200)

    pages = list(_read(range(20), _fetch, AccessTokens(_supply)))

    assert sorted(pages) == list(range(20))
    assert asked == [(None, current_thread()), ("old", current_thread())]
    assert tokens.count("old") == 8


def test_a_refusal_in_a_good_answer_is_read_as_well():
    def _read_it(reply: Reply, *, token: str) -> int:
        if token == "old":
            raise TokenRefused(token)
        return int(reply.body)

    supplied = AccessTokens(lambda refused: "new" if refused else "old")

    assert sorted(_read(range(20), _position, supplied, read=_read_it)) == list(range(20))


def test_pages_are_read_in_the_callers_thread_only():
    def _read_here(reply: Reply, *, token: str) -> int:
        assert current_thread() is caller
        return int(reply.body)

    caller = current_thread()

    assert len(list(_read(range(20), _position, read=_read_here))) == 20


def test_a_renewed_token_refused_again_needs_a_person():
    calls = _Traffic()

    def _fetch(position: int, token: str, *, stop: Event) -> Reply:
        calls.begin()
        return _reply(position, status=401)

    with pytest.raises(ReconnectRequired) as raised:
        list(_read([1], _fetch))

    assert raised.value.reference == "1-abc"
    assert calls.begun == 2


def test_an_error_of_the_token_supplier_ends_the_reading():
    def _supply(refused: str | None) -> str:
        if refused:
            raise ReconnectRequired("revoked")
        return "old"

    def _fetch(position: int, token: str, *, stop: Event) -> Reply:
        return _reply(position, status=401)

    with pytest.raises(ReconnectRequired, match="revoked"):
        list(_read([1, 2, 3], _fetch, AccessTokens(_supply)))


def _position(position: int, token: str, *, stop: Event) -> Reply:
    return _reply(position)


def _reply(position: int, *, status: int = 200) -> Reply:
    return Reply(status, {}, str(position).encode())


def _number(reply: Reply, *, token: str) -> int:
    if reply.status == 401:
        raise TokenRefused(token, reference="1-abc")
    return int(reply.body)


def _read(positions, fetch, tokens=None, *, read=_number):
    tokens = tokens or AccessTokens(lambda _refused: "token")
    return read_pages(positions, fetch, read, tokens=tokens, concurrent_calls=8)
