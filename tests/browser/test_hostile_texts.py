"""Hostile texts in every field, in a real browser: nothing runs and nothing is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import make_server

from blueprints import unsynced
from tests.browser.watching import Watch
from tests.security.building import open_filled
from tests.security.crawling import crawl
from tests.security.hostile import HostileWords
from tests.security.house import COOKIE, House

STARTS = ["/", "/customers", "/reports", "/settings/integrations", "/settings/reports"]
#: Elements that run something, and what the browser would keep for the next person.
ACTIVE = """() => [...document.querySelectorAll('*')].filter(e =>
    ['IFRAME', 'OBJECT', 'EMBED', 'BASE'].includes(e.tagName)
    || (e.tagName === 'SCRIPT' && !e.src.startsWith(location.origin + '/static/'))
    || (e.tagName === 'STYLE')
    || e.getAttributeNames().some(n => n.startsWith('on') || n === 'style')
    || [e.href, e.src, e.action].some(a => /^(javascript|data):/i.test(String(a)))
  ).map(e => e.outerHTML.slice(0, 200))"""
KEPT = "() => JSON.stringify([localStorage, sessionStorage, window.name])"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unsynced, "PATIENCE_S", 0)
        with open_filled(tmp_path_factory.mktemp("hostile"), HostileWords) as house:
            yield house


@contextmanager
def _serve(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _pages(house: House) -> list[str]:
    """Return every page that ada comes to, one of each kind."""
    return [
        seen.address
        for seen in crawl(house, "ada", STARTS, alike=1)
        if seen.answer.mimetype == "text/html"
        and seen.answer.status_code == 200
        and not seen.is_fragment
        and "<!doctype" in seen.answer.text
    ]


def _sign_in(context: BrowserContext, house: House, url: str) -> None:
    assert house.plan
    context.add_cookies([{"name": COOKIE, "value": house.plan.cookies["ada"], "url": url}])


@pytest.mark.full
def test_a_hostile_company_is_shown_without_a_stir(chromium: Browser, hostile: House) -> None:
    watch, stirs = Watch(), []
    addresses = _pages(hostile)

    with _serve(hostile.app) as url, chromium.new_context(base_url=url) as context:
        _sign_in(context, hostile, url)
        watch.observe(context)
        context.on("dialog", lambda dialog: stirs.append(dialog.message) or dialog.dismiss())
        page = context.new_page()
        for address in addresses:
            page.goto(address)
            if page.locator("#unsynced > summary").count():
                page.locator("#unsynced > summary").click()
                page.wait_for_load_state("networkidle")

            assert "/login" not in page.url
            assert page.evaluate(ACTIVE) == [], address
            assert page.evaluate(KEPT) == '[{},{},""]', address

    assert len(addresses) > 25
    assert stirs == []
    watch.complain()
