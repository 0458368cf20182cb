"""Every page, and every state of the alert, as places that a test can go to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.account_places import password_again, your_account
from tests.browser.link_places import LINK_PAGES
from tests.browser.people import (
    QUICKBOOKS,
    Opener,
    alert_body,
    expect_number,
    follow,
    press,
    toggle,
)
from tests.browser.running import hold_import
from tests.system.demo import Demo

Place = Callable[..., Page]


def _page(person: str | None, path: str) -> Place:
    def go(people: Opener, _demo: Demo, **options: Any) -> Page:
        return people.open(person, path, **options)

    return go


def _wrong_password(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open(None, "/login", **options)
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill("not-the-password")
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


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
    press(page, "Ignore these 182")
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


def _import_runs(people: Opener, demo: Demo, **options: Any) -> Page:
    hold_import(demo)
    page = people.open("ada", f"{QUICKBOOKS}/imports", **options)
    page.get_by_role("link", name="Import 31", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    return page


def _undo_asked(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", f"{QUICKBOOKS}/imports", **options)
    page.get_by_role("link", name="Undo import 31").click()
    expect(page.locator("h1")).to_have_text("Undo import 31?")
    return page


def _undone(people: Opener, demo: Demo, **options: Any) -> Page:
    page = _undo_asked(people, demo, **options)
    press(page, "Undo 7 of 7")
    expect(page.locator("h1")).to_have_text("Import 31 Undone")
    return page


def _receipt(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", f"{QUICKBOOKS}/imports", **options)
    page.get_by_role("link", name="Import 31", exact=True).click()
    page.locator("#done > summary").click()
    return page


def _offline(people: Opener, _demo: Demo, **options: Any) -> Page:
    people.watch.forgive("Failed to load resource: net::ERR_", "htmx: htmx:error: Failed to fetch")
    page = people.open("ada", **options)
    page.route("**/unsynced", lambda route: route.abort())
    toggle(page)
    expect(alert_body(page)).to_contain_text("BlueClerk could not be reached.")
    return page


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


def _compared(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", f"{QUICKBOOKS}/review?show=maybe", **options)
    page.locator("#review tbody[id] th a").first.click()
    expect(page.locator("#review .compare")).to_be_visible()
    return page


def _differing(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/customers?show=linked&q=harlow", **options)
    page.locator("#found th a").first.click()
    follow(page, "Edit")
    page.get_by_label("Name").fill("Somebody Else")
    page.get_by_label("Phone").fill("(212) 555-0199")
    press(page, "Save changes")
    expect(page.get_by_role("button", name="Take theirs").first).to_be_visible()
    return page


def _unlinking(people: Opener, demo: Demo, **options: Any) -> Page:
    page = _differing(people, demo, **options)
    follow(page, "Unlink from QuickBooks")
    expect(page.locator("h1")).to_contain_text("Unlink")
    return page


def _removing(people: Opener, demo: Demo, **options: Any) -> Page:
    page = _differing(people, demo, **options)
    follow(page, "Remove this customer")
    expect(page.locator("h1")).to_contain_text("Remove")
    return page


def _wrong_email(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/customers/without-email", **options)
    field = page.get_by_label("E-mail of").first
    people.watch.forgive("Failed to load resource: the server responded with a status of 422")
    field.fill("marguerite@")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _wrong_report_settings(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/settings/reports", **options)
    people.watch.forgive("Failed to load resource: the server responded with a status of 422")
    page.locator("[name=zone]").fill("Mars/Base")
    page.locator("[name=recipients]").fill("nobody")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _disable_question(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/settings/team", **options)
    page.get_by_role("link", name="Disable mel@example.com").click()
    expect(page.get_by_role("heading", name="Disable Mel Osei?")).to_be_visible()
    return page


def _report_mail(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/reports", **options)
    follow(page, "See yesterday")
    follow(page, "See the mail")
    expect(page.locator("pre")).to_contain_text("new customer")
    return page


def _sandbox(people: Opener, demo: Demo, **options: Any) -> Page:
    return people.open(None, f"{demo.sandbox_url}/", **options)


PAGES: Mapping[str, Place] = {
    "sign in": _page(None, "/login"),
    "wrong password": _wrong_password,
    "your account": your_account,
    "password again": password_again,
    "integrations": _page("ada", "/settings/integrations"),
    "quickbooks": _page("ada", QUICKBOOKS),
    "not connected": _page("zoe", QUICKBOOKS),
    "consent refused": _refused_consent,
    "other account": _other_account,
    "disconnect": _page("ada", f"{QUICKBOOKS}/disconnect"),
    "xero not connected": _page("ada", "/settings/integrations/xero"),
    "freshbooks not connected": _page("ada", "/settings/integrations/freshbooks"),
    "list": _page("ada", f"{QUICKBOOKS}/review"),
    "same": _page("ada", f"{QUICKBOOKS}/review?show=same"),
    "compared": _compared,
    "all selected": _page("ada", f"{QUICKBOOKS}/review?selected=matching"),
    "ordered by name": _page("ada", f"{QUICKBOOKS}/review?show=maybe&sort=name"),
    "nobody found": _page("ada", f"{QUICKBOOKS}/review?show=same&q=nobody"),
    "import all": _page("ada", f"{QUICKBOOKS}/imports/new"),
    "import runs": _import_runs,
    "undo": _undo_asked,
    "undone": _undone,
    "receipt": _receipt,
    "import history": _page("ada", f"{QUICKBOOKS}/imports"),
    "no import history": _page("zoe", f"{QUICKBOOKS}/imports"),
    "ignored": _page("ada", f"{QUICKBOOKS}/review?show=ignored"),
    "archived": _page("ada", f"{QUICKBOOKS}/review?show=archived"),
    "customers": _page("ada", "/customers"),
    "without e-mail": _wrong_email,
    "one customer": _differing,
    "unlink": _unlinking,
    "remove": _removing,
    "both sides": _page("ada", f"{QUICKBOOKS}/gap"),
    "linked": _page("ada", f"{QUICKBOOKS}/gap?show=linked"),
    "audit": _page("ada", "/settings/audit"),
    "no customers": _page("zoe", "/customers"),
    "forbidden": _page("mel", "/settings/integrations"),
    "report settings": _wrong_report_settings,
    "team": _page("ada", "/settings/team"),
    "disable": _disable_question,
    "reports": _page("mel", "/reports"),
    "ninety days": _page("ada", "/reports?days=90"),
    "report mail": _report_mail,
    "diagnostics": _page("ada", "/settings/diagnostics"),
    "not found": _page("ada", "/nowhere"),
}
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
SANDBOX_PAGES: Mapping[str, Place] = {"consent": _consent, "sandbox": _sandbox}
PLACES: Mapping[str, Place] = {**PAGES, **LINK_PAGES, **ALERT_STATES, **SANDBOX_PAGES}
