"""What a provider says about its limits, and the turn that is held round each call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest
import requests

from services.providers.contract import (
    DailyLimitReached,
    ProviderUnavailable,
    Quota,
    RateLimited,
)
from services.providers.transport import Transport
from tests.providers.raw_server import RawServer, answering
from tests.providers.support import NOON, Waits

URL = "https://api.example.com/things"
ANSWER_LIMIT_S = 0.3


class Turn:
    """A turn that notes what happens in it and outside it."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.stops: list[Event] = []
        self.is_held = False

    @contextmanager
    def __call__(self, stop: Event) -> Iterator[None]:
        self.stops.append(stop)
        self.events.append("entered")
        self.is_held = True
        try:
            yield
        finally:
            self.is_held = False
            self.events.append("left")

    def called(self, _request: object, _context: object) -> bytes:
        """Answer a call of requests_mock."""
        self.events.append("called" if self.is_held else "called without a turn")
        return b"{}"

    def slept(self, _wait_s: float, _stop: Event) -> None:
        """Stand in for sleeping."""
        self.events.append("slept in the turn" if self.is_held else "slept")


@pytest.fixture
def turn() -> Turn:
    return Turn()


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "86400"}, 86_400),
        ({"Retry-After": "66975", "X-Rate-Limit-Problem": "day"}, 66_975),
        ({"Retry-After": "121"}, 121),
        ({"Retry-After": "Sun, 22 Nov 2026 18:00:00 GMT"}, 21_600),
        ({"Retry-After": "30", "X-Rate-Limit-Problem": "DayLimit"}, 30),
        ({"X-Rate-Limit-Problem": " Day "}, 3_600),
    ],
)
def test_a_limit_of_the_day_is_told_apart(server, headers, wait_s):
    server.get(URL, status_code=429, headers=headers | {"xero-correlation-id": "7-x"})

    with pytest.raises(DailyLimitReached) as raised:
        _transport().get(URL, headers={})

    assert raised.value.retry_after_s == wait_s
    assert (raised.value.reference, raised.value.status) == ("7-x", 429)
    assert server.call_count == 1


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, 60),
        ({"X-Rate-Limit-Problem": "minute"}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "48", "X-Rate-Limit-Problem": "Minute"}, 48),
        ({"Retry-After": "11", "X-Rate-Limit-Problem": "concurrent"}, 11),
        ({"Retry-After": "11", "X-Rate-Limit-Problem": "appminute"}, 11),
        ({"Retry-After": "11", "X-Rate-Limit-Problem": "tenant day"}, 11),
    ],
)
def test_a_short_limit_is_no_limit_of_the_day(server, headers, wait_s):
    server.get(URL, status_code=429, headers=headers)

    with pytest.raises(RateLimited) as raised:
        _transport().get(URL, headers={})

    assert type(raised.value) is RateLimited
    assert raised.value.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        ({}, Quota()),
        ({"X-MinLimit-Remaining": "59"}, Quota(minute_left=59)),
        ({"X-DayLimit-Remaining": "0"}, Quota(day_left=0)),
        ({"x-minlimit-remaining": " 7 ", "x-daylimit-remaining": "4999"}, Quota(7, 4_999)),
        ({"X-MinLimit-Remaining": "-1", "X-DayLimit-Remaining": "many"}, Quota()),
        ({"X-MinLimit-Remaining": "1.5", "X-DayLimit-Remaining": "9" * 400}, Quota()),
        ({"X-MinLimit-Remaining": "५", "X-DayLimit-Remaining": ""}, Quota()),
    ],
)
def test_what_is_left_of_the_limits_is_kept_as_told(server, headers, quota):
    server.get(URL, content=b"{}", headers=headers)
    transport = _transport()

    transport.get(URL, headers={})

    assert transport.quota_left == quota


def test_the_last_answer_that_tells_counts_also_where_it_refuses(server):
    transport = _transport()
    told = [
        {"X-MinLimit-Remaining": "1", "X-DayLimit-Remaining": "9"},
        {"X-DayLimit-Remaining": "0"},
    ]
    answers = [{"headers": told[0]}, {"headers": told[1], "status_code": 429}, {"status_code": 404}]
    server.get(URL, answers)

    transport.get(URL, headers={})
    with pytest.raises(RateLimited):
        transport.get(URL, headers={})
    transport.get(URL, headers={})

    assert transport.quota_left == Quota(day_left=0)


