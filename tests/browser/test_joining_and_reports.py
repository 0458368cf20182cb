"""Joining as a stranger; the report's settings and days as an admin; scripts on and off."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.people import Opener, follow, press
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


@WITH_AND_WITHOUT_SCRIPTS
def test_an_admin_changes_the_report_and_is_told_what_cannot_be(
    people: Opener, has_scripts: bool
) -> None:
    page = people.open("ada", "/settings/reports", java_script_enabled=has_scripts)

    page.locator("[name=recipients]").fill("ada@example.com\nx@placeholder.local")
    press(page, "Save")
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    page.locator("[name=recipients]").fill("kim@example.org")
    page.get_by_label("How often for mel@example.com").select_option("Weekly")
    page.locator("[name=hour]").select_option("9")
    press(page, "Save")

    expect(page.get_by_role("status").first).to_contain_text("kim@example.org is asked by a mail")
    expect(page.locator("main")).to_contain_text(", 09:00")
    again = people.open("ada", "/settings/reports", java_script_enabled=has_scripts)
    expect(again.get_by_label("How often for mel@example.com")).to_have_value("weekly")
    expect(again.locator("tr", has_text="kim@example.org")).to_contain_text("Not confirmed")


def test_a_test_mail_arrives(people: Opener, demo: Demo) -> None:
    demo.control("DELETE", "outbox")
    page = people.open("ada", "/settings/reports")

    press(page, "Send test to me")

    expect(page.locator("#report-test [role=status]:not(.busy)")).to_contain_text("ada@example.com")
    [mail] = demo.control("GET", "outbox")["mails"]
    assert "ada@example.com" in mail["to"]
    assert "placeholder" not in mail["text"] + mail["html"]


@WITH_AND_WITHOUT_SCRIPTS
def test_yesterday_adds_up_on_its_page(people: Opener, has_scripts: bool) -> None:
    page = people.open("ada", "/reports", java_script_enabled=has_scripts)

    follow(page, "See yesterday")

    told = page.locator(".note").first.inner_text()
    numbers = [int(word) for word in told.replace(",", "").split() if word.isdigit()]
    assert numbers[0] == numbers[1] + numbers[2]
    assert "placeholder.local" not in page.content()
