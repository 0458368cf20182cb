"""The daily report, for the tests that look at every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.going import REFUSED, Place, straight_to
from tests.browser.people import Opener, follow, press
from tests.system.demo import Demo

# One report that failed for ada, of the last day that is over in New York.
FAILED = """
INSERT INTO report_delivery (public_id, company_id, recipient_id, kind, first_day_on, day_on,
  window_start_at, window_end_at, message_id, state, attempts, handover_count, next_attempt_at,
  answer_text, due_at, ended_at)
SELECT '00000000000000ff', company_id, id, 'daily', date('now', '-2 days'), date('now', '-2 days'),
  datetime('now', '-3 days'), datetime('now', '-2 days'), '<failed@example.com>', 'failed', 26, 0,
  datetime('now', '-1 day'), 'The mail server did not answer.', datetime('now', '-1 day'),
  datetime('now', '-1 hour')
FROM report_recipient WHERE address = 'ada@example.com'"""


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
    with demo.database() as database:
        database.execute(FAILED)
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