@pytest.mark.parametrize("method", ["get", "delete", "post"])
def test_each_call_is_made_in_a_turn(server, turn, method):
    server.register_uri(method, URL, content=turn.called)
    body = {"body": b""} if method == "post" else {}

    getattr(_transport(turn), method)(URL, headers={}, **body)

    assert turn.events == ["entered", "called", "left"]


def test_further_tries_take_further_turns_and_wait_outside_them(server, turn):
    trouble = [{"status_code": 503}, {"status_code": 429, "headers": {"Retry-After": "2"}}]
    server.get(URL, [*trouble, {"content": turn.called}])

    _transport(turn).get(URL, headers={})

    assert turn.events == [
        *("entered", "left", "slept"),
        *("entered", "left", "slept"),
        *("entered", "called", "left"),
    ]


@pytest.mark.parametrize("trouble", [requests.ReadTimeout, requests.ConnectTimeout])
def test_a_failed_call_gives_its_turn_back(server, turn, trouble):
    server.get(URL, exc=trouble)

    with pytest.raises(ProviderUnavailable):
        _transport(turn).get(URL, headers={})

    assert not turn.is_held
    assert turn.events.count("left") == 3


def test_the_turn_lasts_until_the_body_is_read(turn):
    held: list[bool] = []

    def _body_later(connected) -> None:
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{")
        held.append(turn.is_held)
        connected.sendall(b"}")

    with RawServer(_body_later) as server:
        Transport((server.url,), turn=turn).get(server.url, headers={})

    assert held == [True]
    assert turn.events == ["entered", "left"]


def test_waiting_for_a_turn_costs_the_answer_no_time():
    @contextmanager
    def _late_turn(stop: Event) -> Iterator[None]:
        stop.wait(2 * ANSWER_LIMIT_S)
        yield

    with RawServer(answering(b"{}")) as server:
        transport = Transport((server.url,), turn=_late_turn, answer_limit_s=ANSWER_LIMIT_S)

        reply = transport.get(server.url, headers={})

    assert (reply.status, transport.call_count) == (200, 1)


def test_the_turn_is_asked_with_the_event_that_calls_the_reading_off(server, turn):
    server.get(URL, content=b"{}")
    stop = Event()

    _transport(turn).get(URL, headers={}, stop=stop)

    assert turn.stops == [stop]


def test_a_turn_that_is_not_given_makes_no_call(server):
    stop = Event()

    @contextmanager
    def _called_off(asked: Event) -> Iterator[None]:
        asked.set()
        raise ProviderUnavailable("The reading was called off.")
        yield

    transport = Transport((URL,), turn=_called_off, sleep=Waits())

    with pytest.raises(ProviderUnavailable, match="called off"):
        transport.get(URL, headers={}, stop=stop)

    assert (server.call_count, transport.call_count) == (0, 0)


def test_a_list_that_is_under_way_waits_two_minutes_and_says_so(server):
    waits, told = Waits(), []
    transport = Transport((URL,), sleep=waits, now=lambda: NOON, on_wait=told.append)
    refused = {"status_code": 429, "headers": {"Retry-After": "120"}}
    server.get(URL, [{"text": "{}"}] * 3 + [refused, {"text": "{}"}])

    for _ in range(4):
        transport.get(URL, headers={})

    assert waits.seconds == told == [120]


def test_the_first_calls_of_a_list_do_not_keep_anybody_waiting(server):
    waits, told = Waits(), []
    transport = Transport((URL,), sleep=waits, now=lambda: NOON, on_wait=told.append)
    server.get(URL, [{"text": "{}"}, {"status_code": 429, "headers": {"Retry-After": "11"}}])

    transport.get(URL, headers={})
    with pytest.raises(RateLimited):
        transport.get(URL, headers={})

    assert waits.seconds == told == []


def _transport(turn: Turn | None = None) -> Transport:
    sleep = turn.slept if turn else Waits()
    return Transport((URL,), turn=turn, sleep=sleep, now=lambda: NOON)
