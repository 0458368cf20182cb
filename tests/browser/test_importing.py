"""Importing as a person does it: from the alert, from the list, with and without scripts."""

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
    toggle,
)
from tests.browser.running import hold_import, release_import
from tests.system.demo import Demo

REVIEW = f"{QUICKBOOKS}/review"
TELEPHONE = {"width": 390, "height": 844}


def _boxes(page: Page) -> Locator:
    return page.locator("#review tbody[id] input[type=checkbox]")


def _bin(page: Page, word: str) -> Locator:
    return page.locator(".bins li").filter(has_text=re.compile(rf"\b{word}\b")).locator("b")


def _expect_receipt(page: Page, **numbers: int) -> None:
    for word, number in numbers.items():
        expect(_bin(page, word.capitalize())).to_have_text(str(number))


def _has_room(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_all_are_imported_from_the_alert(people: Opener, demo: Demo) -> None:
    page = people.open("ada")
    toggle(page)
    expect_number(page, "182", "1,204")
    calls = demo.calls()

    follow(page, "Import all 182")
    expect(_bin(page, "Create")).to_have_text("159")
    expect(_bin(page, "Link")).to_have_text("23")
    press(page, "Import 182 customers")
    _expect_receipt(page, created=159, linked=23, skipped=0, failed=0)
    expect(page.locator("h1")).to_have_text("Import 32 Finished")
    follow(page, "Back to QuickBooks")
    toggle(page)

    expect_number(page, "0", "1,204")
    expect(page.locator("#sync-facts")).to_contain_text("159 created, 23 linked")
    assert demo.calls() == calls


@pytest.mark.full
def test_all_that_are_certain_are_imported_without_scripts(people: Opener) -> None:
    page = people.open("ada", REVIEW, java_script_enabled=False)
    expect(page.get_by_label("Select all on this page")).to_be_hidden()

    follow(page, "Select all 182")
    expect(page.locator("#review")).to_contain_text("leaves the 8 that wait for your decision")
    press(page, "Import 174")
    press(page, "Import 174 customers")
    _expect_receipt(page, created=151, linked=23, skipped=8, failed=0)
    page.goto(f"{QUICKBOOKS}?opened=1")

    expect_number(page, "8", "1,204")


def test_the_ticked_are_imported(people: Opener) -> None:
    page = people.open("ada", REVIEW)
    expect(_boxes(page)).to_have_count(50)

    page.get_by_label("Select all on this page").check()
    _boxes(page).first.uncheck()
    expect(page.get_by_label("Select all on this page")).to_have_js_property("indeterminate", True)
    press(page, "Import 49 selected")
    expect(page.locator(".big")).to_contain_text("49 customers were chosen.")
    page.go_back()

    # Three of them look like somebody here, and wait for a decision.
    expect(page.locator("#review")).to_contain_text("136 of 1,204 customers in QuickBooks")


def test_the_ticked_are_ignored_and_restored(people: Opener) -> None:
    page = people.open("ada", REVIEW)

    _boxes(page).nth(0).check()
    _boxes(page).nth(2).check()
    press(page, "Ignore selected")
    expect(page.locator("#review")).to_contain_text("You ignored 2 customers.")
    expect(page.get_by_role("button", name="Import selected")).to_be_visible()
    press(page, "Restore these 2")

    expect(page.locator("#review")).to_contain_text("You restored 2 customers.")
    expect(page.get_by_role("link", name="All 182", exact=True)).to_be_visible()


def test_whoever_ticks_nobody_is_told_so_without_scripts(people: Opener) -> None:
    page = people.open("ada", REVIEW, java_script_enabled=False)

    press(page, "Import selected")

    expect(page.get_by_role("status").first).to_contain_text("No customer was chosen.")
    expect(_boxes(page)).to_have_count(50)


def test_opening_the_alert_shows_the_import_and_reads_nothing(people: Opener, demo: Demo) -> None:
    hold_import(demo)
    page = people.open("ada")

    toggle(page)
    expect(alert_body(page)).to_contain_text("Import 31 is running")
    expect(alert_body(page).get_by_role("progressbar")).to_be_visible()
    release_import(demo)

    expect_number(page, "182", "1,204")
    assert demo.calls() == 0


@pytest.mark.full
def test_without_scripts_progress_looks_again_by_itself(people: Opener, demo: Demo) -> None:
    hold_import(demo)
    page = people.open("ada", f"{QUICKBOOKS}/imports", java_script_enabled=False)
    page.get_by_role("link", name="Import 31", exact=True).click()
    expect(page.locator("main")).to_contain_text("Stop after this customer")

    release_import(demo)

    expect(page.locator("h1")).to_have_text("Import 31 Finished")


@pytest.mark.full
@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "plain"])
def test_an_import_is_undone_but_for_whom_somebody_has_worked_on(
    people: Opener, has_scripts: bool
) -> None:
    page = people.open("ada", f"{REVIEW}?show=new", java_script_enabled=has_scripts)
    for number in range(3):
        _boxes(page).nth(number).check()
    page.get_by_role("button", name=re.compile("Import .*selected")).click()
    _expect_receipt(page, created=3, linked=0, skipped=0, failed=0)
    address = page.url
    page.locator("#done > summary").click()
    page.locator("#done th a").first.click()
    follow(page, "Edit")
    page.get_by_label("Phone").fill("(212) 555-0199")
    press(page, "Save changes")

    page.goto(address)
    follow(page, "Undo this import")
    expect(page.locator("main")).to_contain_text("(phone edited since the import)")
    press(page, "Undo 2 of 3")

    expect(page.locator("h1")).to_have_text("Import 32 Undone")
    _expect_receipt(page, removed=2, unlinked=0, kept=1)
    expect(page.locator("#told")).to_contain_text("Ada Brandt")
    page.goto(f"{REVIEW}?show=new")
    expect(page.locator("#review")).to_contain_text("unlinked by undo")


def test_the_strip_follows_a_run_to_its_end_on_another_page(people: Opener, demo: Demo) -> None:
    hold_import(demo)
    page = people.open("ada", "/customers")
    strip = page.locator("#run-strip")
    expect(strip).to_contain_text("Import 31 from QuickBooks: 7 of 14 done")

    release_import(demo)
    expect(strip).to_contain_text("Import 31 has ended")
    strip.get_by_role("link", name="See the receipt").click()

    expect(page.locator("h1")).to_have_text("Import 31 Finished")
    expect(strip).to_have_count(0)


@pytest.mark.full
def test_an_import_waits_for_the_books_and_goes_on_when_asked_to(
    people: Opener, demo: Demo
) -> None:
    demo.fault("status", status=503)
    page = people.open("ada", REVIEW)
    _boxes(page).first.check()
    press(page, "Import 1 selected")
    expect(page.locator("h1")).to_contain_text("Paused")
    expect(page.locator("main")).to_contain_text("QuickBooks did not answer.")

    demo.clear_faults()
    press(page, "Try now")

    expect(page.locator("h1")).to_contain_text("Finished")
