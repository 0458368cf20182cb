"""Joining as a stranger; the report's settings and days as an admin; scripts on and off."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.people import Opener, press
from tests.system.demo import Demo

WITH_AND_WITHOUT_SCRIPTS = pytest.mark.parametrize("has_scripts", [True, False])
TELEPHONE = {"width": 390, "height": 844}


@WITH_AND_WITHOUT_SCRIPTS
def test_a_stranger_joins_and_is_a_customer(people: Opener, demo: Demo, has_scripts: bool) -> None:
    page = people.open(None, "/join/demo", java_script_enabled=has_scripts, viewport=TELEPHONE)

    page.locator("[name=name]").fill("Wren Calloway")
    page.locator("[name=email]").fill("wren@example.com")
    page.locator("main button").click()

    expect(page).to_have_url(f"{demo.url}/join/demo/thanks")
    customers = people.open("ada", "/customers?q=wren", java_script_enabled=has_scripts)
    expect(customers.locator("tbody")).to_contain_text("Wren Calloway")
    expect(customers.locator("tbody")).to_contain_text("wren@example.com")


def test_a_test_mail_arrives(people: Opener, demo: Demo) -> None:
    demo.control("DELETE", "outbox")
    page = people.open("ada", "/settings/reports")

    press(page, "Send test to me")

    expect(page.locator("#report-test [role=status]:not(.busy)")).to_contain_text("ada@example.com")
    # What a test before has asked for may still be on its way.
    mails = demo.control("GET", "outbox")["mails"]
    [mail] = [each for each in mails if each["subject"].startswith("Test: ")]
    assert mail["to"] == ["ada@example.com"]
    assert "placeholder" not in mail["text"] + mail["html"]
