"""Throttled sign-ins as a browser meets them: one answer for everybody, and who is known passes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import create_app
from config import load_settings, new_keys
from extensions import db
from services import sign_in_limits
from tests.blueprints.support import Browser, find_token, text_of
from tests.conftest import Clock

KNOWN = "blueclerk-browser"


def _wrong(browser: Browser, email: str = "ada@example.com", **headers: str) -> TestResponse:
    form = {"email": email, "password": "wrong-password", "csrf_token": _token(browser)}
    return browser.client.post("/login", data=form, headers=headers)


def _close(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


def _token(browser: Browser) -> str:
    return find_token(browser.client.get("/login"))


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_the_eleventh_wrong_try_says_when_to_try_again(stranger: Browser, email: str) -> None:
    answers = [_wrong(stranger, email) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert answers[-1].headers["Retry-After"] == "900"
    sentence = "so this one was not looked at. Try again in 15 minutes."
    assert sentence in text_of(answers[-1])


def test_known_and_unknown_addresses_get_the_same_page(app: Flask, people: SimpleNamespace) -> None:
    pages = []
    for email in ("ada@example.com", "nob@example.com"):
        browser = Browser(app)
        token = _token(browser)
        form = {"email": email, "password": "wrong-password", "csrf_token": token}
        answers = [browser.client.post("/login", data=form) for _ in range(11)]
        texts = [text_of(answer).replace(email, "…") for answer in answers]
        pages.append([texts, [sorted(answer.headers.keys()) for answer in answers]])

    assert pages[0] == pages[1]


def test_an_address_that_the_browser_claims_changes_nothing(stranger: Browser) -> None:
    for number in range(10):
        address = f"198.51.100.{number}"
        _wrong(stranger, **{"X-Forwarded-For": address, "Forwarded": f"for={address}"})

    answer = _wrong(stranger, **{"X-Forwarded-For": "203.0.113.200"})

    assert answer.status_code == 429


def test_behind_a_proxy_the_address_that_the_proxy_saw_counts(
    app: Flask, people: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    environ = new_keys() | {
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_PROXY_COUNT": "1",
        "BLUECLERK_INSTANCE_FOLDER": app.instance_path,
        "BLUECLERK_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
    }
    monkeypatch.setattr(sign_in_limits, "TRIES_OF_PAIR", 1)
    behind = create_app(load_settings(environ), clock=clock)
    proxied = Browser(behind)

    forged = [f"10.0.0.{number}, 203.0.113.9" for number in range(2)]
    answers = [_wrong(proxied, **{"X-Forwarded-For": chain}).status_code for chain in forged]
    another = _wrong(proxied, **{"X-Forwarded-For": "203.0.113.10"}).status_code

    _close(behind)
    assert (answers, another) == ([422, 429], 422)


def test_a_browser_that_was_here_before_is_not_locked_out(app: Flask, stranger: Browser) -> None:
    stranger.sign_in("ada@example.com")
    stranger.post("/logout")
    attacker = Browser(app)
    assert [_wrong(attacker).status_code for _ in range(11)][-1] == 429

    answer = stranger.sign_in("ada@example.com")

    assert answer.status_code == 303


def test_the_cookie_of_a_known_browser_is_for_the_server_only(stranger: Browser) -> None:
    answer = stranger.sign_in("ada@example.com")

    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if KNOWN in line]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Max-Age=31536000" in cookie and "Domain" not in cookie
    assert "ada" not in cookie and "%40" not in cookie


def test_over_https_it_is_secure_and_bound_to_the_host(
    app: Flask, people: SimpleNamespace, clock: Clock
) -> None:
    environ = new_keys() | {
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_PUBLIC_BASE_URL": "https://app.example.com",
        "BLUECLERK_INSTANCE_FOLDER": app.instance_path,
        "BLUECLERK_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
    }
    over_https = create_app(load_settings(environ), clock=clock)
    secure = over_https.test_client()
    options = {"base_url": "https://app.example.com"}
    page = secure.get("/login", **options)
    form = {"email": "ada@example.com", "password": "demo-password"}
    form["csrf_token"] = find_token(page)

    answer = secure.post(
        "/login", data=form, headers={"Referer": "https://app.example.com/login"}, **options
    )

    _close(over_https)
    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if KNOWN in line]
    assert cookie.startswith("__Host-blueclerk-browser=") and "Secure" in cookie


def test_a_wrong_try_makes_no_browser_known(stranger: Browser) -> None:
    answer = _wrong(stranger)

    assert not any(KNOWN in line for line in answer.headers.getlist("Set-Cookie"))
