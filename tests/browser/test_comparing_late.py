"""The review while customers are still being compared: what a person chose stays."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.people import QUICKBOOKS, Opener
from tests.system.demo import Demo

ONE_WAITS = """UPDATE remote_customer SET bin = 'waiting'
  WHERE id = (SELECT min(id) FROM remote_customer WHERE state = 'unsynced' AND bin = 'new')"""


@pytest.mark.full
def test_a_look_at_the_place_before_does_not_lead_back_there(people: Opener, demo: Demo) -> None:
    with demo.database() as database:
        assert database.execute(text(ONE_WAITS)).rowcount == 1
    page = people.open("ada", f"{QUICKBOOKS}/imports")
    page.route("**/review/waiting?*", lambda _route: None)
    with page.expect_request("**/review/waiting?*"):
        page.goto(f"{QUICKBOOKS}/review")

    with page.expect_event("requestfailed", lambda request: "/review/waiting" in request.url):
        page.locator("#chip-maybe").click()

    expect(page.locator("#chip-maybe")).to_have_attribute("aria-current", "true")
