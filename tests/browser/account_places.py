"""Pages about one's own account, for the tests that look at every page."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.people import QUICKBOOKS, Opener, press
from tests.system.demo import Demo
from tests.system.prepared import type_passwords


def your_account(people: Opener, _demo: Demo, **options: Any) -> Page:
    return people.open("ada", "/account", **options)


def password_again(people: Opener, demo: Demo, **options: Any) -> Page:
    """Press what asks for the password, an hour after it was typed."""
    page = people.open("ada", f"{QUICKBOOKS}/disconnect", **options)
    type_passwords(demo.folder, "-1 hour")
    press(page, "Disconnect and keep the links")
    expect(page.locator("h1")).to_have_text("Confirm that it is you")
    return page
