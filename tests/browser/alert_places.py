"""Every state of the alert, for the tests that look at every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.going import Place
from tests.browser.people import (
    QUICKBOOKS,
    Opener,
    alert_body,
    expect_number,
    ignore_these,
    toggle,
)
from tests.browser.running import hold_import
from tests.system.demo import Demo


def _opened(people: Opener, **options: Any) -> Page:
    page = people.open("ada", **options)
    toggle(page)
    return page


def _counted(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = _opened(people, **options)
    expect_number(page, "182", "1,204")
    return page


def _one_ignored(people: Opener, demo: Demo, **options: Any) -> Page:
    page = _counted(people, demo, **options)
    alert_body(page).locator("tbody button").first.click()
    expect_number(page, "181", "1,204")
    return page


def _all_ignored(people: Opener, demo: Demo, **options: Any) -> Page:
    page = _counted(people, demo, **options)
    ignore_these(page, "182")
    expect_number(page, "0", "1,204")
    return page


def _checking(people: Opener, demo: Demo, **options: Any) -> Page:
    demo.fault("delay", seconds=4)
    page = _opened(people, **options)
    expect(alert_body(page).get_by_role("progressbar")).to_be_visible()
    # The picture stands still while it is looked at; the polls go on without an answer.
    page.route("**/unsynced?reading=*", lambda _route: None)
    return page


def _failed(people: Opener, demo: Demo, **options: Any) -> Page:
    demo.fault("html200")
    page = _opened(people, **options)
    expect(alert_body(page)).to_contain_text("an answer that we cannot read")
    return page


def _asked_to_wait(people: Opener, demo: Demo, **options: Any) -> Page:
    demo.fault("status", status=429, headers={"Retry-After": "120"})
    page = _opened(people, **options)
    expect(alert_body(page)).to_contain_text("asked us to wait")
    return page


def _reconnect(people: Opener, demo: Demo, **options: Any) -> Page:
    demo.fault("revoke")
    page = _opened(people, **options)
    expect(alert_body(page)).to_contain_text("has ended our permission")
    page.goto(QUICKBOOKS)
    expect(page.locator("#unsynced")).to_have_attribute("open", "")
    return page


def _importing(people: Opener, demo: Demo, **options: Any) -> Page:
    hold_import(demo)
    page = _opened(people, **options)
    expect(alert_body(page).get_by_role("progressbar")).to_be_visible()
    return page


def _offline(people: Opener, _demo: Demo, **options: Any) -> Page:
    people.watch.forgive("Failed to load resource: net::ERR_", "htmx: htmx:error: Failed to fetch")
    page = people.open("ada", **options)
    page.route("**/unsynced", lambda route: route.abort())
    toggle(page)
    expect(alert_body(page)).to_contain_text("BlueClerk could not be reached.")
    return page


ALERT_STATES: Mapping[str, Place] = {
    "counted": _counted,
    "one ignored": _one_ignored,
    "all ignored": _all_ignored,
    "checking": _checking,
    "importing": _importing,
    "failed": _failed,
    "asked to wait": _asked_to_wait,
    "reconnect": _reconnect,
    "offline": _offline,
}
