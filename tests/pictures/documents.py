"""Which pictures the documents show: from which place, how large a window, and who looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.people import QUICKBOOKS, Opener, follow, follow_to, press
from tests.browser.places import PLACES, Place
from tests.pictures.mails import MAILS
from tests.system.demo import Demo, wait_until

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"


@dataclass(frozen=True, slots=True)
class DocumentPicture:
    """The upper part of a page, in light colours, as a window of this size shows it."""

    place: Place
    height: int
    width: int = 1100


def _page(path: str) -> Callable[..., Page]:
    def go(people: Opener, _demo: Demo, **options: Any) -> Page:
        return people.open("ada", path, **options)

    return go


def _yesterday(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/reports", **options)
    follow(page, "See yesterday")
    return page


def _imported(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", f"{QUICKBOOKS}/review?selected=matching", **options)
    press(page, "Import 174")
    press(page, "Import 174 customers")
    expect(page.locator("h1")).to_contain_text("Finished", timeout=30_000)
    return page


def _undo_question(people: Opener, demo: Demo, **options: Any) -> Page:
    return follow_to(_imported(people, demo, **options), "Undo this import", "Undo import")


def _invited(people: Opener, demo: Demo, **options: Any) -> Page:
    demo.control("DELETE", "outbox")
    page = people.open("ada", "/settings/team", **options)
    page.get_by_label("E-mail of whom to invite").fill("kim@example.com")
    press(page, "Send invitation")
    wait_until(lambda: bool(demo.control("GET", "outbox")["mails"]), "the invitation is mailed")
    page.goto("/settings/team")
    expect(page.locator("tr", has_text="kim@example.com")).to_contain_text("invited")
    return page


PICTURES: Mapping[str, DocumentPicture] = {
    "connect": DocumentPicture(PLACES["not connected"], 400),
    "opened-banner": DocumentPicture(PLACES["counted"], 724),
    "review": DocumentPicture(PLACES["compared"], 1010),
    "import-running": DocumentPicture(PLACES["import runs"], 390),
    "import-receipt": DocumentPicture(_imported, 800),
    "undo": DocumentPicture(_undo_question, 400),
    "report-settings": DocumentPicture(_page("/settings/reports"), 870),
    "report-day": DocumentPicture(_yesterday, 760),
    "daily-report": DocumentPicture(MAILS["mail signup report"], 1210, width=720),
    "team": DocumentPicture(_invited, 530),
    "without-e-mail": DocumentPicture(_page("/customers/without-email"), 480),
}
