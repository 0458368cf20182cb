"""Whatever stands in an address, an argument or a field: an answer in words, never a broken one."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from blueprints.guards import WRITING_GETS
from tests.blueprints.support import text_of
from tests.security.crawling import crawl
from tests.security.hostile import TEXTS
from tests.security.house import House
from tests.security.pages import faults_of
from tests.security.routes import SHARED, Route, reading_routes, routes, values_of
from tests.security.test_other_companies import argument_names

#: As they come over the line: NUL, half a surrogate pair, broken UTF-8, and what is very long.
LINES = (
    b"a%00b%ED%A0%80%ff%F0%9F%98%0d%0aSet-Cookie:%20a=b",
    pytest.param(b"9" * 400, marks=pytest.mark.full),
    pytest.param(quote(" ".join(TEXTS[:12]) + "W" * 3_000).encode(), marks=pytest.mark.full),
)
STARTS = ["/", "/customers", "/customers/new", "/reports", "/settings/reports", "/settings"]
KEPT = {"csrf_token"}


def _body(names: set[str], line: bytes, token: str) -> bytes:
    fields = [name.encode() + b"=" + line for name in sorted(names - KEPT)]
    return b"&".join([*fields, b"csrf_token=" + quote(token).encode()])


@pytest.mark.parametrize("line", LINES, ids=["odd", "long", "hostile"])
def test_no_form_breaks(house: House, line: bytes) -> None:
    ada, values = house.browser("ada"), values_of(house, house.party("ada"))
    names = argument_names() | _names_of_forms(house)

    for route in routes(house.app):
        if route.method == "GET" or route.endpoint == "auth.sign_out":
            continue
        answer = ada.client.open(
            next(route.addresses(values | {"provider": ("quickbooks",)})),
            method=route.method,
            data=_body(names, line, ada.token()),
            content_type="application/x-www-form-urlencoded",
        )

        _check(route, answer)


@pytest.mark.parametrize("line", LINES, ids=["odd", "long", "hostile"])
def test_no_argument_breaks_a_page(house: House, line: bytes) -> None:
    ada, values = house.browser("ada"), values_of(house, house.party("ada"))
    query = "&".join(f"{name}={line.decode()}" for name in sorted(argument_names()))

    for route in reading_routes(house.app):
        if route.endpoint not in WRITING_GETS | {"static"}:
            address = next(route.addresses(values | {"provider": ("quickbooks",)}))

            _check(route, ada.get(f"{address}?{query}"))


@pytest.mark.full
def test_no_address_breaks(house: House) -> None:
    ada = house.browser("ada")
    texts = [quote(text, safe="") for text in TEXTS[::6]] + ["9" * 400, LINES[0].decode()]

    for route in reading_routes(house.app):
        names = [name for name in route.names if name != "provider"]
        for text in texts if names else ():
            values = SHARED | dict.fromkeys(names, (text.replace("\\", "%5c"),))
            for address in route.addresses(values | {"provider": ("quickbooks",)}):
                answer = ada.get(address)

                _check(route, answer)
                assert answer.status_code in (303, 308, 400, 404), f"{route} {address}"


def test_too_much_at_once_is_refused_in_words(house: House) -> None:
    ada = house.browser("ada")

    answer = ada.post("/customers/new", {"name": "x" * 1_100_000})

    assert answer.status_code == 413
    assert "That is too much at once" in text_of(answer)


@pytest.mark.parametrize("name", ["A\0B", "\0", "\ud83d", "a\x1bb", "W" * 100_000])
def test_a_name_that_cannot_be_stored_is_tidied_or_refused(house: House, name: str) -> None:
    ada = house.browser("ada")

    answer = ada.post("/customers/new", {"name": name.encode("utf-8", "surrogatepass")})

    assert answer.status_code in (303, 422)
    if answer.status_code == 303:
        assert "\0" not in ada.get(answer.location).text


def _check(route: Route, answer: object) -> None:
    assert answer.status_code != 500, route
    assert "a=b" not in "".join(answer.headers.getlist("Set-Cookie")), route
    if answer.mimetype == "text/html":
        assert faults_of(answer.text) == [], route


def _names_of_forms(house: House) -> set[str]:
    pages = crawl(house, "ada", STARTS, alike=1)
    return {
        name
        for seen in pages
        if seen.answer.mimetype == "text/html"
        for form in seen.forms()
        for name, _ in form.fields
    }
