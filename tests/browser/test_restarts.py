"""The server is killed and started again under open pages; slow answers and impatient clicks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.people import QUICKBOOKS, Opener, expect_number, press
from tests.browser.running import hold_import, release_import
from tests.system.demo import Demo

pytestmark = pytest.mark.full
UNREACHED = "BlueClerk could not be reached."
#: A server that has just started compiles its templates first, and the pauses of polling grow.
AFTER_START_MS = 60_000


@dataclass
class Server:
    """A second server, which can be killed while the sandbox goes on."""

    demo: Demo
    url: str

    def kill(self) -> None:
        self.demo.kill_second()

    def start(self) -> None:
        self.demo.serve_once_more(port=urlsplit(self.url).port)


@pytest.fixture
def server(demo: Demo, people: Opener) -> Iterator[Server]:
    people.watch.forgive(
        "Failed to load resource: net::ERR_",
        "htmx: htmx:error: Failed to fetch",
        "htmx: htmx:error: network error",
    )
    server = Server(demo, demo.serve_once_more())
    yield server
    if demo.helpers:
        server.kill()


def _open(people: Opener, server: Server, path: str) -> Page:
    page = people.open("ada", "/healthz")
    page.goto(server.url + path, timeout=AFTER_START_MS)
    return page


def test_an_import_is_followed_again_after_a_restart(
    people: Opener, demo: Demo, server: Server
) -> None:
    hold_import(demo)
    strip = _open(people, server, "/customers")
    page = _open(people, server, "/settings/integrations/quickbooks/imports")
    page.locator("#run-strip-watch").click()
    expect(page.get_by_role("progressbar")).to_be_visible()

    server.kill()
    for waiting in (page.locator("#import-run"), strip.locator("#run-strip")):
        expect(waiting).to_contain_text(UNREACHED)
    release_import(demo)
    server.start()

    expect(page.locator("#import-run")).to_contain_text("Finished", timeout=AFTER_START_MS)
    expect(strip.locator("#run-strip")).to_contain_text("has ended", timeout=AFTER_START_MS)
    expect(page.get_by_text(UNREACHED)).to_have_count(0)


def test_what_was_ticked_and_typed_is_there_after_a_restart(people: Opener, server: Server) -> None:
    page = _open(people, server, f"{QUICKBOOKS}/review")
    boxes = page.locator("#review td.pick input")
    boxes.nth(3).check()
    boxes.nth(5).check()
    page.locator(".dock summary").click()
    page.get_by_label("Why ignored").fill("not ours")

    server.kill()
    press(page, "Ignore selected")
    expect(page.locator("#review > .lost")).to_contain_text(UNREACHED)
    press(page, "Try again")
    expect(page.locator("#review > .lost")).to_have_count(1)
    expect(page.get_by_role("button", name="Try again")).to_be_focused()
    expect(page.locator("#review td.pick input:checked")).to_have_count(2)
    expect(page.get_by_label("Why ignored")).to_have_value("not ours")
    server.start()
    press(page, "Try again")

    said = page.locator("#review > .note")
    expect(said).to_contain_text("You ignored 2 customers.", timeout=AFTER_START_MS)
    expect(page.get_by_text(UNREACHED)).to_have_count(0)


def test_an_address_is_saved_after_a_restart(people: Opener, server: Server) -> None:
    page = _open(people, server, "/customers/without-email")
    field = page.get_by_label("E-mail of").first
    field.fill("wren@example.com")

    server.kill()
    page.get_by_role("button", name="Save the e-mail of").first.click()
    expect(page.locator(".lost")).to_contain_text(UNREACHED)
    expect(field).to_have_value("wren@example.com")
    server.start()
    page.get_by_role("button", name="Save the e-mail of").first.click()

    expect(page.locator("main").get_by_text("Saved")).to_be_visible(timeout=AFTER_START_MS)
    expect(page.locator(".lost")).to_have_count(0)


def test_a_search_goes_on_after_a_restart(people: Opener, server: Server) -> None:
    page = _open(people, server, "/customers")
    field = page.get_by_role("searchbox")

    server.kill()
    field.fill("heating")
    expect(page.locator("#found > .lost")).to_contain_text(UNREACHED)
    server.start()
    press(page, "Try again")

    expect(page.locator("#found")).to_contain_text("Heating", timeout=AFTER_START_MS)
    expect(page.locator(".lost")).to_have_count(0)
    expect(field).to_have_value("heating")


def test_a_button_works_after_the_way_back(people: Opener, demo: Demo) -> None:
    """A page that is kept whole by the browser comes back as it was left, also its scripts."""
    page = people.open("ada", "/customers/new")
    page.get_by_label("Name", exact=True).fill("Wren Calloway")
    press(page, "Add customer")
    expect(page.get_by_role("heading", name="Wren Calloway")).to_be_visible()

    page.go_back()
    page.get_by_label("Name", exact=True).fill("Nils Calloway")
    press(page, "Add customer")

    expect(page.get_by_role("heading", name="Nils Calloway")).to_be_visible()


@pytest.mark.parametrize(("person", "path"), [("ada", "/customers/new"), (None, "/join/demo")])
def test_two_clicks_make_one_customer(
    people: Opener, demo: Demo, person: str | None, path: str
) -> None:
    page = people.open(person, path)
    page.locator("[name=name]").fill("Wren Calloway")

    def slowly(route: Route) -> None:
        page.wait_for_timeout(200)
        route.continue_()

    page.route("**" + path, slowly)
    page.locator("main form button").last.dblclick(delay=20)
    page.wait_for_url(lambda url: not url.endswith(path))

    assert demo.count("SELECT count(*) FROM customer WHERE name = 'Wren Calloway'") == 1
    assert len([line for line in people.watch.requests if line.startswith("POST")]) == 1


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_words_about_waiting_come_late_and_never_two_at_once(
    people: Opener, demo: Demo, motion: Literal["no-preference", "reduce"]
) -> None:
    page = people.open("ada", reduced_motion=motion)
    waiting = page.locator("#unsynced-body .busy:visible, #unsynced-body .idle:visible")
    seen = []

    def slowly(route: Route) -> None:
        for _ in range(12):
            page.wait_for_timeout(50)
            seen.append(waiting.all_inner_texts())
        route.continue_()

    delay = page.evaluate("getComputedStyle(document.querySelector('.busy')).animationDelay")
    page.route("**/unsynced", slowly)
    page.locator("#unsynced > summary").click()
    expect_number(page, "182", "1,204")

    assert seen[-1] == ["Asking QuickBooks for its customers …"]
    assert {len(texts) for texts in seen} <= {1, 2}
    assert all(texts[0].startswith("A count needs") for texts in seen if len(texts) == 2)
    assert delay == "0.3s"
