"""From no connection to a number, through the provider's own consent page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import (
    QUICKBOOKS,
    Opener,
    alert,
    alert_body,
    expect_number,
    follow,
    press,
    toggle,
)
from tests.system.demo import Demo


def _go_to_consent(page: Page) -> None:
    follow(page, "Connect QuickBooks")
    follow(page, "Connect QuickBooks")
    expect(page.get_by_role("heading", name="Let BlueClerk read your customers?")).to_be_visible()


def test_an_empty_company_has_nobody_missing(people: Opener) -> None:
    page = people.open("zoe")
    follow(page, "Connect QuickBooks")
    page.get_by_label("Company").select_option(label="Empty Company · 0")

    press(page, "Allow")
    toggle(page)

    expect_number(page, "0", "0")
    expect(alert_body(page)).to_contain_text("There is no customer in QuickBooks that counts yet.")


def test_refusing_changes_nothing(people: Opener, demo: Demo) -> None:
    page = people.open("zoe", "/settings/integrations")
    _go_to_consent(page)

    press(page, "Refuse")

    expect(page).to_have_url(people.url + QUICKBOOKS)
    expect(page.get_by_role("status")).to_have_text(
        "QuickBooks was not connected: permission was declined. Nothing changed."
    )
    assert demo.count("SELECT count(*) FROM connection") == 1
    assert demo.calls() == 0


@pytest.mark.full
def test_going_back_to_the_consent_page_connects_once(people: Opener, demo: Demo) -> None:
    page = people.open("zoe")
    follow(page, "Connect QuickBooks")
    press(page, "Allow")
    expect(alert(page)).to_be_visible()

    page.go_back()
    press(page, "Allow")

    expect(page).to_have_url(people.url + QUICKBOOKS)
    expect(page.get_by_role("status").first).to_contain_text("QuickBooks is already connected to ")
    assert demo.count("SELECT count(*) FROM connection") == 2


def test_disconnecting_keeps_links_and_reconnecting_brings_the_number(people: Opener) -> None:
    page = people.open("ada")
    follow(page, "Disconnect")
    expect(page.locator("main")).to_contain_text(
        "1,018 links and 4 ignored customers stay and count"
    )

    press(page, "Disconnect and keep the links")
    expect(page.get_by_role("status").first).to_contain_text("QuickBooks is disconnected.")
    expect(alert(page)).to_have_count(0)
    follow(page, "Connect QuickBooks")
    press(page, "Allow")
    toggle(page)

    expect_number(page, "182", "1,204")


@pytest.mark.full
def test_another_company_than_before_is_asked_about(people: Opener, demo: Demo) -> None:
    page = people.open("ada")
    follow(page, "Reconnect")
    page.get_by_label("Company").select_option(label="Empty Company · 0")

    press(page, "Allow")
    expect(page.get_by_role("heading", name="You chose another QuickBooks company")).to_be_visible()
    follow(page, "Leave it as it was")
    toggle(page)

    expect_number(page, "182", "1,204")
    assert demo.count("SELECT count(*) FROM connection") == 1
