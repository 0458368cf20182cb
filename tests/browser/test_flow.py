"""Going back, reloading, arriving by a link, two tabs: people are where they think they are."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import QUICKBOOKS, Opener, follow, press
from tests.system.demo import Demo
from tests.system.prepared import PASSWORD

pytestmark = pytest.mark.full
REVIEW = f"{QUICKBOOKS}/review"
FOCUSED_ROW = "document.activeElement.closest('tbody[id]')?.id"


def _rows(page: Page) -> Locator:
    return page.locator("#review tbody[id]")


def _top(row: Locator) -> float:
    """Return how far the row is from the upper edge of the window."""
    return float(row.evaluate("row => row.getBoundingClientRect().top"))


@pytest.mark.parametrize(
    "path",
    [f"{REVIEW}?show=maybe&sort=name", "/reports?days=90", "/settings/audit?kind=imports"],
)
def test_a_link_leads_through_sign_in_to_its_page(people: Opener, path: str) -> None:
    page = people.open(None, path)

    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")

    expect(page).to_have_url(people.url + path)


def test_a_search_among_customers_is_there_after_going_back(people: Opener) -> None:
    page = people.open("ada", "/customers?show=linked")
    page.get_by_role("searchbox").fill("harlow")
    expect(page).to_have_url(re.compile(r"/customers\?show=linked&q=harlow$"))
    names = page.locator("#found th a").all_inner_texts()
    page.locator("#found th a").first.click()
    expect(page.locator("h1")).to_contain_text("Harlow")

    page.go_back()

    expect(page.get_by_role("searchbox")).to_have_value("harlow")
    assert page.locator("#found th a").all_inner_texts() == names


def test_a_decision_in_the_middle_of_the_list_moves_nothing(people: Opener) -> None:
    page = people.open("ada", REVIEW)
    following = _rows(page).nth(26)
    row = following.get_attribute("id")
    _rows(page).nth(25).get_by_role("button", name="Ignore").scroll_into_view_if_needed()
    place = _top(_rows(page).nth(25))

    _rows(page).nth(25).get_by_role("button", name="Ignore").click()
    expect(page.locator("#review > .note")).to_contain_text("You ignored 1 customer.")

    assert page.evaluate(FOCUSED_ROW) == row
    assert abs(_top(page.locator(f"#{row}")) - place) < 80


def test_going_back_from_the_question_finds_the_filter_again(people: Opener, demo: Demo) -> None:
    page = people.open("ada", f"{REVIEW}?show=new&q=a")
    page.locator("#select-all").click()
    expect(page.locator("#select-none")).to_be_visible()
    press(page, re.compile(r"^Import \d+"))
    expect(page.locator("h1")).to_contain_text("Import ")

    page.go_back()

    expect(page).to_have_url(re.compile(r"show=new.*q=a|q=a.*show=new"))
    assert demo.count("SELECT count(*) FROM import_run") == 31


def test_neither_reloading_nor_going_back_imports_twice(people: Opener, demo: Demo) -> None:
    page = people.open("ada", f"{REVIEW}?show=new")
    _rows(page).first.locator("input[type=checkbox]").check()
    press(page, "Import 1 selected")
    expect(page.locator("h1")).to_have_text("Import 32 Finished")
    runs = demo.count("SELECT count(*) FROM import_run")

    page.reload()
    expect(page.locator("h1")).to_have_text("Import 32 Finished")
    page.go_back()
    expect(page.get_by_role("link", name=re.compile(r"^New 15\d"))).to_be_visible()
    page.go_forward()
    expect(page.locator("h1")).to_have_text("Import 32 Finished")

    assert demo.count("SELECT count(*) FROM import_run") == runs


def test_reloading_repeats_no_decision(people: Opener, demo: Demo) -> None:
    page = people.open("ada", REVIEW, java_script_enabled=False)
    press(page, re.compile("^Ignore .+"))
    expect(page.locator("#review")).to_contain_text("You ignored 1 customer.")

    page.reload()

    expect(_rows(page)).to_have_count(50)
    expect(page.locator("#review")).not_to_contain_text("You ignored")
    assert demo.count("SELECT count(*) FROM remote_customer WHERE state = 'ignored'") == 5


def test_the_second_tab_is_told_what_the_first_has_decided(people: Opener) -> None:
    browser = people.browser("ada")
    first, second = browser.new_page(), browser.new_page()
    for page in (first, second):
        page.goto(f"{REVIEW}?show=maybe")
        expect(_rows(page)).to_have_count(8)

    _rows(first).first.get_by_role("button", name=re.compile("^Ignore")).click()
    expect(_rows(first)).to_have_count(7)
    _rows(second).first.get_by_role("button", name=re.compile("^Create anyway")).click()

    expect(second.locator("#review > .note")).to_contain_text("lready")
    expect(_rows(second)).to_have_count(7)


def test_a_day_of_the_report_is_left_by_going_back(people: Opener) -> None:
    page = people.open("ada", "/reports?days=90")
    follow(page, "See yesterday")
    heading = page.locator("h1").inner_text()
    page.locator("nav[aria-label=Days] a").first.click()
    expect(page.locator("h1")).not_to_have_text(heading)

    page.go_back()
    expect(page.locator("h1")).to_have_text(heading)
    page.go_back()

    expect(page).to_have_url(re.compile(r"/reports\?days=90$"))
