"""One HTTP call against servers that misbehave below the level of HTTP."""

from __future__ import annotations

import gzip
import logging
import socket
import time
from threading import Event

import pytest
import requests

from services.providers.answer_deadline import AnswerDeadlineAdapter
from services.providers.contract import ProviderUnavailable, UnreadableAnswer
from services.providers.transport import BODY_MAX_BYTES, Transport
from tests.providers.raw_server import (
    RawServer,
    answering,
    dripping,
    resetting,
    sending,
)
from tests.providers.support import Waits

GZIP = "Content-Encoding: gzip\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWER_LIMIT_S = 0.3


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        b"HTTP/1.1 200 OK\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{",
    ],
    ids=["status line", "headers", "body without length", "body"],
)
def test_an_answer_that_drips_ends_at_the_deadline(start):
    with RawServer(dripping(start)) as server:
        transport = _transport(server)
        begun_s = time.monotonic()

        with pytest.raises(ProviderUnavailable):
            transport.post(server.url, headers={}, body=b"")

        assert ANSWER_LIMIT_S <= time.monotonic() - begun_s < 10 * ANSWER_LIMIT_S


def test_the_deadline_holds_behind_a_proxy():
    session = requests.Session()
    session.mount("http://", AnswerDeadlineAdapter())

    with RawServer(dripping(b"HTTP/1.1 200 OK\r\nX-Long: ")) as proxy:
        proxies = {"http": proxy.url}

        with pytest.raises(requests.ReadTimeout):
            session.get("http://books.example/", proxies=proxies, timeout=ANSWER_LIMIT_S)


def test_a_server_that_says_nothing_ends_at_the_deadline():
    with RawServer(lambda connected: time.sleep(2 * ANSWER_LIMIT_S)) as server:
        transport = _transport(server)

        with pytest.raises(ProviderUnavailable):
            transport.post(server.url, headers={}, body=b"")


@pytest.mark.parametrize(
    "script",
    [
        resetting(b""),
        resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"),
        answering(b'{"a":1}', length=20),
        sending(CHUNKED + b"5\r\n{}"),
        sending(CHUNKED + b"zz\r\n{}"),
        sending(b""),
        sending(b"rubbish instead of a status line\r\n\r\n"),
        answering(b"{}", headers=f"X-Long: {'x' * 100_000}\r\n"),
        answering(b"{}", headers="Content-Length: 3\r\n"),
    ],
    ids=[
        "reset at once",
        "reset in the body",
        "shorter than declared",
        "chunk cut short",
        "chunk without a size",
        "closed without a byte",
        "no status line",
        "endless header",
        "two lengths",
    ],
)
def test_a_broken_answer_is_tried_three_times(script):
    with RawServer(script) as server:
        transport = _transport(server)

        with pytest.raises(ProviderUnavailable):
            transport.get(server.url, headers={})

        assert len(server.requests) == 3


@pytest.mark.parametrize(
    "script",
    [
        sending(b'HTTP/1.1 200 OK\r\n\r\n{"QueryResponse":{"Cust'),
        answering(gzip.compress(b'{"QueryResponse":{"Customer":[1,2,3,4,5]}}')[:-20], headers=GZIP),
    ],
    ids=["closed in the body", "gzip cut short"],
)
def test_half_a_body_that_arrives_as_whole_is_unreadable(script):
    with RawServer(script) as server:
        reply = _transport(server).get(server.url, headers={})

        with pytest.raises(UnreadableAnswer):
            reply.json_object()


def test_a_body_that_only_pretends_to_be_gzip_is_unreadable():
    script = answering(b'{"QueryResponse":{}}', headers=GZIP)

    with RawServer(script) as server, pytest.raises(UnreadableAnswer):
        _transport(server).get(server.url, headers={})


def test_a_small_body_that_unpacks_to_a_huge_one_is_unreadable():
    bomb = gzip.compress(b" " * (BODY_MAX_BYTES + 1_000_000), compresslevel=1)

    script = answering(bomb, headers=GZIP)

    with RawServer(script) as server, pytest.raises(UnreadableAnswer, match="too large"):
        _transport(server).get(server.url, headers={})


def test_a_packed_answer_is_unpacked():
    with RawServer(answering(gzip.compress(b'{"a":1}'), headers=GZIP)) as server:
        reply = _transport(server).get(server.url, headers={})

    assert reply.json_object() == {"a": 1}


def test_logs_name_class_status_and_reference_only(caplog):
    caplog.set_level(logging.DEBUG)
    script = answering(b"canary", headers="intuit_tid: 1-abc\r\n", status="500 Oops")

    with RawServer(script) as server, pytest.raises(ProviderUnavailable):
        _transport(server).get(
            server.url, headers={"Authorization": "canary"}, params={"query": "canary"}
        )

    assert "ProviderUnavailable status=500 reference=1-abc" in caplog.text
    assert "canary" not in caplog.text


def test_a_reading_called_off_makes_no_further_call():
    stop = Event()
    stop.set()

    with RawServer(answering(b"{}")) as server:
        transport = _transport(server)

        with pytest.raises(ProviderUnavailable):
            transport.get(server.url, headers={}, stop=stop)

        assert (transport.call_count, server.requests) == (0, [])


def test_a_reading_called_off_in_the_middle_of_an_answer_ends_there():
    stop = Event()

    def _half(connected: socket.socket) -> None:
        connected.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 65_536)
        stop.set()
        connected.sendall(b" " * 65_536)

    with RawServer(_half) as server:
        transport = _transport(server)

        with pytest.raises(ProviderUnavailable):
            transport.get(server.url, headers={}, stop=stop)

        assert transport.call_count == 1


def test_a_wait_called_off_ends_at_once():
    stop = Event()

    def _busy(connected: socket.socket) -> None:
        answering(b"", headers="Retry-After: 9\r\n", status="429 Busy")(connected)
        stop.set()

    with RawServer(_busy) as server:
        transport = Transport((server.url,))
        begun_s = time.monotonic()

        with pytest.raises(ProviderUnavailable):
            transport.get(server.url, headers={}, stop=stop)

        assert time.monotonic() - begun_s < 5
        assert transport.call_count == 1


def _transport(server: RawServer) -> Transport:
    return Transport((server.url,), answer_limit_s=ANSWER_LIMIT_S, sleep=Waits())
