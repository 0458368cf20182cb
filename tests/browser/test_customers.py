"""Life after an import: addresses typed in place, and what the books say taken over."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import Opener, press
from tests.browser.places import PLACES
from tests.system.demo import Demo

DROPPED_BUTTONS = """[...document.querySelectorAll("td.mail form")].filter((form) => {
  const [field, button] = ["[type=email]", "button"].map((each) =>
    form.querySelector(each).getBoundingClientRect());
  return button.top >= field.bottom;
}).length"""


def _active(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_addresses_are_typed_one_after_the_other(people: Opener) -> None:
    page = people.open("mel", "/customers/without-email")
    count = int(page.locator("#count-no-email").inner_text())
    field = page.get_by_label("E-mail of").first
    name = (field.get_attribute("aria-label") or "").removeprefix("E-mail of ")

    # As an extension of a browser leaves it; the rules of the page forbid to copy it over.
    field.evaluate("field => { field.style.color = 'red'; field.style.color = '' }")
    field.fill("marguerite@")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The part after @ is missing.")
    assert _active(page).startswith("type-")
    field.fill("marguerite@example.com")
    field.press("Enter")

    saved = page.locator("tr", has_text=name).first
    expect(saved).to_contain_text("Saved marguerite@example.com")
    expect(page.locator("#count-no-email")).to_have_text(str(count - 1))
    expect(page.locator("#still-without")).to_contain_text(f"{count - 1} customers")
    assert _active(page).startswith("email-")


@pytest.mark.parametrize("width", [800, 1280])
def test_a_refused_address_leaves_every_row_in_one_line(people: Opener, width: int) -> None:
    page = people.open("mel", "/customers/without-email", viewport={"width": width, "height": 900})
    field = page.get_by_label("E-mail of").first

    before = page.evaluate(DROPPED_BUTTONS)
    field.fill("marguerite@")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()

    assert (before, page.evaluate(DROPPED_BUTTONS)) == (0, 0)


def test_what_the_books_say_is_taken_over_and_told(people: Opener, demo: Demo) -> None:
    page = PLACES["one customer"](people, demo)

    page.get_by_role("button", name=re.compile("^Take theirs: Phone")).click()
    expect(page.get_by_role("status")).to_have_text("Taken over from QuickBooks: phone.")
    expect(page.locator(".plain")).to_contain_text("Phone taken over from QuickBooks by Ada Brandt")
    press(page, re.compile("^Take theirs: Name"))

    expect(page.locator("h1")).not_to_have_text("Somebody Else")
    expect(page.get_by_role("button", name="Take theirs")).to_have_count(0)
    page.goto("/settings/audit")
    expect(page.locator("tbody tr").first).to_contain_text("Took what the accounting software says")


@pytest.mark.full
def test_a_link_ends_and_the_review_offers_it_again(people: Opener, demo: Demo) -> None:
    page = PLACES["unlink"](people, demo, java_script_enabled=False)

    press(page, "Unlink from QuickBooks")
    expect(page.get_by_role("status")).to_contain_text("is no longer linked to QuickBooks.")
    page.goto("/settings/integrations/quickbooks/review?q=harlow")

    expect(page.locator("#review")).to_contain_text("unlinked by hand")
    expect(page.get_by_role("button", name="Create anyway").first).to_be_visible()
    expect(page.get_by_role("button", name="Link", exact=False).first).to_be_visible()
    expect(page.get_by_role("button", name="Import again")).to_have_count(0)
