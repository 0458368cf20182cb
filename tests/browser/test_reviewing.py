"""The review as a person works through it: found, compared, decided, with keys and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import QUICKBOOKS, Opener, follow, press
from tests.system.demo import Demo

REVIEW = f"{QUICKBOOKS}/review"
FOCUSED_ROW = "document.activeElement.closest('tbody[id]')?.id"
ONE_LINE = "all => new Set(all.map((one) => one.getBoundingClientRect().top)).size === 1"


def _rows(page: Page) -> Locator:
    return page.locator("#review tbody[id]")


def _note(page: Page) -> Locator:
    return page.locator("#review > .note")


def _chip(page: Page, label: str) -> Locator:
    return page.locator("#review .chips a").filter(has_text=re.compile(rf"^{label}$"))


def _keys(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def _decide(page: Page, key: str, says: str) -> None:
    """Press a key on the row that has the focus, and wait until the focus is on another one."""
    row = page.evaluate(FOCUSED_ROW)
    assert row
    page.keyboard.press(key)
    expect(_note(page)).to_contain_text(says)
    page.wait_for_function(f"(row) => {FOCUSED_ROW} !== row", arg=row)


def _import_selected(page: Page, chosen: str) -> None:
    """Import by the keyboard, through the question if there is one, and come back."""
    page.get_by_role("button", name=re.compile(r"^Import [\d,]+")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(re.compile("^Import "))
    question = page.get_by_role("button", name=re.compile("^Import [0-9]+ customers?$"))
    if question.count():
        question.focus()
        page.keyboard.press("Enter")
    expect(page.locator(".big")).to_contain_text(f"{chosen} chosen")


@pytest.mark.full
def test_182_customers_are_settled_from_the_keyboard_alone(people: Opener, demo: Demo) -> None:
    page = people.open("ada", f"{REVIEW}?show=maybe")
    expect(_rows(page)).to_have_count(8)

    _keys(page, "j")
    for key, says in (
        ("l", "You chose to link 1"),
        ("l", "You chose to link 1"),
        ("c", "You chose to create 1"),
        ("c", "You chose to create 1"),
        ("i", "You ignored 1"),
        ("l", "You chose to link 1"),
    ):
        _decide(page, key, says)
    expect(_rows(page)).to_have_count(2)
    _keys(page, "o")
    expect(page.locator("#review .compare")).to_contain_text("Are these the same customer?")
    _keys(page, "k", "x", "j", "x")
    page.get_by_role("button", name="Ignore selected").focus()
    _keys(page, "Enter")
    expect(page.get_by_role("heading", name="Nobody needs your decision")).to_be_visible()

    _chip(page, "Same 26").focus()
    _keys(page, "Enter")
    page.get_by_role("button", name="Link all 26 Same").focus()
    _keys(page, "Enter")
    expect(page.locator(".big")).to_contain_text("26 customers were chosen")

    page.goto(REVIEW)
    page.get_by_role("link", name="Select all 153").focus()
    _keys(page, "Enter")
    expect(_note(page).or_(page.locator("#review .note"))).to_contain_text("All 153 that match")
    _import_selected(page, "153 customers were")
    page.goto(f"{REVIEW}?show=unsynced")

    expect(page.get_by_role("heading", name="Nobody is missing here")).to_be_visible()
    assert demo.count("SELECT count(*) FROM remote_customer WHERE state = 'unsynced'") == 0
    assert demo.calls() <= 1, "the import checked the list before it wrote"


def test_the_comparison_opens_in_place_and_back_closes_it(people: Opener) -> None:
    page = people.open("ada", f"{REVIEW}?show=maybe")
    name = _rows(page).nth(1).locator("th a")

    name.click()
    expect(page.locator("#review .compare")).to_be_visible()
    expect(page).to_have_url(re.compile("compare="))
    expect(name).to_be_focused()
    address = page.url
    page.go_back()
    expect(page.locator("#review .compare")).to_have_count(0)
    page.goto(address)

    expect(page.locator("#review .compare")).to_contain_text("2 of 8 · next Maybe")


def test_the_keys_go_on_at_the_next_maybe(people: Opener) -> None:
    page = people.open("ada", f"{REVIEW}?show=maybe")
    names = _rows(page).locator("th a")
    names.first.click()

    follow(page, "next Maybe")

    expect(names.nth(1)).to_have_attribute("aria-expanded", "true")
    expect(names.nth(1)).to_be_focused()


def test_deciding_in_the_comparison_goes_on_to_the_next_maybe(people: Opener) -> None:
    page = people.open("ada", f"{REVIEW}?show=maybe")
    _rows(page).first.locator("th a").click()

    press(page, "Link these two")
    expect(_note(page)).to_contain_text("You chose to link 1 customer")
    expect(page.locator("#review .compare")).to_contain_text("1 of 7 · next Maybe")
    press(page, "Not the same")
    expect(_note(page)).to_contain_text("they are not the same")
    press(page, "Take back")
    expect(_note(page)).to_contain_text("They are compared again.")

    expect(_chip(page, "Maybe 7")).to_be_visible()


def test_ticks_stay_while_something_else_is_decided(people: Opener) -> None:
    page = people.open("ada", REVIEW)
    boxes = page.locator("#review tbody[id] input[type=checkbox]")
    boxes.nth(1).check()
    boxes.nth(3).check()

    _rows(page).nth(0).get_by_role("button", name="Ignore").click()
    expect(_note(page)).to_contain_text("You ignored 1 customer.")

    expect(page.get_by_role("button", name="Import 2 selected")).to_be_visible()
    expect(boxes.nth(0)).to_be_checked()
    expect(boxes.nth(2)).to_be_checked()


def test_keys_are_letters_while_somebody_types(people: Opener) -> None:
    page = people.open("ada", f"{REVIEW}?show=maybe")
    _keys(page, "j", "/")

    page.keyboard.type("jxlic")

    expect(page.locator("#find-text")).to_have_value("jxlic")
    expect(_chip(page, "Maybe 8")).to_be_visible()
    expect(page.get_by_role("heading", name="No Maybe customer matches “jxlic”")).to_be_visible()


def test_without_scripts_it_is_searched_ordered_compared_and_decided(people: Opener) -> None:
    page = people.open("ada", f"{REVIEW}?show=maybe", java_script_enabled=False)

    page.get_by_label("Sort by").select_option(label="Name")
    press(page, "Show")
    expect(page).to_have_url(re.compile("show=maybe.*sort=name"))
    _rows(page).first.locator("th a").click()
    expect(page.locator("#review .compare")).to_be_visible()
    press(page, "Link these two")
    expect(_note(page)).to_contain_text("You chose to link 1 customer")
    follow(page, "Select all 7")
    press(page, "Ignore all")

    expect(_note(page)).to_contain_text("You ignored 7 customers. Restore these 7")


@pytest.mark.parametrize("path", ["?show=maybe", "?selected=matching", "?show=ignored"])
def test_on_a_telephone_the_filters_are_one_line(people: Opener, path: str) -> None:
    page = people.open("ada", f"{REVIEW}{path}", viewport={"width": 390, "height": 844})

    assert page.locator("#review .chips a").evaluate_all(ONE_LINE)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
