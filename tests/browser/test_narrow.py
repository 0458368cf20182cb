"""On a telephone no page has to be moved sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.people import Opener
from tests.browser.places import PLACES
from tests.system.demo import Demo

TELEPHONE = {"width": 390, "height": 844}
MAIN_PLACES = ("integrations", "counted", "failed", "list")
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 120))"""


def _has_room(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("place", MAIN_PLACES)
def test_the_main_pages_fit_a_telephone(people: Opener, demo: Demo, place: str) -> None:
    page = PLACES[place](people, demo, viewport=TELEPHONE)

    assert _has_room(page), page.evaluate(TOO_WIDE)


@pytest.mark.full
@pytest.mark.parametrize("place", PLACES)
def test_every_place_fits_every_window(people: Opener, demo: Demo, place: str) -> None:
    page = PLACES[place](people, demo)
    too_wide = {}

    for width in (320, 390, 600, 768, 1024):
        page.set_viewport_size({"width": width, "height": 844})
        if not _has_room(page):
            too_wide[width] = page.evaluate(TOO_WIDE)

    assert too_wide == {}


@pytest.mark.full
@pytest.mark.parametrize("place", ["list", "customers", "both sides", "audit"])
def test_a_page_opens_at_its_top(people: Opener, demo: Demo, place: str) -> None:
    for width in (390, 768, 1280):
        page = PLACES[place](people, demo, viewport={"width": width, "height": 480})

        assert page.evaluate("window.scrollY") == 0
