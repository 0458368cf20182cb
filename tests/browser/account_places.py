"""Pages about one's own account, for the tests that look at every page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.people import QUICKBOOKS, Opener, press
from tests.system.demo import Demo


def your_account(people: Opener, _demo: Demo, **options: Any) -> Page:
    return people.open("ada", "/account", **options)


def password_again(people: Opener, demo: Demo, **options: Any) -> Page:
    """Press what asks for the password, an hour after it was typed."""
    page = people.open("ada", f"{QUICKBOOKS}/disconnect", **options)
    demo.type_passwords(timedelta(hours=1))
    press(page, "Disconnect and keep the links")
    expect(page.locator("h1")).to_have_text("Confirm that it is you")
    return page


def password_refused(people: Opener, demo: Demo, **options: Any) -> Page:
    """Fill in a form an hour after the password was typed, and mistype it then."""
    page = people.open("ada", "/settings/team", **options)
    demo.type_passwords(timedelta(hours=1))
    page.get_by_label("E-mail of whom to invite").fill("kim@example.org")
    press(page, "Send invitation")
    page.get_by_label("Password").fill("not-the-password")
    press(page, "Confirm and go on")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_text("What you filled in is kept.")).to_be_visible()
    return page


def email_that_waits(people: Opener, _demo: Demo, **options: Any) -> Page:
    """Ask for another e-mail and stay on the page that says so."""
    page = people.open("ada", "/account", **options)
    page.get_by_label("New e-mail").fill("ada@example.org")
    press(page, "Ask the new address")
    expect(page.get_by_text("Waits for a yes at")).to_be_visible()
    return page
