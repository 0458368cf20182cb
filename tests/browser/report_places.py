"""The daily report, for the tests that look at every page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import DeliveryState, ReportDelivery, ReportRecipient
from services.runtime import utc_now
from tests.browser.going import REFUSED, Place, straight_to
from tests.browser.people import Opener, follow, press
from tests.system.demo import Demo

# Of the last day that is over in New York.
FAILED_DAY = timedelta(days=2)


def fail_report(demo: Demo) -> None:
    """Let one report have failed for ada."""
    now = utc_now()
    with demo.database() as database, Session(database) as session:
        is_ada = ReportRecipient.address == "ada@example.com"
        ada = session.scalars(select(ReportRecipient).where(is_ada)).one()
        failed = ReportDelivery(
            company_id=ada.company_id,
            recipient_id=ada.id,
            first_day_on=(now - FAILED_DAY).date(),
            day_on=(now - FAILED_DAY).date(),
            window_start_at=now - timedelta(days=3),
            window_end_at=now - FAILED_DAY,
            message_id="<failed@example.com>",
            state=DeliveryState.FAILED,
            attempts=26,
            next_attempt_at=now - timedelta(days=1),
            answer_text="The mail server did not answer.",
            due_at=now - timedelta(days=1),
            ended_at=now - timedelta(hours=1),
        )
        session.add(failed)
        session.commit()


def _wrong_report_settings(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/settings/reports", **options)
    people.watch.forgive(REFUSED)
    page.locator("[name=zone]").fill("Mars/Base")
    page.locator("[name=recipients]").fill("nobody")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def _report_mail(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/reports", **options)
    follow(page, "See yesterday")
    follow(page, "See the mail")
    expect(page.locator("pre")).to_contain_text("new customer")
    return page


def _not_delivered(people: Opener, demo: Demo, **options: Any) -> Page:
    fail_report(demo)
    page = people.open("ada", "/reports", **options)
    expect(page.locator("#report-strip")).to_contain_text("The mail server did not answer.")
    return page


def _report_day(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open("ada", "/reports", **options)
    follow(page, "See yesterday")
    expect(page.locator("main")).to_contain_text("Listed in the mail")
    return page


REPORT_PAGES: Mapping[str, Place] = {
    "reports": straight_to("mel", "/reports"),
    "ninety days": straight_to("ada", "/reports?days=90"),
    "no reports": straight_to("zoe", "/reports"),
    "report not delivered": _not_delivered,
    "report day": _report_day,
    "report mail": _report_mail,
    "report settings": _wrong_report_settings,
}
