"""Addresses in pages are remembered, and are right all the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask


def _address(
    app: Flask, endpoint: str, *, base_url: str = "http://localhost", **values: str
) -> str:
    with app.test_request_context("/", base_url=base_url):
        url_for = app.jinja_env.globals["url_for"]
        return url_for(endpoint, **values)  # type: ignore[operator, no-any-return]


def test_each_prefix_of_a_proxy_has_its_own_addresses(app: Flask) -> None:
    first = _address(app, "customers.index")

    under_a_prefix = _address(app, "customers.index", base_url="http://localhost/clerk")

    assert (first, under_a_prefix) == ("/customers", "/clerk/customers")
    assert _address(app, "customers.index") == "/customers"


def test_a_file_that_changed_gets_another_address(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(app, "static_folder", str(tmp_path))
    style = tmp_path / "app.css"
    style.write_text("p {}", encoding="utf-8")
    before = _address(app, "static", filename="app.css")
    style.write_text("a {}", encoding="utf-8")
    os.utime(style, ns=(1, 1))

    after = _address(app, "static", filename="app.css")

    assert before != after
    assert before.partition("?")[0] == after.partition("?")[0] == "/static/app.css"
