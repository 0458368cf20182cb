"""Customers of our own, for the tests that look at every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.going import REFUSED, Place, straight_to
from tests.browser.people import Opener, follow, follow_to, press
from tests.system.demo import Demo

WORKLIST = "/customers/without-email"


def _differing(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/customers?show=linked&q=harlow", **options)
    page.locator("#found th a").first.click()
    follow(page, "Edit")
    page.get_by_label("Name").fill("Somebody Else")
    page.get_by_label("Phone").fill("(212) 555-0199")
    press(page, "Save changes")
    expect(page.get_by_role("button", name="Take theirs").first).to_be_visible()
    return page


def _unlinking(people: Opener, demo: Demo, **options: Any) -> Page:
    return follow_to(_differing(people, demo, **options), "Unlink from QuickBooks", "Unlink")


def _removing(people: Opener, demo: Demo, **options: Any) -> Page:
    return follow_to(_differing(people, demo, **options), "Remove from BlueClerk", "Remove")


def _wrong_email(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/customers/without-email", **options)
    field = page.get_by_label("E-mail of").first
    people.watch.forgive(REFUSED)
    field.fill("marguerite@")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _saved_email(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", WORKLIST, **options)
    field = page.get_by_label("E-mail of").first
    field.fill("marguerite@example.com")
    field.press("Enter")
    expect(page.locator("main")).to_contain_text("Saved marguerite@example.com")
    return page


def _linked(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/customers?show=linked&q=harlow", **options)
    page.locator("#found th a").first.click()
    expect(page.locator("main")).to_contain_text("Where is this customer?")
    return page


CUSTOMER_PAGES: Mapping[str, Place] = {
    "customers": straight_to("ada", "/customers"),
    "no customers": straight_to("zoe", "/customers"),
    "customer": _linked,
    "one customer": _differing,
    "unlink": _unlinking,
    "remove": _removing,
    "new customer": straight_to("ada", "/customers/new"),
    "without e-mail": _wrong_email,
    "e-mail saved": _saved_email,
}
