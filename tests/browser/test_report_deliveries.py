"""A day's report that failed is sent from its page, and not at once another time."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.people import Opener, follow, press
from tests.browser.report_places import fail_report
from tests.system.demo import Demo


def _line(page: Page, text: str) -> None:
    """Wait until a line of the deliveries says so; nobody reloads the page."""
    expect(page.locator("#deliveries tbody tr").filter(has_text=text)).to_have_count(1)


def test_a_report_that_failed_is_sent_and_not_twice(people: Opener, demo: Demo) -> None:
    fail_report(demo)
    demo.control("DELETE", "outbox")
    page = people.open("ada", "/reports")
    expect(page.locator("#report-strip")).to_contain_text("The mail server did not answer.")

    press(page, re.compile("^Send now"))
    _line(page, "Delivered")
    follow(page, "Send again")

    expect(page.locator(".note.warn")).to_contain_text("asked for a moment ago")
    expect(page.locator("#report-strip")).to_have_count(0)
    assert [mail["to"] for mail in demo.control("GET", "outbox")["mails"]] == [["ada@example.com"]]


def test_a_rhythm_is_chosen_with_the_keyboard_only(people: Opener) -> None:
    page = people.open("ada", "/settings/reports")

    choice = page.get_by_label("How often for mel@example.com")
    choice.focus()
    page.keyboard.type("Weekly")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").strip() == "Save":
            break
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").first).to_contain_text("The settings are saved.")
    expect(choice).to_have_value("weekly")
