"""The seven tasks people come for, each from its beginning to its end as a person does it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import (
    QUICKBOOKS,
    Opener,
    alert_body,
    expect_number,
    follow,
    press,
    tab_to,
    toggle,
)
from tests.browser.running import hold_import, release_import
from tests.system.demo import Demo, wait_until
from tests.system.prepared import PASSWORD

FRAGMENT = f"{QUICKBOOKS}/unsynced"
REVIEW = f"{QUICKBOOKS}/review"
TELEPHONE = {"width": 390, "height": 844}
NEW_PASSWORD = "brisk otter under violet tin"
IN_BOTH_WAYS = pytest.mark.parametrize(
    "has_scripts", [True, pytest.param(False, marks=pytest.mark.full)], ids=["scripts", "plain"]
)


def _rows(page: Page) -> Locator:
    return page.locator("#review tbody[id]")


def _expect_bins(page: Page, **numbers: int) -> None:
    for word, number in numbers.items():
        found = page.locator(".bins li").filter(has_text=re.compile(rf"\b{word.capitalize()}\b"))
        expect(found.locator("b")).to_have_text(str(number))


def _expect_room(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def _sign_in(page: Page) -> None:
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")


def test_a_company_connects_and_is_led_to_its_number(people: Opener, demo: Demo) -> None:
    page = people.open("zoe", "/")
    expect(page.locator("#first-steps [aria-current]")).to_contain_text("Connect")
    follow(page, "Connect QuickBooks")
    follow(page, "Connect QuickBooks")
    expect(page.get_by_role("heading", name="Let BlueClerk read your customers?")).to_be_visible()

    press(page, "Allow")
    expect(page.get_by_role("status").first).to_contain_text(
        "QuickBooks is connected to Harbor Heating & Air LLC."
    )
    before = demo.calls()
    page.goto("/")
    follow(page, "Check QuickBooks")

    expect_number(page, "1,204", "1,204")
    assert demo.calls() - before == 3
    assert demo.count("SELECT count(*) FROM remote_customer WHERE state = 'unsynced'") == 1386


def test_the_opened_alert_says_the_true_number_once_a_minute(people: Opener, demo: Demo) -> None:
    page = people.open("ada")

    toggle(page)
    expect_number(page, "182", "1,204")
    asked, calls = len(people.watch.asked_for(FRAGMENT)), demo.calls()
    toggle(page)
    expect(alert_body(page)).not_to_be_visible()
    asked_by_closing = len(people.watch.asked_for(FRAGMENT)) - asked
    with page.expect_response(f"**{FRAGMENT}"):
        toggle(page)
    expect_number(page, "182", "1,204")

    assert demo.counted() == 1204
    assert 1 <= calls <= 3
    assert asked_by_closing == 0
    assert len(people.watch.asked_for(FRAGMENT)) == asked + 1
    assert demo.calls() == calls
    expect(page.locator("#unsynced-summary")).to_contain_text("182 are missing here")


def test_the_review_is_searched_and_filtered_and_its_address_keeps_it(people: Opener) -> None:
    page = people.open("ada", REVIEW)
    expect(_rows(page)).to_have_count(50)
    page.keyboard.press("/")
    expect(page.locator("#find-text")).to_be_focused()

    page.keyboard.type("redfern")
    expect(page).to_have_url(re.compile(r"[?&]q=redfern"))
    expect(page.locator("#find-text")).to_be_focused()
    found = _rows(page).count()
    page.reload()
    reloaded = _rows(page).count()
    page.locator("#review .chips a").filter(has_text=re.compile("^Ignored 4$")).click()
    expect(page).to_have_url(re.compile(r"show=ignored&q=redfern"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"review\?q=redfern$"))

    expect(_rows(page)).to_have_count(found)
    assert found == reloaded
    assert 0 < found < 50


def test_an_import_from_sign_in_to_its_receipt_on_a_telephone(people: Opener, demo: Demo) -> None:
    page = people.open(None, "/", viewport=TELEPHONE)
    _sign_in(page)
    follow(page, "Open QuickBooks")
    toggle(page)
    expect_number(page, "182", "1,204")
    _expect_room(page)
    follow(page, "Review & import")
    page.locator("#select-all").click()
    expect(page.locator("#select-none")).to_be_visible()
    _expect_room(page)

    press(page, "Import 174")
    _expect_bins(page, create=151, link=23)
    _expect_room(page)
    press(page, "Import 174 customers")
    expect(page.locator("h1")).to_have_text("Import 32 Finished")
    _expect_bins(page, created=151, linked=23, skipped=8, failed=0)
    _expect_room(page)
    hold_import(demo)
    page.reload()
    expect(page.get_by_role("progressbar")).to_be_visible()
    _expect_room(page)
    release_import(demo)

    expect(page.locator("h1")).to_have_text("Import 32 Finished")
    expect(page.locator("#import-run")).not_to_have_attribute("hx-get", re.compile("."))
    assert people.watch.asked_for("/progress")


@pytest.mark.full
def test_an_import_from_sign_in_to_its_receipt_by_keyboard_alone(people: Opener) -> None:
    page = people.open(None, "/")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type("ada@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Integrations")).to_be_visible()

    tab_to(page, "Open QuickBooks")
    page.keyboard.press("Enter")
    expect(page.locator("#unsynced")).to_be_visible()
    tab_to(page, "Unsynced customers")
    page.keyboard.press("Enter")
    expect_number(page, "182", "1,204")
    tab_to(page, "Review & import")
    page.keyboard.press("Enter")
    expect(_rows(page)).to_have_count(50)
    page.wait_for_load_state()  # rows are there before the script that knows the key
    page.keyboard.press("/")
    page.keyboard.type("marina")
    expect(page.locator("#review")).to_contain_text("with “marina”")
    page.keyboard.press("Tab")
    tab_to(page, "id")
    page.keyboard.press("Space")
    tab_to(page, "Import 1 selected", most=120)
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_have_text("Import 32 Finished")
    expect(page.locator(".big")).to_contain_text("1 customer was chosen.")


def test_an_import_is_taken_back(people: Opener, demo: Demo) -> None:
    page = people.open("ada", f"{QUICKBOOKS}/imports")
    page.get_by_role("link", name="Undo import 31").click()
    expect(page.locator("h1")).to_have_text("Undo import 31?")

    press(page, "Undo 7 of 7")
    expect(page.locator("h1")).to_have_text("Import 31 Undone")
    _expect_bins(page, removed=7, unlinked=0, kept=0)
    page.goto(QUICKBOOKS)
    toggle(page)

    expect_number(page, "189", "1,204")
    assert demo.count("SELECT count(*) FROM customer_link") == 1011


@IN_BOTH_WAYS
def test_the_report_is_changed_and_its_preview_read(people: Opener, has_scripts: bool) -> None:
    page = people.open("ada", "/settings/reports", java_script_enabled=has_scripts)
    page.locator("[name=recipients]").fill("ada@example.com\nx@placeholder.local")
    press(page, "Save")
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    page.locator("[name=recipients]").fill("kim@example.org")
    page.get_by_label("How often for mel@example.com").select_option("Weekly")
    page.locator("[name=hour]").select_option("9")
    press(page, "Save")
    expect(page.get_by_role("status").first).to_contain_text("kim@example.org is asked by e-mail")
    expect(page.locator("main")).to_contain_text(", 09:00")
    expect(page.locator("tr", has_text="kim@example.org")).to_contain_text("Not confirmed")
    page.goto("/settings/reports")
    expect(page.get_by_label("How often for mel@example.com")).to_have_value("weekly")

    page.goto("/reports")
    follow(page, "See yesterday")
    told = page.locator(".note").first.inner_text()
    numbers = [int(word) for word in told.replace(",", "").split() if word.isdigit()]
    follow(page, "See the mail")

    assert numbers[0] == numbers[1] + numbers[2]
    expect(page.locator("pre")).to_contain_text(f"{numbers[1]} new customer")
    expect(page.locator("pre")).not_to_contain_text("placeholder")


def test_a_colleague_is_invited_and_comes_in(people: Opener, demo: Demo) -> None:
    demo.control("DELETE", "outbox")
    page = people.open("ada", "/settings/team")
    page.get_by_label("E-mail of whom to invite").fill("kim@example.org")
    press(page, "Send invitation")
    wait_until(lambda: bool(_invitations(demo)), "the invitation is mailed")
    [link] = _invitations(demo)

    kim = people.open(None, link)
    kim.get_by_label("Your name").fill("Kim Ashby")
    kim.get_by_label("Choose a password").fill(NEW_PASSWORD)
    press(kim, "Join")
    expect(kim.get_by_label("E-mail")).to_have_value("kim@example.org")
    kim.get_by_label("Password").fill(NEW_PASSWORD)
    press(kim, "Sign in")

    expect(kim).to_have_url(f"{people.url}/customers")
    expect(kim.locator(".me summary")).to_have_text("Kim Ashby")
    page.reload()
    expect(page.locator("tr", has_text="Kim Ashby")).to_contain_text("Member")


def _invitations(demo: Demo) -> list[str]:
    """Return the links mailed; what the test before has asked of kim may be on its way as well."""
    texts = [mail["text"] for mail in demo.control("GET", "outbox")["mails"]]
    return [link for text in texts for link in re.findall(r"/invitation/\S+", text)]
