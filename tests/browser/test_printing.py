"""The report on paper: what it says, in dark on white, and nothing to press."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.people import Opener, follow

PRESSED = "nav, button, [role=button], header a"


@pytest.mark.full
def test_a_report_is_printed_without_anything_to_press_and_never_dark(people: Opener) -> None:
    page = people.open("ada", "/reports", color_scheme="dark", reduced_motion="reduce")

    page.emulate_media(media="print")
    expect(page.locator(PRESSED).filter(visible=True)).to_have_count(0)
    expect(page.locator(".chart")).to_be_visible()
    page.emulate_media(media="screen")
    follow(page, "See yesterday")
    page.emulate_media(media="print")

    expect(page.locator(PRESSED).filter(visible=True)).to_have_count(0)
    link = page.locator("tbody th a").first
    expect(link).to_have_css("color", "rgb(23, 32, 46)")
    expect(link).to_have_css("text-decoration-line", "none")
    expect(page.locator("html")).to_have_css("background-color", "rgb(246, 248, 251)")
