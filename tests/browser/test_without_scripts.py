"""The main path for a browser that runs no scripts: links, forms and redirects do all of it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import (
    QUICKBOOKS,
    Opener,
    alert,
    alert_body,
    expect_number,
    follow,
    ignore_these,
    press,
    toggle,
)
from tests.system.demo import Demo


def _check_now(page: Page) -> None:
    toggle(page)
    follow(page, "Check now")


def test_opening_asks_nobody_and_checking_says_the_number(people: Opener, demo: Demo) -> None:
    page = people.open("ada", java_script_enabled=False)

    toggle(page)
    expect(alert_body(page)).to_contain_text("It takes a few calls and changes nothing.")
    calls_by_opening = demo.calls()
    follow(page, "Check now")

    expect_number(page, "182", "1,204")
    expect(alert(page)).to_have_attribute("open", "")
    assert calls_by_opening == 0
    assert demo.calls() <= 3


@pytest.mark.full
def test_a_decision_is_made_and_taken_back(people: Opener) -> None:
    page = people.open("ada", java_script_enabled=False)
    _check_now(page)

    press(page, re.compile("^Ignore .+"))
    expect_number(page, "181", "1,204")
    press(page, "Restore")
    expect_number(page, "182", "1,204")
    ignore_these(page, "182")
    expect_number(page, "0", "1,204")
    press(page, "Restore these 182")

    expect_number(page, "182", "1,204")


@pytest.mark.full
def test_checking_again_sees_what_changed(people: Opener, demo: Demo) -> None:
    page = people.open("ada", java_script_enabled=False)
    _check_now(page)
    expect_number(page, "182", "1,204")
    demo.change(create=5)

    press(page, "Check again")

    expect_number(page, "187", "1,209")


@pytest.mark.full
def test_a_slow_reading_is_looked_at_again_by_itself(people: Opener, demo: Demo) -> None:
    demo.fault("delay", seconds=1.5)
    page = people.open("ada", java_script_enabled=False)

    _check_now(page)
    expect(alert_body(page)).to_contain_text("Reading customers from QuickBooks")

    expect_number(page, "182", "1,204")


@pytest.mark.full
def test_a_failure_is_told_and_tried_again(people: Opener, demo: Demo) -> None:
    demo.fault("html200")
    page = people.open("ada", java_script_enabled=False)

    _check_now(page)
    expect(alert_body(page)).to_contain_text("QuickBooks sent an answer that we cannot read.")
    expect(alert_body(page)).to_contain_text("182 of 1,204 are not yet imported")
    demo.clear_faults()
    press(page, "Try again")

    expect_number(page, "182", "1,204")


@pytest.mark.full
def test_the_list_is_paged_and_decided_in(people: Opener) -> None:
    page = people.open("ada", f"{QUICKBOOKS}/review", java_script_enabled=False)
    rows = page.locator("#review tbody[id]")
    seen = []

    for size in (50, 50, 50, 32):
        expect(rows).to_have_count(size)
        seen += rows.locator("input[name=id]").evaluate_all("all => all.map(one => one.value)")
        if size == 50:
            follow(page, "Next page")
    press(page, re.compile("^Ignore .+"))

    assert len(set(seen)) == 182
    expect(page.locator("#review")).to_contain_text("You ignored 1 customer.")
    expect(rows).to_have_count(31)
    expect(page).to_have_url(re.compile("after="))


@pytest.mark.full
def test_a_company_is_connected_and_counted(people: Opener) -> None:
    page = people.open("zoe", java_script_enabled=False)
    follow(page, "Connect QuickBooks")

    press(page, "Allow")
    _check_now(page)

    expect_number(page, "1,204", "1,204")
