"""Connections that are kept, replaced, refused or one's own."""

from __future__ import annotations

import socket
import time

import pytest

from services.providers.contract import ProviderUnavailable, UnreadableAnswer
from services.providers.transport import NotSent, Transport
from tests.providers.raw_server import RawServer, answering, read_request, resetting, sending
from tests.providers.support import Waits

ANSWER_LIMIT_S = 0.3


@pytest.mark.parametrize("end", [sending(b""), resetting(b"")], ids=["closed", "reset"])
def test_a_connection_that_died_meanwhile_is_replaced_at_once(end):
    waits = Waits()

    def _answer_and_die_at_the_next_request(connected: socket.socket) -> None:
        answering(b"{}")(connected)
        read_request(connected)
        end(connected)

    with RawServer(_answer_and_die_at_the_next_request, answering(b"{}")) as server:
        transport = Transport((server.url,), sleep=waits)
        transport.get(server.url, headers={})

        reply = transport.get(server.url, headers={})

    assert reply.status == 200
    assert (transport.call_count, waits.seconds) == (3, [])


def test_a_server_that_always_hangs_up_is_not_hurried_again():
    waits = Waits()

    with RawServer(sending(b"")) as server, pytest.raises(ProviderUnavailable):
        Transport((server.url,), sleep=waits).get(server.url, headers={})

    assert [wait_s > 0.5 for wait_s in waits.seconds] == [True]


def test_a_deletion_travels_on_a_connection_of_its_own():
    gone = answering(b"", status="404 Not Found")

    with RawServer(answering(b"", status="204 No Content"), gone) as server:
        transport = _transport(server)
        replies = [transport.delete(server.url, headers={"X-Who": "us"}) for _ in range(2)]

    assert [reply.status for reply in replies] == [204, 404]
    assert all(request.startswith(b"DELETE / ") for request in server.requests)
    assert all(b"Connection: close" in request for request in server.requests)


def test_a_deletion_is_tried_again_after_trouble_that_may_pass():
    with RawServer(answering(b"", status="503 Busy"), answering(b"")) as server:
        transport = _transport(server)

        reply = transport.delete(server.url, headers={})

    assert (reply.status, transport.call_count) == (200, 2)


def test_a_post_takes_no_connection_that_was_kept():
    def _answer_once_and_hang_up_at_the_next_request(connected: socket.socket) -> None:
        answering(b"{}")(connected)
        connected.settimeout(0.2)
        read_request(connected)

    with RawServer(_answer_once_and_hang_up_at_the_next_request, answering(b"{}")) as server:
        transport = _transport(server)
        transport.get(server.url, headers={})

        reply = transport.post(server.url, headers={}, body=b"grant")

    assert (reply.status, transport.call_count) == (200, 2)


def test_a_connection_that_died_meanwhile_ends_a_post():
    with RawServer(sending(b""), answering(b"{}")) as server:
        with pytest.raises(ProviderUnavailable):
            _transport(server).post(server.url, headers={}, body=b"grant")

        assert len(server.requests) == 1


def test_nobody_listening_means_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    transport = Transport((url,), sleep=Waits())

    with pytest.raises(NotSent):
        transport.post(url, headers={}, body=b"grant")

    assert transport.call_count == 2


def test_an_unknown_host_means_nothing_was_sent(monkeypatch):
    def _no_such_host(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", _no_such_host)

    with pytest.raises(NotSent):
        Transport(("https://nowhere.example",), sleep=Waits()).post(
            "https://nowhere.example", headers={}, body=b""
        )


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary", "308 Permanent"])
def test_a_grant_is_never_carried_to_another_host(status):
    with RawServer(answering(b"{}")) as stranger:
        redirect = answering(b"", headers=f"Location: {stranger.url}/\r\n", status=status)
        with RawServer(redirect) as server, pytest.raises(UnreadableAnswer):
            _transport(server).post(server.url, headers={}, body=b"refresh_token=canary")

        assert stranger.requests == []


def test_the_next_call_on_a_kept_connection_has_the_whole_time_again():
    def _two_answers(connected: socket.socket) -> None:
        answering(b"{}")(connected)
        connected.recv(65_536)
        time.sleep(0.15)
        answering(b'{"second":true}')(connected)

    with RawServer(_two_answers) as server:
        transport = _transport(server)
        transport.get(server.url, headers={})
        time.sleep(0.2)

        reply = transport.get(server.url, headers={})

    assert reply.json_object() == {"second": True}
    assert len(server.requests) == 1


def _transport(server: RawServer) -> Transport:
    return Transport((server.url,), answer_limit_s=ANSWER_LIMIT_S, sleep=Waits())
