"""The main path with the keyboard only: everything is reached, seen and left again."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.account_places import password_again
from tests.browser.people import Opener, alert_body, expect_number, follow, tab_to
from tests.system.demo import Demo
from tests.system.prepared import PASSWORD


def test_signing_in_counting_and_deciding_need_no_mouse(people: Opener) -> None:
    page = people.open(None, "/login")
    # The browser moves the focus a moment after the page is there; a person waits for it as well.
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type("ada@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Integrations")).to_be_visible()

    tab_to(page, "Open QuickBooks")
    page.keyboard.press("Enter")
    expect(page.locator("#unsynced")).to_be_visible()
    tab_to(page, "Unsynced customers")
    page.keyboard.press("Enter")
    expect_number(page, "182", "1,204")
    tab_to(page, "Ignore")
    page.keyboard.press("Enter")
    expect_number(page, "181", "1,204")
    tab_to(page, "Restore")
    page.keyboard.press("Space")
    expect_number(page, "182", "1,204")
    tab_to(page, "Check again")
    page.keyboard.press("Enter")

    expect(page.locator("#check-again")).to_be_focused()
    expect_number(page, "182", "1,204")


def test_the_first_stop_skips_to_the_content(people: Opener) -> None:
    page = people.open("ada")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_the_menu_closes_with_escape(people: Opener) -> None:
    page = people.open("ada")

    tab_to(page, "Ada Brandt")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name="Sign out")).not_to_be_visible()
    expect(alert_body(page)).not_to_be_visible()


def test_the_password_again_needs_no_mouse(people: Opener, demo: Demo) -> None:
    page = password_again(people, demo)
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_text("QuickBooks is disconnected.")).to_be_visible()


def test_connecting_goes_on_by_itself_after_the_password(people: Opener, demo: Demo) -> None:
    demo.type_passwords(timedelta(hours=1))
    page = people.open("ada", "/settings/integrations/xero")
    follow(page, "Connect Xero")
    expect(page.get_by_label("Password")).to_be_focused()

    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(re.escape(demo.sandbox_url)))
