"""Signing in and out in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import QUICKBOOKS, Opener, alert, expect_number, press, toggle
from tests.system.prepared import PASSWORD


def _fill_in(page: Page, *, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(password)
    press(page, "Sign in")


def _sign_out(page: Page) -> None:
    page.locator("details.me > summary").click()
    press(page, "Sign out")


def test_a_visitor_signs_in_and_out(people: Opener) -> None:
    page = people.open(None, QUICKBOOKS)
    expect(page).to_have_url(f"{people.url}/login?next={QUICKBOOKS}")

    _fill_in(page)
    expect(page).to_have_url(people.url + QUICKBOOKS)
    expect(alert(page)).to_be_visible()
    _sign_out(page)

    expect(page).to_have_url(f"{people.url}/login")
    page.goto(QUICKBOOKS)
    expect(page).to_have_url(f"{people.url}/login?next={QUICKBOOKS}")


def test_a_wrong_password_is_told_and_the_address_stays(people: Opener) -> None:
    page = people.open(None, "/login")

    _fill_in(page, password="not-the-password")

    expect(page.get_by_role("alert")).to_have_text(
        "That e-mail and password do not fit together. Check both and try again."
    )
    expect(page.get_by_label("E-mail")).to_have_value("ada@example.com")
    expect(page.get_by_label("Password")).to_be_focused()


@pytest.mark.full
def test_opening_after_signing_out_elsewhere_leads_to_sign_in_and_back(people: Opener) -> None:
    browser = people.browser(None)
    page, other_tab = browser.new_page(), browser.new_page()
    page.goto(QUICKBOOKS)
    _fill_in(page)
    other_tab.goto("/customers")
    _sign_out(other_tab)

    toggle(page)
    expect(page).to_have_url(f"{people.url}/login?next={QUICKBOOKS}")
    _fill_in(page)

    expect(page).to_have_url(people.url + QUICKBOOKS)
    toggle(page)
    expect_number(page, "182", "1,204")
