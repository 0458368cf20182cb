"""The other settings, signing in and errors, for the tests that look at every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.browser.account_places import (
    email_that_waits,
    password_again,
    password_refused,
    your_account,
)
from tests.browser.going import REFUSED, Place, straight_to
from tests.browser.people import Opener, press, toggle
from tests.system.demo import Demo

# Something nobody foresaw: a word that no release of ours has written.
BROKEN = text("UPDATE customer SET origin = 'nowhere'")
ENDED = text("UPDATE sign_in SET ended_at = created_at")


def _wrong_password(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open(None, "/login", **options)
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill("not-the-password")
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _disable_question(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/settings/team", **options)
    page.get_by_role("link", name="Disable mel@example.com").click()
    expect(page.get_by_role("heading", name="Disable Mel Osei?")).to_be_visible()
    return page


def _ended_session(people: Opener, demo: Demo, **options: Any) -> Page:
    page = people.open("ada", **options)
    with demo.database() as database:
        database.execute(ENDED)
    toggle(page)
    expect(page.locator("main")).to_contain_text("You were signed out.")
    return page


def _wrong_invitation(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/settings/team", **options)
    people.watch.forgive(REFUSED)
    page.get_by_label("E-mail of whom to invite").fill("kim@nowhere")
    press(page, "Send invitation")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _broken(people: Opener, demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/customers?q=harlow", **options)
    with demo.database() as database:
        database.execute(BROKEN)
    people.watch.forgive("Failed to load resource: the server responded with a status of 500")
    page.locator("#found th a").first.click()
    expect(page.locator("h1")).to_have_text("Something broke on our side")
    return page


SETTINGS_PAGES: Mapping[str, Place] = {
    "sign in": straight_to(None, "/login"),
    "wrong password": _wrong_password,
    "session ended": _ended_session,
    "forgotten password": straight_to(None, "/password"),
    "your account": your_account,
    "e-mail that waits": email_that_waits,
    "password again": password_again,
    "password refused": password_refused,
    "team": straight_to("ada", "/settings/team"),
    "wrong invitation": _wrong_invitation,
    "disable": _disable_question,
    "audit": straight_to("ada", "/settings/audit"),
    "diagnostics": straight_to("ada", "/settings/diagnostics"),
    "forbidden": straight_to("mel", "/settings/integrations"),
    "not found": straight_to("ada", "/nowhere"),
    "broken": _broken,
}
