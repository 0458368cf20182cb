"""Every answer, whatever its status, carries the headers; a broken view tells nothing of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from config import load_settings
from extensions import db
from tests.blueprints.support import htmx_headers, text_of
from tests.security.building import make_environ
from tests.security.house import COOKIE, FILE, House
from tests.security.routes import routes, values_of

ADDRESS = "https://app.example.com"
SECRET = "canary-words-of-a-customer"
REFERENCE = re.compile(r"e-[0-9a-f]{6}")
ALWAYS = {
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cache-Control": "no-store",
}
#: They answer before anybody is asked for, so that a broken database cannot break them.
NOT_OURS = {"static"}


@pytest.fixture
def production(house: House, tmp_path: Path) -> Iterator[Flask]:
    """The house as it is served: over https, with the settings of production."""
    environ = make_environ() | {
        "BLUECLERK_ENV": "production",
        "BLUECLERK_PUBLIC_BASE_URL": ADDRESS,
        "BLUECLERK_INSTANCE_FOLDER": str(tmp_path),
        "BLUECLERK_DATABASE_URL": f"sqlite:///{tmp_path / FILE}",
        "BLUECLERK_PROXY_COUNT": "1",
    }
    keys = {name: house.plan.environ[name] for name in house.plan.environ if "KEY" in name}
    tmp_path.chmod(0o700)
    app = create_app(load_settings(environ | keys), wake=house.wake_ups, clock=house.clock)
    yield app
    with app.app_context():
        db.engine.dispose()


def _client(app: Flask, house: House, person: str | None) -> FlaskClient:
    client = app.test_client()
    if person:
        assert house.plan
        cookie = house.plan.cookies[person]
        client.set_cookie(f"__Host-{COOKIE}", cookie, domain="app.example.com", secure=True)
    return client


def _check_headers(answer: TestResponse, where: str) -> None:
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'"), where
    assert "unsafe" not in policy, where
    for part in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy, where
    for name, value in ALWAYS.items():
        assert answer.headers[name] == value, f"{where} {name}"
    assert "HX-Request" in answer.headers["Vary"], where


@pytest.mark.parametrize("person", [None, "ada"])
def test_every_answer_carries_the_headers(
    house: House, production: Flask, person: str | None
) -> None:
    client, values = _client(production, house, person), values_of(house, house.party("ada"))
    statuses = set()

    for route in routes(production):
        if route.endpoint in NOT_OURS:
            continue
        for method in (route.method, "DELETE"):
            address = next(route.addresses(values))
            answer = client.open(address, method=method, base_url=ADDRESS, buffered=True)
            statuses.add(answer.status_code)
            _check_headers(answer, f"{method} {route.rule}")

    assert statuses >= {400, 405}


def test_what_is_too_big_or_nowhere_carries_the_headers(house: House, production: Flask) -> None:
    client = _client(production, house, "ada")

    big = client.post("/login", data={"email": "x" * 1_100_000}, base_url=ADDRESS)
    nowhere = client.get("/nowhere", base_url=ADDRESS)

    assert (big.status_code, nowhere.status_code) == (413, 404)
    for answer in (big, nowhere):
        _check_headers(answer, "error")


def test_the_cookie_is_out_of_reach(house: House, production: Flask) -> None:
    cookies = (
        _client(production, house, None)
        .get("/login", base_url=ADDRESS)
        .headers.getlist("Set-Cookie")
    )

    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Domain" not in cookie


def _break(*_args: object, **_kwargs: object) -> NoReturn:
    raise RuntimeError(SECRET)


@pytest.mark.logs_on_purpose
def test_a_broken_view_shows_a_reference_and_nothing_else(
    house: House, production: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    client, values = _client(production, house, "ada"), values_of(house, house.party("ada"))
    token = re.search(
        r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/customers", base_url=ADDRESS).text
    )
    assert token

    for route in routes(production):
        if route.endpoint in NOT_OURS:
            continue
        view = production.view_functions[route.endpoint]
        production.view_functions[route.endpoint] = _break
        for headers in ({}, htmx_headers("/customers")):
            answer = client.open(
                next(route.addresses(values)),
                method=route.method,
                data={"csrf_token": token[1]} if route.method != "GET" else None,
                headers=headers | {"Referer": f"{ADDRESS}/customers"},
                base_url=ADDRESS,
            )

            reference = REFERENCE.search(answer.text)
            assert answer.status_code == 500, route
            assert reference, route
            assert reference[0] in caplog.text
            assert SECRET not in answer.text, route
            assert "Traceback" not in answer.text, route
            assert ("<!doctype" in answer.text) is not bool(headers), route
            assert "Something broke on our side" in text_of(answer)
            _check_headers(answer, f"broken {route}")
        caplog.clear()
        production.view_functions[route.endpoint] = view


def test_the_host_of_a_request_is_in_no_address_that_leaves(
    house: House, production: Flask
) -> None:
    client = _client(production, house, "ada")
    foreign = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}

    answer = client.get("/settings/integrations/quickbooks/connect", base_url=ADDRESS)
    led_astray = client.get("/customers", base_url="https://evil.example", headers=foreign)

    assert "redirect_uri=https%3A%2F%2Fapp.example.com%2F" in answer.location
    assert "evil.example" not in led_astray.text
    assert "evil.example" not in (led_astray.location or "")


def test_made_up_addresses_of_senders_are_one_network(house: House, production: Flask) -> None:
    """One proxy is set, so only what that one wrote last counts."""
    client = _client(production, house, None)
    page = client.get("/join/quillfeather", base_url=ADDRESS)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token
    statuses = []

    for number in range(12):
        answer = client.post(
            "/join/quillfeather",
            data={"name": f"Somebody {number}", "csrf_token": token[1]},
            headers={
                "X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7",
                "Referer": f"{ADDRESS}/join/quillfeather",
            },
            base_url=ADDRESS,
        )
        statuses.append(answer.status_code)

    assert statuses[:10] == [303] * 10
    assert statuses[10:] == [429, 429]


def test_fields_that_no_form_has_are_ignored(house: House) -> None:
    ada, party = house.browser("ada"), house.party("zoe")
    extra = {"id": "1", "company_id": str(party.company_id), "origin": "import", "role": "admin"}
    extra |= {"public_id": "0" * 16, "created_at": "2001-01-01", "is_placeholder_email": "1"}

    answer = ada.post("/customers/new", {"name": "Blue Heron"} | extra)

    assert answer.status_code == 303
    assert not answer.location.endswith("0" * 16)
    assert "Blue Heron" in ada.get(answer.location).text
    assert "Blue Heron" not in house.browser("zoe").get("/customers").text
