"""Switches that spoil the way an answer travels; on real sockets."""

import http.client
import socket
import time
from contextlib import ExitStack

import pytest

from tests.sandbox.live import live

PATIENCE_S = 15


@pytest.fixture
def port(app):
    with live(app) as port:
        yield port


@pytest.fixture
def ask(caller, port):
    """Ask for the company on a connection of its own."""
    with ExitStack() as kept:

        def _ask():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
            kept.callback(connection.close)
            path = f"/quickbooks/v3/company/{caller.realm}/companyinfo/1"
            connection.request("GET", path, headers=caller.headers)
            answered = connection.getresponse()
            kept.callback(answered.close)
            return answered

        yield _ask


def _whole(caller):
    return caller.get("companyinfo/1").data


def test_a_drip_arrives_whole_but_slowly(caller, ask, turn_on):
    turn_on(fault="drip", seconds=0.05, chunk=100)
    started = time.monotonic()

    body = ask().read()

    assert len(body) == len(_whole(caller))
    assert time.monotonic() - started >= 0.05 * (len(body) // 100)


def test_a_reset_cuts_the_body(caller, ask, turn_on):
    turn_on(fault="reset", after_bytes=40)
    answered = ask()

    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        answered.read()


@pytest.mark.parametrize("variant", ["close", "chunked"])
def test_the_body_ends_before_its_promised_length(caller, ask, turn_on, variant):
    turn_on(fault="reset", after_bytes=40, variant=variant)

    with pytest.raises(http.client.IncompleteRead):
        ask().read()


def test_even_a_whole_body_is_cut_when_more_was_promised(caller, ask, turn_on):
    turn_on(fault="reset", after_bytes=10**6, variant="close")

    with pytest.raises(http.client.IncompleteRead):
        ask().read()


def test_without_a_length_half_a_body_looks_whole(caller, ask, turn_on):
    turn_on(fault="reset", after_bytes=10**6, variant="no_length")

    answered = ask()

    whole = _whole(caller)
    assert (answered.status, answered.getheader("Content-Length")) == (200, None)
    assert len(answered.read()) == len(whole) // 2


def test_a_call_can_stay_unanswered(caller, ask, turn_on):
    turn_on(fault="reset", variant="unanswered")

    with pytest.raises(http.client.RemoteDisconnected):
        ask()


def test_an_answer_can_be_no_http(caller, ask, turn_on):
    turn_on(fault="reset", variant="status_line")

    with pytest.raises(http.client.BadStatusLine):
        ask()


def test_a_lost_refresh_was_made_all_the_same(caller, port, turn_on):
    turn_on(fault="rotate_refresh", single_use=True, lose_answer=True, times=1)
    body = f"grant_type=refresh_token&refresh_token={caller.grant['refresh_token']}"
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        connection.sendall(
            b"POST /quickbooks/oauth2/v1/tokens/bearer HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Authorization: Basic c2FuZGJveC1xdWlja2Jvb2tzLWNsaWVudDpzYW5kYm94LXF1aWNrYm9va3M"
            b"tc2VjcmV0\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )

        received = connection.recv(100)

    assert received == b""
    assert caller.refresh().json["error"] == "invalid_grant"


def test_after_a_broken_connection_the_next_one_is_served(caller, ask, turn_on):
    turn_on(fault="reset", variant="unanswered", times=1)
    with pytest.raises(http.client.RemoteDisconnected):
        ask()

    assert ask().status == 200


def test_a_wrong_date_is_the_only_one(caller, ask, turn_on):
    turn_on(fault="clock_skew", seconds=3600)

    answered = ask()

    assert answered.headers.get_all("Date") == ["Fri, 20 Nov 2026 17:00:00 GMT"]
