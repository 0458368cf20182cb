"""Connecting, and what may come of it, for the tests that look at every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.going import Place, straight_to
from tests.browser.people import QUICKBOOKS, Opener, alert, follow, press, toggle
from tests.system.demo import Demo

XERO = "/settings/integrations/xero"


def _refused_consent(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("zoe", **options)
    follow(page, "Connect QuickBooks")
    press(page, "Refuse")
    expect(page.get_by_role("status")).to_be_visible()
    return page


def _consent(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("zoe", **options)
    follow(page, "Connect QuickBooks")
    expect(page.get_by_label("Company")).to_be_visible()
    return page


def _other_account(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", **options)
    follow(page, "Reconnect")
    page.get_by_label("Company").select_option(label="Empty Company · 0")
    press(page, "Allow")
    expect(page.locator("h1")).to_have_text("You chose another QuickBooks company")
    return page


def _sandbox(people: Opener, demo: Demo, **options: Any) -> Page:
    return people.open(None, f"{demo.sandbox_url}/", **options)


def _at_xero(people: Opener, **options: Any) -> Page:
    page = people.open("ada", XERO, **options)
    follow(page, "Connect Xero")
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
    return page


def _several_organisations(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = _at_xero(people, **options)
    for box in page.get_by_role("checkbox").all():
        box.check()
    press(page, "Allow")
    expect(page.locator("h1")).to_have_text("Which organisation is it?")
    return page


def _xero_ended(people: Opener, demo: Demo, **options: Any) -> Page:
    page = _at_xero(people, **options)
    press(page, "Allow")
    expect(alert(page)).to_be_visible()
    demo.control("POST", "faults", provider="xero", fault="revoke")
    toggle(page)
    expect(page.locator("#unsynced-body")).to_contain_text("has ended our permission")
    page.goto("/settings/integrations")
    expect(page.locator("main")).to_contain_text("Reconnect required")
    return page


def _first_check(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("zoe", **options)
    follow(page, "Connect QuickBooks")
    press(page, "Allow")
    expect(alert(page)).to_be_visible()
    page.goto("/settings/integrations")
    expect(page.locator("#first-steps")).to_contain_text("1 of 4 done")
    return page


CONNECTION_PAGES: Mapping[str, Place] = {
    "first steps": straight_to("zoe", "/settings/integrations"),
    "first check": _first_check,
    "integrations": straight_to("ada", "/settings/integrations"),
    "quickbooks": straight_to("ada", QUICKBOOKS),
    "not connected": straight_to("zoe", QUICKBOOKS),
    "consent refused": _refused_consent,
    "other account": _other_account,
    "several organisations": _several_organisations,
    "disconnect": straight_to("ada", f"{QUICKBOOKS}/disconnect"),
    "xero not connected": straight_to("ada", XERO),
    "xero ended": _xero_ended,
    "freshbooks not connected": straight_to("ada", "/settings/integrations/freshbooks"),
}
SANDBOX_PAGES: Mapping[str, Place] = {"consent": _consent, "sandbox": _sandbox}
