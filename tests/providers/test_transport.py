"""One HTTP call: how answers, refusals and missing answers are told."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import requests

from services.providers.contract import (
    ProviderUnavailable,
    RateLimited,
    UnreadableAnswer,
)
from services.providers.transport import RefusedAddress, Transport, origin_of
from tests.providers.support import NOON, Waits

URL = "https://api.example.com/things"
HEADERS = {"Authorization": "Bearer canary-token"}


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def transport(waits: Waits) -> Transport:
    return Transport((URL,), sleep=waits, now=lambda: NOON)


def test_an_answer_comes_back_as_received(transport, server):
    server.get(URL, status_code=400, headers={"intuit_tid": "1-abc"}, content=b"no")

    reply = transport.get(URL, headers=HEADERS)

    assert (reply.status, reply.body, reply.reference) == (400, b"no", "1-abc")


def test_one_call_may_take_twenty_seconds(transport, server):
    server.get(URL, content=b"{}")

    transport.get(URL, headers=HEADERS)

    assert sum(server.last_request.timeout) == 20


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_passing_trouble_is_not_noticed(transport, server, waits, status):
    server.get(URL, [{"status_code": status}, {"status_code": status}, {"content": b"{}"}])

    reply = transport.get(URL, headers=HEADERS)

    assert reply.json_object() == {}
    assert transport.call_count == 3
    assert 0.3 < waits.seconds[0] < 0.7 < waits.seconds[1] < 1.3


@pytest.mark.parametrize(
    "trouble",
    [
        {"status_code": 503},
        {"exc": requests.ReadTimeout},
        {"exc": requests.ConnectTimeout},
        {"exc": requests.ConnectionError},
        {"exc": requests.exceptions.SSLError},
        {"exc": requests.exceptions.ChunkedEncodingError},
        {"exc": requests.exceptions.InvalidHeader},
    ],
)
def test_a_lasting_trouble_ends_after_three_tries(transport, server, trouble):
    server.get(URL, **trouble)

    with pytest.raises(ProviderUnavailable):
        transport.get(URL, headers=HEADERS)

    assert server.call_count == transport.call_count == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(transport, server, status):
    server.get(URL, status_code=status, headers={"Location": "https://evil.example.com/"})

    with pytest.raises(UnreadableAnswer):
        transport.get(URL, headers=HEADERS)

    assert server.call_count == 1


@pytest.mark.parametrize(
    ("header", "asked_s"),
    [
        ("7", 7),
        ("0", 1),
        ("2.5", 2.5),
        (" 5 ", 5),
        ("Sun, 22 Nov 2026 12:00:09 GMT", 9),
        ("Sun, 22 Nov 2026 12:00:09 -0000", 9),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 1),
    ],
)
def test_a_short_wait_is_slept_exactly(transport, server, waits, header, asked_s):
    refusal = {"status_code": 429, "headers": {"Retry-After": header}}
    server.get(URL, [refusal, {"content": b"{}"}])

    transport.get(URL, headers=HEADERS)

    assert waits.seconds == [asked_s]


@pytest.mark.parametrize(
    ("headers", "asked_s"),
    [
        ({}, 60),
        ({"Retry-After": "-5"}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": ""}, 60),
        ({"Retry-After": "nan"}, 60),
        ({"Retry-After": "Sun, 99 Nov 2026 99:00:00 GMT"}, 60),
        ({"Retry-After": "11"}, 11),
        ({"Retry-After": "66975"}, 66_975),
        ({"Retry-After": "86400"}, 86_400),
        ({"Retry-After": "999999999999"}, 86_400),
        ({"Retry-After": "9" * 400}, 60),
        ({"Retry-After": "Mon, 22 Nov 9999 12:00:00 GMT"}, 86_400),
    ],
)
def test_a_long_wait_is_told_to_the_caller(transport, server, waits, headers, asked_s):
    server.get(URL, status_code=429, headers=headers)

    with pytest.raises(RateLimited) as raised:
        transport.get(URL, headers=HEADERS)

    assert raised.value.retry_after_s == asked_s
    assert (server.call_count, waits.seconds) == (1, [])


def test_waiting_ends_after_three_tries(transport, server, waits):
    server.get(URL, status_code=429, headers={"Retry-After": "2"})

    with pytest.raises(RateLimited):
        transport.get(URL, headers=HEADERS)

    assert waits.seconds == [2, 2]


@pytest.mark.parametrize("trouble", [{"status_code": 503}, {"exc": requests.ReadTimeout}])
def test_a_post_is_sent_once(transport, server, trouble):
    server.post(URL, **trouble)

    with pytest.raises(ProviderUnavailable):
        transport.post(URL, headers={}, body=b"grant")

    assert server.call_count == 1


def test_a_rate_limited_post_is_not_repeated(transport, server, waits):
    server.post(URL, status_code=429, headers={"Retry-After": "1"})

    with pytest.raises(RateLimited):
        transport.post(URL, headers={}, body=b"grant")

    assert (server.call_count, waits.seconds) == (1, [])


def test_a_post_that_never_left_is_sent_again(transport, server):
    server.post(URL, [{"exc": requests.ConnectTimeout}, {"content": b"{}"}])

    reply = transport.post(URL, headers={}, body=b"grant")

    assert reply.status == 200
    assert server.call_count == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"<html>We will be back</html>",
        b'{"a":1',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"Caf\xe9"}',
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":1e9999999999999999999}',
    ],
)
def test_an_answer_that_is_not_one_json_object_is_unreadable(transport, server, body):
    server.get(URL, content=body, headers={"intuit_tid": "1-abc"})
    reply = transport.get(URL, headers=HEADERS)

    with pytest.raises(UnreadableAnswer) as raised:
        reply.json_object()

    assert (raised.value.status, raised.value.reference) == (200, "1-abc")


@pytest.mark.parametrize("reference", ["a b", "x" * 101, "<script>", ""])
def test_a_reference_that_is_no_reference_is_not_shown(transport, server, reference):
    server.get(URL, headers={"intuit_tid": reference})

    reply = transport.get(URL, headers=HEADERS)

    assert reply.reference == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.com/things",
        "https://api.example.com.evil.example/things",
        "https://api.example.com@evil.example/things",
        "https://api.example.com:444/things",
        "http://api.example.com/things",
        "file:///etc/passwd",
        "//api.example.com/things",
    ],
)
def test_no_other_address_is_called(transport, server, address):
    with pytest.raises(RefusedAddress):
        transport.get(address, headers=HEADERS)

    assert server.call_count == 0


@pytest.mark.parametrize("address", ["http://api.example.com", "http://10.0.0.1", "ftp://x.org"])
def test_http_is_spoken_inside_this_machine_only(address):
    with pytest.raises(RefusedAddress):
        Transport((address,))


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("http://127.0.0.1:5001/quickbooks", "http://127.0.0.1:5001"),
        ("http://localhost/x", "http://localhost:80"),
        ("http://[::1]:5001/x", "http://[::1]:5001"),
        ("https://API.example.com/x?y", "https://api.example.com:443"),
        ("https://api.example.com:443/x", "https://api.example.com:443"),
    ],
)
def test_an_origin_is_scheme_host_and_port(address, origin):
    assert origin_of(address) == origin


def test_logs_of_the_libraries_stay_quiet_whatever_the_root_says():
    programme = (
        "import logging; logging.basicConfig(level=logging.DEBUG)\n"
        "import services.providers.transport\n"
        "for name in ('requests_oauthlib', 'oauthlib', 'urllib3', 'urllib3.connectionpool'):\n"
        "    assert not logging.getLogger(name).isEnabledFor(logging.INFO), name\n"
    )

    finished = subprocess.run([sys.executable, "-c", programme], env=_environment(), check=False)

    assert finished.returncode == 0


def test_entries_of_netrc_do_not_replace_the_token(transport, server, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.example.com login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.get(URL, content=b"{}")

    transport.get(URL, headers=HEADERS)

    assert server.last_request.headers["Authorization"] == "Bearer canary-token"


def test_cookies_are_not_kept(transport, server):
    server.get(URL, content=b"{}", headers={"Set-Cookie": "a=b; Path=/"})

    transport.get(URL, headers=HEADERS)
    transport.get(URL, headers=HEADERS)

    assert "Cookie" not in server.last_request.headers


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.getcwd()}
