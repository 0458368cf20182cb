"""Ignoring and restoring, in the alert and in the list."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import (
    QUICKBOOKS,
    Opener,
    alert_body,
    expect_number,
    follow,
    ignore_these,
    press,
    toggle,
)
from tests.system.demo import Demo

IGNORE_ONE = re.compile("^Ignore .+")
REVIEW = f"{QUICKBOOKS}/review"


def _rows(page: Page) -> Locator:
    return page.locator("#review tbody[id]")


def _names(page: Page) -> list[str]:
    return [
        name.splitlines()[0] for name in page.locator("#review th[scope=row]").all_inner_texts()
    ]


def test_one_customer_is_ignored_and_restored(people: Opener, demo: Demo) -> None:
    page = people.open("ada")
    toggle(page)
    expect_number(page, "182", "1,204")
    calls = demo.calls()
    name = alert_body(page).get_by_role("rowheader").first.inner_text().splitlines()[0]

    press(page, f"Ignore {name}")
    expect_number(page, "181", "1,204")
    expect(alert_body(page)).to_contain_text("You ignored 1 customer.")
    expect(page.locator("#sync-facts")).to_contain_text("5 · show")
    expect(page.locator("#unsynced-summary")).to_contain_text("181 are missing here")
    press(page, "Restore")

    expect_number(page, "182", "1,204")
    expect(alert_body(page)).to_contain_text("You restored 1 customer.")
    expect(alert_body(page)).to_contain_text(name)
    assert demo.calls() == calls


def test_all_are_ignored_and_restored_at_once(people: Opener) -> None:
    page = people.open("ada")
    toggle(page)
    expect_number(page, "182", "1,204")

    ignore_these(page, "182")
    expect_number(page, "0", "1,204")
    expect(alert_body(page)).to_contain_text("186 are ignored on purpose")
    press(page, "Restore these 182")

    expect_number(page, "182", "1,204")
    expect(page.locator("#sync-facts")).to_contain_text("4 · show")


def test_the_focus_stays_in_the_alert_after_a_decision(people: Opener) -> None:
    page = people.open("ada")
    toggle(page)
    expect_number(page, "182", "1,204")

    press(page, IGNORE_ONE)
    expect_number(page, "181", "1,204")

    expect(alert_body(page)).to_be_focused()


def test_the_list_pages_and_remembers_decisions(people: Opener, demo: Demo) -> None:
    page = people.open("ada", REVIEW)
    expect(_rows(page)).to_have_count(50)
    seen = _names(page)

    follow(page, "Next page")
    expect(page).to_have_url(re.compile("after="))
    name = _names(page)[0]
    press(page, f"Ignore {name}")
    expect(page.locator("#review")).to_contain_text("You ignored 1 customer.")
    follow(page, "Ignored 5")

    assert not set(seen) & {name}
    expect(_rows(page)).to_have_count(5)
    press(page, f"Restore {name}")
    expect(_rows(page)).to_have_count(4)
    assert demo.calls() == 0


@pytest.mark.full
def test_all_of_the_list_are_ignored_and_restored(people: Opener) -> None:
    page = people.open("ada", REVIEW)

    follow(page, "Select all 182")
    press(page, "Ignore all")
    expect(page.get_by_role("heading", name="Nobody is missing here")).to_be_visible()
    press(page, "Restore these 182")

    expect(_rows(page)).to_have_count(50)
    expect(page.get_by_role("link", name="All 182", exact=True)).to_be_visible()


@pytest.mark.full
def test_a_customer_two_tabs_ignore_is_ignored_once(people: Opener) -> None:
    browser = people.browser("ada")
    first, second = browser.new_page(), browser.new_page()
    for page in (first, second):
        page.goto(QUICKBOOKS)
        toggle(page)
        expect_number(page, "182", "1,204")

    press(first, IGNORE_ONE)
    expect_number(first, "181", "1,204")
    press(second, IGNORE_ONE)

    expect_number(second, "181", "1,204")
    expect(alert_body(second)).to_contain_text("Already decided.")
