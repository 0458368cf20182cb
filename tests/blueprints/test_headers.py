"""What every answer carries, and that the vendored files are the ones we looked at."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from config import load_settings, new_keys
from extensions import db
from tests.blueprints.support import QUICKBOOKS, Browser

STATIC = Path(__file__).resolve().parents[2] / "static"
VENDORED = json.loads((STATIC / "vendor" / "VENDOR.json").read_text())["files"]


@pytest.mark.parametrize("path", ["/login", "/nothing", "/customers", QUICKBOOKS, "/static/app.js"])
def test_every_answer_is_strict_about_what_it_may_load(ada: Browser, path: str) -> None:
    headers = ada.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/login", "/nothing", "/customers", QUICKBOOKS])
def test_nobody_keeps_a_copy_of_a_page(ada: Browser, path: str) -> None:
    headers = ada.get(path).headers

    assert headers["Cache-Control"] == "no-store"
    assert "HX-Request" in headers["Vary"]


@pytest.mark.parametrize("path", ["/customers/found", "/customers/nobody", "/nothing"])
def test_what_htmx_gets_says_that_it_is_ours(ada: Browser, path: str) -> None:
    assert ada.htmx_get(path).headers["HX-Ours"] == "1"
    assert "HX-Ours" not in ada.get(path).headers


def test_static_files_are_kept_until_they_change(ada: Browser) -> None:
    address = re.search(r"/static/app\.css\?v=[0-9a-f]{10}", ada.get("/customers").text)
    assert address

    headers = ada.get(address[0]).headers

    assert "immutable" in headers["Cache-Control"]


def test_a_static_file_without_its_digest_is_asked_for_again(ada: Browser) -> None:
    assert "immutable" not in ada.get("/static/app.css").headers["Cache-Control"]


def test_http_is_never_told_to_become_https(ada: Browser) -> None:
    assert "Strict-Transport-Security" not in ada.get("/customers").headers


@pytest.fixture
def secure_app(tmp_path: Path) -> Iterator[Flask]:
    environ = new_keys() | {
        "BLUECLERK_ENV": "production",
        "BLUECLERK_PUBLIC_BASE_URL": "https://app.example.com",
        "BLUECLERK_INSTANCE_FOLDER": str(tmp_path),
    }
    app = create_app(load_settings(environ))
    yield app
    with app.app_context():
        db.engine.dispose()


def test_https_is_remembered_by_the_browser(secure_app: Flask) -> None:
    headers = secure_app.test_client().get("/login", base_url="https://app.example.com").headers

    assert "max-age=31536000" in headers["Strict-Transport-Security"]


def test_the_session_cookie_is_out_of_reach(secure_app: Flask) -> None:
    answer = secure_app.test_client().get("/login", base_url="https://app.example.com")

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-blueclerk=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))


@pytest.mark.parametrize("entry", VENDORED, ids=lambda entry: entry["name"])
def test_a_vendored_file_is_what_we_looked_at(entry: dict[str, str]) -> None:
    content = (STATIC / "vendor" / entry["file"]).read_bytes()

    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert (STATIC / "vendor" / entry["licence_file"]).is_file()


def test_every_vendored_file_is_listed() -> None:
    files = {path.name for path in (STATIC / "vendor").iterdir()}

    listed = {entry["file"] for entry in VENDORED} | {entry["licence_file"] for entry in VENDORED}

    assert files - listed == {"VENDOR.json"}
