"""Review, imports and undo, for the tests that look at every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import delete, func, select, update

from models import (
    Bin,
    Customer,
    CustomerLink,
    ImportItem,
    ImportRun,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
    WhyUnsynced,
)
from tests.browser.going import Place, straight_to
from tests.browser.people import QUICKBOOKS, Opener, press
from tests.browser.running import hold_import
from tests.system.demo import Demo

REVIEW = f"{QUICKBOOKS}/review"
BROKEN = "something broke on our side; nothing of it was saved"


def _fail_two(demo: Demo) -> None:
    """Take two whom the latest import brought as if it had not: what is here of them goes along."""
    latest = select(func.max(ImportRun.id)).scalar_subquery()
    created = select(ImportItem.remote_id).where(
        ImportItem.run_id == latest, ImportItem.outcome == ItemOutcome.CREATED
    )
    with demo.database() as database:
        two = database.scalars(created.order_by(ImportItem.id).limit(2)).all()
        theirs = select(CustomerLink.customer_id).where(CustomerLink.remote_id.in_(two))
        changes = (
            delete(Customer).where(Customer.id.in_(theirs)),
            update(RemoteCustomer)
            .where(RemoteCustomer.remote_id.in_(two))
            .values(state=RemoteState.UNSYNCED, bin=Bin.NEW, why=WhyUnsynced.FAILED),
            update(ImportItem)
            .where(ImportItem.remote_id.in_(two))
            .values(outcome=ItemOutcome.FAILED, reason_code="broken", reason=BROKEN),
            update(ImportRun)
            .where(ImportRun.id == latest)
            .values(created_count=ImportRun.created_count - 2, failed_count=2),
        )
        for change in changes:
            database.execute(change)


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


def _compared(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", f"{QUICKBOOKS}/review?show=maybe", **options)
    page.locator("#review tbody[id] th a").first.click()
    expect(page.locator("#review .compare")).to_be_visible()
    return page


def _paused(people: Opener, demo: Demo, **options: Any) -> Page:
    demo.fault("status", status=503)
    page = people.open("ada", REVIEW, **options)
    page.locator("#review tbody[id] input[type=checkbox]").first.check()
    press(page, "Import 1 selected")
    expect(page.locator("h1")).to_contain_text("Paused")
    return page


def _partly_failed(people: Opener, demo: Demo, **options: Any) -> Page:
    _fail_two(demo)
    page = people.open("ada", f"{QUICKBOOKS}/imports", **options)
    page.get_by_role("link", name="Import 31", exact=True).click()
    expect(page.locator("main")).to_contain_text("Something broke on our side")
    return page


IMPORT_PAGES: Mapping[str, Place] = {
    "list": straight_to("ada", REVIEW),
    "same": straight_to("ada", f"{REVIEW}?show=same"),
    "compared": _compared,
    "all selected": straight_to("ada", f"{REVIEW}?selected=matching"),
    "ordered by name": straight_to("ada", f"{REVIEW}?show=maybe&sort=name"),
    "nobody found": straight_to("ada", f"{REVIEW}?show=same&q=nobody"),
    "ignored": straight_to("ada", f"{REVIEW}?show=ignored"),
    "archived": straight_to("ada", f"{REVIEW}?show=archived"),
    "import all": straight_to("ada", f"{QUICKBOOKS}/imports/new"),
    "import runs": _import_runs,
    "import paused": _paused,
    "import partly failed": _partly_failed,
    "undo": _undo_asked,
    "undone": _undone,
    "receipt": _receipt,
    "import history": straight_to("ada", f"{QUICKBOOKS}/imports"),
    "no import history": straight_to("zoe", f"{QUICKBOOKS}/imports"),
    "both sides": straight_to("ada", f"{QUICKBOOKS}/gap"),
    "linked": straight_to("ada", f"{QUICKBOOKS}/gap?show=linked"),
}
