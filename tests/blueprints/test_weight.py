"""Answers are packed for whoever can unpack them, and stay small with the longest lists."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import brotli
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from blueprints import compression, customers
from extensions import file_compression
from models import Connection
from tests.blueprints.support import QUICKBOOKS, Browser, htmx_headers
from tests.factories import NOW, make_customer, make_reading, make_remote_customer
from tests.security.parsing import files_of, packed_file_bytes

STATIC = Path(__file__).resolve().parents[2] / "static"
FIRST_LOAD_BYTES, FRAGMENT_BYTES = 45_000, 15_000
GZIP = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize(
    "path",
    [
        "/customers",
        "/customers.csv",
        "/static/app.css",
        "/static/vendor/htmx.min.js",
        "/static/icons.svg",
    ],
)
def test_what_is_packed_is_the_same_as_before(
    ada: Browser, session: Session, people: SimpleNamespace, path: str
) -> None:
    _fill(lambda **values: make_customer(session, people.company, **values))
    session.commit()

    packed, plain = ada.get(path, headers=GZIP), ada.get(path)

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) < len(plain.data) / 2
    assert packed.content_length in (None, len(packed.data))
    assert "Content-Encoding" not in plain.headers
    assert _without_tokens(gzip.decompress(packed.data)) == _without_tokens(plain.data)


@pytest.mark.parametrize("path", ["/customers", "/static/app.css"])
def test_over_https_browsers_take_what_is_smaller_still(ada: Browser, path: str) -> None:
    packed = ada.get(path, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})

    assert packed.headers["Content-Encoding"] == "br"
    assert len(packed.data) < len(ada.get(path, headers=GZIP).data)
    assert _without_tokens(brotli.decompress(packed.data)) == _without_tokens(ada.get(path).data)


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        ("/customers", "identity"),
        ("/customers", "gzip;q=0"),
        ("/healthz", "gzip"),
        ("/static/mark.svg", "gzip"),
        ("/static/nothing.css", "gzip"),
    ],
)
def test_what_is_tiny_or_not_understood_stays_as_it_is(
    ada: Browser, path: str, accepted: str
) -> None:
    answer = ada.get(path, headers={"Accept-Encoding": accepted})

    assert "Content-Encoding" not in answer.headers
    assert answer.content_length == len(answer.data)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_the_length_of_a_page_tells_another_site_nothing_new(ada: Browser, site: str) -> None:
    foreign = GZIP | {"Sec-Fetch-Site": site}
    own = GZIP | {"Sec-Fetch-Site": "same-origin"}

    assert "Content-Encoding" not in ada.get("/customers?q=guess", headers=foreign).headers
    assert "Content-Encoding" in ada.get("/customers?q=guess", headers=own).headers
    assert "Content-Encoding" in ada.get("/static/app.css", headers=foreign).headers


def test_a_file_that_did_not_change_is_not_sent_again(ada: Browser) -> None:
    packed = ada.get("/static/app.css", headers=GZIP)
    plain = ada.get("/static/app.css")

    again = ada.get("/static/app.css", headers=GZIP | {"If-None-Match": packed.headers["ETag"]})

    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert (again.status_code, again.data) == (304, b"")
    assert "Accept-Encoding" in again.headers["Vary"]


def test_head_has_the_headers_of_get(ada: Browser) -> None:
    for path in ("/static/app.css", "/static/vendor/pico.min.css"):
        got, asked = ada.get(path, headers=GZIP), ada.client.head(path, headers=GZIP, buffered=True)

        assert asked.data == b""
        for name in ("Content-Encoding", "Content-Length", "ETag", "Cache-Control", "Vary"):
            assert asked.headers[name] == got.headers[name], name


def test_a_part_of_a_file_is_a_part_of_the_file_as_it_is(ada: Browser) -> None:
    part = ada.get("/static/app.css", headers=GZIP | {"Range": "bytes=100-199"})

    assert part.status_code == 206
    assert "Content-Encoding" not in part.headers
    assert part.data == (STATIC / "app.css").read_bytes()[100:200]


def test_a_file_is_packed_once_whatever_version_is_asked_for(ada: Browser) -> None:
    assert isinstance(file_compression.cache, compression._Kept)

    for number in range(20):
        ada.get(f"/static/app.css?v={number}", headers=GZIP)

    assert len(file_compression.cache) == 1


def test_a_file_by_another_of_its_names_is_not_kept(ada: Browser) -> None:
    names = ["app.css", *(f"x{number}/../app.css" for number in range(9)), "vendor/../app.css"]
    file_compression.cache.clear()

    answers = [ada.get(f"/static/{name}", headers=GZIP) for name in names]

    assert {answer.status_code for answer in answers} == {200}
    assert len(file_compression.cache) == 1


def test_a_packed_list_is_sent_while_it_is_read(
    ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []

    def lines(*_arguments: object, **_choice: object) -> Iterator[str]:
        for number in range(5_000):
            taken.append(number)
            yield sha256(str(number).encode()).hexdigest() + "\n"

    monkeypatch.setattr(customers, "stream_csv", lines)

    answer = ada.client.get("/customers.csv", headers=GZIP)
    next(answer.iter_encoded())
    read_by_then = len(taken)

    assert "Content-Length" not in answer.headers
    assert read_by_then < 2_500
    assert gzip.decompress(ada.get("/customers.csv", headers=GZIP).data).count(b"\n") == 5_000


@pytest.fixture
def fifty(session: Session, connection: Connection, people: SimpleNamespace) -> None:
    """Fifty here and fifty other unsynced ones, who have nothing in common: that packs worst."""
    reading = make_reading(
        session,
        connection,
        finished_at=NOW - timedelta(seconds=10),
        counted_count=50,
        unsynced_count=50,
    )
    _fill(lambda **values: make_customer(session, people.company, **values))
    _fill(lambda **values: make_remote_customer(session, reading, **values))
    session.commit()


@pytest.mark.usefixtures("fifty")
@pytest.mark.parametrize("path", ["/customers/found", f"{QUICKBOOKS}/review/list"])
def test_fifty_rows_are_a_light_fragment(ada: Browser, path: str) -> None:
    answer = ada.get(path, headers=GZIP | htmx_headers("/customers"))

    assert gzip.decompress(answer.data).count(b'scope="row"') == 50
    assert len(answer.data) < FRAGMENT_BYTES


@pytest.mark.usefixtures("fifty")
@pytest.mark.parametrize("path", ["/customers", f"{QUICKBOOKS}/review", f"{QUICKBOOKS}/gap"])
def test_fifty_rows_with_all_they_need_are_a_light_page(
    ada: Browser, app: Flask, path: str
) -> None:
    answer = ada.get(path, headers=GZIP)

    page = gzip.decompress(answer.data).decode()
    needed = sum(packed_file_bytes(app, name) for name in files_of(page))
    assert page.count('scope="row"') == 50
    assert needed > 30_000
    assert len(answer.data) + needed < FIRST_LOAD_BYTES


def test_what_every_page_needs_stays_small() -> None:
    style, script = (STATIC / "app.css").read_bytes(), (STATIC / "app.js").read_bytes()

    assert len(style) <= 18_000
    assert len(gzip.compress(style, 6)) <= 5_000
    assert len(script) < 3_000


def _fill(make: Callable[..., object]) -> None:
    """Make fifty with texts by chance."""
    for number in range(50):
        some = sha256(str(number).encode()).hexdigest()
        make(
            name=f"{some[:8].title()} {some[8:18].title()} Street",
            company_name=f"{some[18:28].title()} LLC",
            email=f"{some[28:38]}@{some[38:46]}.example.com",
            phone=f"+1 {int(some[46:56], 16) % 10**10:010}",
        )


def _without_tokens(page: bytes) -> list[bytes]:
    return [line for line in page.splitlines() if b"csrf_token" not in line]
